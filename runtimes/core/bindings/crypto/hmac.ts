/** HMAC (RFC 2104) over a digest of the guest: two calls of it, which is all that there is to save for a small message. */
import type { Bytes } from '../encodings.ts';
import type { GuestDigest } from './guest-digest.ts';

const { TypedArrayPrototypeGetLength, TypedArrayPrototypeSet, Uint8Array } = primordials;

export function guestHmac(digest: GuestDigest, key: Bytes, message: Bytes): Bytes {
  const { blockLen } = digest;
  const block = TypedArrayPrototypeGetLength(key) > blockLen ? digest(key) : key;
  return digest(padded(block, blockLen, 0x5c, digest(padded(block, blockLen, 0x36, message))));
}

/** The key, filled up and mixed with `pad`, and what is to be digested behind it. */
function padded(key: Bytes, blockLen: number, pad: number, message: Bytes): Bytes {
  const keyLength = TypedArrayPrototypeGetLength(key);
  const bytes = new Uint8Array(blockLen + TypedArrayPrototypeGetLength(message));
  for (let at = 0; at < blockLen; at++) bytes[at] = at < keyLength ? (key[at] ?? 0) ^ pad : pad;
  TypedArrayPrototypeSet(bytes, message, blockLen);
  return bytes;
}
