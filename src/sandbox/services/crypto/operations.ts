/** The operations by their number, as `bridge/crypto.ts` lists them. */
import { cryptoOperations as numbers } from '../../../bridge/crypto.ts';
import { agree, decapsulate, dh, ecdh, encapsulate } from './agreements.ts';
import { certificate, certificateCheck, spkac } from './certificates.ts';
import { cipher, cipherInfo, openCipher, rsa } from './ciphers.ts';
import { argon2, hkdf, pbkdf2, scrypt } from './derivations.ts';
import { digestInfo, openDigest } from './digests.ts';
import type { Input } from './input.ts';
import { keyPair } from './key-pairs.ts';
import { keyCheck, keyExport, keyImport } from './keys.ts';
import type { CryptoOperation, CryptoState } from './operation.ts';
import { prime, primeCheck } from './primes.ts';
import { openSignature, sign, verify } from './signatures.ts';
import type { CryptoStream } from './streams.ts';

const streamOpen: CryptoOperation = {
  now: (input, state) => ({ head: { id: state.streams.add(openStream(input, state)) } }),
};

/** What is fed in pieces, by its kind. */
function openStream(input: Input, state: CryptoState): CryptoStream {
  switch (input.text('kind')) {
    case 'sign':
    case 'verify':
      return openSignature(input, state);
    case 'cipher':
      return openCipher(input);
    default:
      return openDigest(input);
  }
}

const streamWhole: CryptoOperation = {
  now(input, state) {
    const stream = openStream(input, state);
    stream.update(input.bytes('data'));
    return stream.finish(input);
  },
};

const streamCopy: CryptoOperation = {
  now(input, { streams }) {
    const copy = streams.find(input.whole('id')).copy?.(input);
    return copy === undefined ? {} : { head: { id: streams.add(copy) } };
  },
};

const streamFinish: CryptoOperation = {
  now(input, { streams }) {
    const id = input.whole('id');
    const output = streams.find(id).finish(input);
    // One that failed may be finished again, with a key that the service had forgotten.
    streams.remove(id);
    return output;
  },
};

const cipherSet: CryptoOperation = {
  now: (input, { streams }) => streams.find(input.whole('id')).set?.(input) ?? {},
};

export const operations: ReadonlyMap<number, CryptoOperation> = new Map([
  [numbers.streamWhole, streamWhole],
  [numbers.streamOpen, streamOpen],
  [numbers.streamCopy, streamCopy],
  [numbers.streamFinish, streamFinish],
  [numbers.digestInfo, digestInfo],
  [numbers.pbkdf2, pbkdf2],
  [numbers.scrypt, scrypt],
  [numbers.hkdf, hkdf],
  [numbers.argon2, argon2],
  [numbers.keyImport, keyImport],
  [numbers.keyExport, keyExport],
  [numbers.keyCheck, keyCheck],
  [numbers.keyPair, keyPair],
  [numbers.sign, sign],
  [numbers.verify, verify],
  [numbers.agree, agree],
  [numbers.encapsulate, encapsulate],
  [numbers.decapsulate, decapsulate],
  [numbers.ecdh, ecdh],
  [numbers.dh, dh],
  [numbers.rsa, rsa],
  [numbers.cipherInfo, cipherInfo],
  [numbers.cipher, cipher],
  [numbers.cipherSet, cipherSet],
  [numbers.certificate, certificate],
  [numbers.certificateCheck, certificateCheck],
  [numbers.spkac, spkac],
  [numbers.prime, prime],
  [numbers.primeCheck, primeCheck],
]);
