/** Digests that are asked for now and then, computed in the guest as those of `crypto-digests`. */
import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256 } from '@noble/hashes/sha3.js';
import type { GuestDigest } from './crypto/guest-digest.ts';

/** Output lengths when none is asked for are Node's, not the library's. */
export const digests: Readonly<Record<string, GuestDigest | undefined>> = {
  // @ts-expect-error a null prototype
  __proto__: null,
  ripemd160,
  'sha3-224': sha3_224,
  'sha3-256': sha3_256,
  'sha3-384': sha3_384,
  'sha3-512': sha3_512,
  shake128: withLength(shake128, 16),
  shake256: withLength(shake256, 32),
  blake2b512: blake2b,
  blake2s256: blake2s,
};

function withLength(
  digest: { (message: Uint8Array, options: { dkLen: number }): Uint8Array; readonly blockLen: number },
  byteCount: number,
): GuestDigest {
  return Object.assign(
    (message: Uint8Array, options?: { dkLen?: number }) => digest(message, { dkLen: options?.dkLen ?? byteCount }),
    { blockLen: digest.blockLen },
  );
}
