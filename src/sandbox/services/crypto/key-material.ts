/**
 * What a key costs OpenSSL while it only reads it. Whoever made the key chose that: how often its passphrase is hashed, and how long its
 * numbers are, since the public part of a DSA or Diffie-Hellman key is computed from the private one. One of 64 KB takes an hour, nothing
 * interrupts it, and it happens on the main thread; so keys are looked through before OpenSSL sees them.
 *
 * Keys are DER, or PEM around that. Of what this cannot read, and OpenSSL perhaps can, it takes the worst for granted.
 */
import { limits } from '../../../model/limits.ts';
import { derTags, element, type PemBlock, pemBlocks } from './encoded-keys.ts';
import { assertDerivation } from './encrypted-keys.ts';
import { CryptoLimitExceeded } from './mistake.ts';

/** @throws CryptoLimitExceeded */
export function assertKeyMaterial(material: Uint8Array, passphrase: 'with-passphrase' | 'plain'): void {
  const given = Buffer.from(material.buffer, material.byteOffset, material.byteLength);
  const blocks = pemBlocks(given.toString('latin1'));
  if (passphrase === 'with-passphrase') {
    assertDerivation(given, blocks);
    if (blocks.length === 0) assertEncryptedSize(given.byteLength);
    for (const block of blocks) assertEncryptedBlock(block);
  }
  assertNumbers(given);
  for (const { body } of blocks) for (const der of decodings(body)) assertNumbers(der);
}

/**
 * A PKCS #12 file: how often its passphrase is hashed, as far as that is not encrypted itself. What is stays hidden: a guest that goes
 * to such lengths is ended with its process, at its deadline.
 *
 * @throws CryptoLimitExceeded
 */
export function assertContainer(der: Buffer): void {
  assertDerivation(der, pemBlocks(der.toString('latin1')));
  const { content, length } = element(der, 0);
  const end = Math.min(der.byteLength, content + length);
  // The last of its elements ends with the count for its checksum.
  for (let bytes = 1; bytes <= integerBytesMax; bytes++) {
    const at = end - bytes - 2;
    if (der[at] !== derTags.integer || der[at + 1] !== bytes) continue;
    const count = der.readUIntBE(at + 2, bytes);
    if (count <= limits.cryptoIterationsMax) continue;
    const what = 'iterations of a PKCS #12 file';
    throw new CryptoLimitExceeded(what, count, 'cryptoIterationsMax', limits.cryptoIterationsMax);
  }
}

/** Heads before the base64 would shift what a decoder makes of it, so it is decoded from each of four positions. */
function decodings(body: string): Buffer[] {
  const digits = body.replace(/[^A-Za-z0-9+/]/g, '');
  return [0, 1, 2, 3].map((from) => Buffer.from(digits.slice(from), 'base64'));
}

/** Formats that say in their head how they are encrypted, and contain nothing that is encrypted again. */
const traditionalLabels = /^(RSA|EC|DSA) PRIVATE KEY$/;

function assertEncryptedBlock({ label, body }: PemBlock): void {
  if (!label.includes('PRIVATE KEY')) return;
  assertEncryptedSize((body.length * 3) / 4);
  if (body.includes(':') && !traditionalLabels.test(label)) {
    const what = `iterations of a key that is encrypted twice (${label} with a head)`;
    throw new CryptoLimitExceeded(what, Number.POSITIVE_INFINITY, 'cryptoIterationsMax', limits.cryptoIterationsMax);
  }
}

/** The numbers in it cannot be looked at, so it is as short as keys of the allowed lengths are. */
function assertEncryptedSize(bytes: number): void {
  const { cryptoEncryptedKeyBytesMax } = limits;
  if (bytes <= cryptoEncryptedKeyBytesMax) return;
  const what = 'bytes of an encrypted key';
  throw new CryptoLimitExceeded(what, Math.ceil(bytes), 'cryptoEncryptedKeyBytesMax', cryptoEncryptedKeyBytesMax);
}

/** Object identifiers of DSA and of Diffie-Hellman after PKCS #3 and X9.42. */
const discrete = ['2a8648ce380401', '2a864886f70d010301', '2a8648ce3e0201'].map((hex) => Buffer.from(hex, 'hex'));

function assertNumbers(der: Buffer): void {
  if (!discrete.some((identifier) => der.includes(identifier))) return;
  const bits = longestNumber(der, 0, der.byteLength, 0);
  const { cryptoModulusBitsMax } = limits;
  if (bits <= cryptoModulusBitsMax) return;
  throw new CryptoLimitExceeded('bits of a number in a key', bits, 'cryptoModulusBitsMax', cryptoModulusBitsMax);
}

/** OpenSSL counts with 32 bits, before which there may be a zero. */
const integerBytesMax = 5;

/** A key has four or five levels. */
const depthMax = 16;

/** Bits of the longest integer; infinitely many where the bytes are not DER. */
function longestNumber(der: Buffer, from: number, end: number, depth: number): number {
  let longest = 0;
  for (let at = from; at < end && depth <= depthMax; ) {
    const { tag, content, length } = element(der, at);
    if (content + length > end) return Number.POSITIVE_INFINITY;
    longest = Math.max(longest, bitsWithin(der, tag, content, length, depth));
    at = content + length;
    // OpenSSL takes the first element, and leaves what follows it alone.
    if (depth === 0) break;
  }
  return depth > depthMax ? Number.POSITIVE_INFINITY : longest;
}

function bitsWithin(der: Buffer, tag: number, content: number, length: number, depth: number): number {
  if (tag === derTags.integer) return bitsOf(der.subarray(content, content + length));
  if ((tag & derTags.constructed) !== 0) return longestNumber(der, content, content + length, depth + 1);
  // The private number of such a key is an integer within a string of octets.
  if (tag !== derTags.octetString || der[content] !== derTags.integer) return 0;
  const inner = element(der, content);
  return inner.content + inner.length > content + length
    ? 0
    : bitsOf(der.subarray(inner.content, inner.content + inner.length));
}

function bitsOf(integer: Buffer): number {
  const first = integer.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : (integer.byteLength - first) * 8 - (Math.clz32(integer[first] ?? 0) - 24);
}
