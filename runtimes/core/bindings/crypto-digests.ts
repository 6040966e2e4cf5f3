/** The digests that most code asks for, computed in the guest: for small inputs that is quicker than a call across the bridge. */
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import type { GuestDigest } from './crypto/guest-digest.ts';

export const digests: Readonly<Record<string, GuestDigest | undefined>> = {
  // @ts-expect-error a null prototype
  __proto__: null,
  md5,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  'sha512-224': sha512_224,
  'sha512-256': sha512_256,
};
