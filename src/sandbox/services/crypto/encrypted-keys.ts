/**
 * How often an encrypted key has its passphrase hashed. Whoever made the key chose it, up to two thousand million times, and OpenSSL
 * cannot be interrupted; so it is looked up before OpenSSL sees the key.
 *
 * The algorithm's identifier is a DER object identifier of PKCS #5, of PKCS #12 or of scrypt. Behind it, perhaps after the heads of
 * sequences, come the salt (an octet string) and the count (an integer); of scrypt, the salt, N, r and p.
 */
import { limits } from '../../../model/limits.ts';
import { derTags, element, type PemBlock } from './encoded-keys.ts';
import { CryptoLimitExceeded } from './mistake.ts';

const algorithms = ['2a864886f70d0105', '2a864886f70d010c01'].map((hex) => Buffer.from(hex, 'hex'));
const scrypt = Buffer.from('2b06010401da47040b', 'hex');

/**
 * @param given DER, or the PEM that the blocks are of
 * @throws CryptoLimitExceeded
 */
export function assertDerivation(given: Buffer, blocks: readonly PemBlock[]): void {
  for (const der of [given, ...blocks.map(({ body }) => Buffer.from(body, 'base64'))]) {
    assertScrypt(der);
    for (const count of counts(der)) {
      if (count <= limits.cryptoIterationsMax) continue;
      const { cryptoIterationsMax } = limits;
      throw new CryptoLimitExceeded(
        'iterations of an encrypted key',
        count,
        'cryptoIterationsMax',
        cryptoIterationsMax,
      );
    }
  }
}

/** What it costs is the product of its three numbers: each alone may be as small as anybody's. */
function assertScrypt(der: Buffer): void {
  for (let at = der.indexOf(scrypt); at >= 0; at = der.indexOf(scrypt, at + 1)) {
    const [N = 1, r = 1, p = 1] = countsBehind(der, at);
    const bytesTouched = 128 * N * r * p;
    const { cryptoKeyDerivationBytesMax } = limits;
    if (bytesTouched <= cryptoKeyDerivationBytesMax) continue;
    const what = 'bytes that scrypt of an encrypted key works through';
    throw new CryptoLimitExceeded(what, bytesTouched, 'cryptoKeyDerivationBytesMax', cryptoKeyDerivationBytesMax);
  }
}

/** Every integer that may be a count of rounds. */
function counts(der: Buffer): number[] {
  const found: number[] = [];
  for (const algorithm of algorithms) {
    for (let at = der.indexOf(algorithm); at >= 0; at = der.indexOf(algorithm, at + 1)) {
      found.push(...countsBehind(der, at));
    }
  }
  return found;
}

/**
 * The integers that follow the first octet string behind an identifier, whose own head is two bytes before it. One that is infinite where
 * OpenSSL may find what this cannot: behind a length in more bytes than it needs, or a salt in pieces.
 */
function countsBehind(der: Buffer, identifier: number): number[] {
  let at = identifier + (der[identifier - 1] ?? 0);
  const found: number[] = [];
  for (let steps = 0; steps < stepsMax && at < der.length; steps++) {
    const { tag, content, length } = element(der, at);
    const isSequence = tag === derTags.sequence;
    if (tag === piecesOfOctets || (isFollowed(tag) && length === Number.POSITIVE_INFINITY && !isOpen(der, at))) {
      return [...found, Number.POSITIVE_INFINITY];
    }
    if (tag === derTags.integer) found.push(integer(der.subarray(content, content + length)));
    else if (!isFollowed(tag)) break;
    at = isSequence ? content : content + length;
  }
  return found;
}

const piecesOfOctets = derTags.octetString | derTags.constructed;

function isFollowed(tag: number): boolean {
  return tag === derTags.integer || tag === derTags.octetString || tag === derTags.sequence;
}

/** A sequence of no stated length: what is in it begins behind its head all the same. */
function isOpen(der: Buffer, at: number): boolean {
  return der[at] === derTags.sequence && der[at + 1] === 0x80;
}

/** Heads of sequences, a salt, and at most three integers. */
const stepsMax = 8;

function integer(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
