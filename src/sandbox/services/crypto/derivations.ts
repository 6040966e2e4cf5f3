/** Keys from passwords and from other keys. What they cost is the caller's choice, within limits. */
import * as crypto from 'node:crypto';
import { promisify } from 'node:util';
import { limits } from '../../../model/limits.ts';
import { assertOutput } from './digests.ts';
import type { Input } from './input.ts';
import { CryptoLimitExceeded } from './mistake.ts';
import type { Cost, CryptoOperation } from './operation.ts';

const KiB = 1024;

export const pbkdf2: CryptoOperation = {
  cost(input) {
    const length = input.whole('length');
    assertOutput(length);
    const algorithm = input.text('algorithm');
    // Each block of the result is a digest long and costs all iterations.
    const blocks = Math.max(1, Math.ceil(length / digestBytes(algorithm)));
    const weight = lightDigests.test(algorithm) ? 1 : heavyDigestWeight;
    // The first of them also hashes the salt, which may be longer than all else.
    const saltIterations = Math.floor(input.bytes('salt').byteLength / iterationBytes);
    const iterations = (input.whole('iterations') + saltIterations) * blocks * weight;
    if (iterations > limits.cryptoIterationsMax) {
      const forBlocks = blocks === 1 ? '' : `, times ${blocks} blocks of the key`;
      const forDigest = weight === 1 ? '' : `, times ${weight} for this digest`;
      const what = `pbkdf2 iterations${forBlocks}${forDigest}`;
      throw new CryptoLimitExceeded(what, iterations, 'cryptoIterationsMax', limits.cryptoIterationsMax);
    }
    return { isLong: iterations > limits.cryptoIterationsAtOnceMax, memoryBytes: length };
  },
  now: (input) => ({ parts: [crypto.pbkdf2Sync(...pbkdf2Arguments(input))] }),
  later: async (input) => ({ parts: [await promisify(crypto.pbkdf2)(...pbkdf2Arguments(input))] }),
};

/** What an iteration of 0.2 to 0.4 microseconds is made with. One of SHA-384, SHA-512 and SHA-3 takes two or three times as long (2 cores, 2026-11). */
const lightDigests = /^(rsa-)?(md5|sha-?1|sha-?224|sha-?256)$/i;
const heavyDigestWeight = 2;
/** What one hashes, at least: two blocks of the digest. */
const iterationBytes = 128;

function digestBytes(algorithm: string): number {
  try {
    return crypto.createHash(algorithm).digest().byteLength;
  } catch {
    // OpenSSL does not know it, and Node says so when it comes to that. Until then the shortest that HMAC is used with, MD5's.
    return 16;
  }
}

function pbkdf2Arguments(input: Input): [Uint8Array, Uint8Array, number, number, string] {
  return [
    input.bytes('password'),
    input.bytes('salt'),
    input.whole('iterations'),
    input.whole('length'),
    input.text('algorithm'),
  ];
}

export const scrypt: CryptoOperation = {
  cost(input) {
    const length = input.whole('length');
    assertOutput(length);
    const { N, r, p } = scryptOptions(input);
    const memoryBytes = 128 * r * (N + p);
    // Before and after its own work there is PBKDF2: for each block of what it makes the salt is hashed, and for each of the result all of that.
    const mixedBytes = 128 * r * p;
    const saltBytes = digestBlocks(mixedBytes) * input.bytes('salt').byteLength;
    return derivationCost(
      'scrypt',
      memoryBytes,
      N * mixedBytes + saltBytes + digestBlocks(length) * mixedBytes,
      length,
    );
  },
  now: (input) => ({
    parts: [
      crypto.scryptSync(input.bytes('password'), input.bytes('salt'), input.whole('length'), scryptOptions(input)),
    ],
  }),
  later: (input) =>
    new Promise((resolve, reject) => {
      crypto.scrypt(
        input.bytes('password'),
        input.bytes('salt'),
        input.whole('length'),
        scryptOptions(input),
        (error, key) => (error === null ? resolve({ parts: [key] }) : reject(error)),
      );
    }),
};

/** Of SHA-256. */
function digestBlocks(byteCount: number): number {
  return Math.ceil(byteCount / 32);
}

function scryptOptions(input: Input): { N: number; r: number; p: number; maxmem: number } {
  return { N: input.whole('N'), r: input.whole('r'), p: input.whole('p'), maxmem: input.whole('maxmem') };
}

/** `bytesTouched`: memory times passes, which is what these functions take time for. */
function derivationCost(what: string, memoryBytes: number, bytesTouched: number, length: number): Cost {
  if (memoryBytes > limits.cryptoMemoryBytesMax) {
    const { cryptoMemoryBytesMax } = limits;
    throw new CryptoLimitExceeded(
      `bytes of memory for ${what}`,
      memoryBytes,
      'cryptoMemoryBytesMax',
      cryptoMemoryBytesMax,
    );
  }
  if (bytesTouched > limits.cryptoDerivationBytesMax) {
    const { cryptoDerivationBytesMax } = limits;
    throw new CryptoLimitExceeded(
      `bytes that ${what} works through`,
      bytesTouched,
      'cryptoDerivationBytesMax',
      cryptoDerivationBytesMax,
    );
  }
  return { isLong: bytesTouched > limits.cryptoDerivationBytesAtOnceMax, memoryBytes: memoryBytes + length };
}

export const hkdf: CryptoOperation = {
  now(input) {
    assertOutput(input.whole('length'));
    return { parts: [crypto.hkdfSync(...hkdfArguments(input))] };
  },
};

function hkdfArguments(input: Input): [string, Uint8Array, Uint8Array, Uint8Array, number] {
  return [input.text('algorithm'), input.bytes('key'), input.bytes('salt'), input.bytes('info'), input.whole('length')];
}

const argon2Types = ['argon2d', 'argon2i', 'argon2id'] as const;

export const argon2: CryptoOperation = {
  cost(input) {
    const length = input.whole('length');
    assertOutput(length);
    const memoryBytes = input.whole('memory') * KiB;
    return derivationCost('argon2', memoryBytes, memoryBytes * input.whole('passes') * argon2Weight, length);
  },
  now: (input) => ({ parts: [crypto.argon2Sync(input.choice('type', argon2Types), argon2Parameters(input))] }),
  later: (input) =>
    new Promise((resolve, reject) => {
      crypto.argon2(input.choice('type', argon2Types), argon2Parameters(input), (error, key) =>
        error === null ? resolve({ parts: [key] }) : reject(error),
      );
    }),
};

/** Against scrypt, which takes about half as long for a byte (2 cores, 2026-11). */
const argon2Weight = 2;

function argon2Parameters(input: Input): crypto.Argon2Parameters {
  const secret = input.optionalBytes('secret');
  const associatedData = input.optionalBytes('associatedData');
  return {
    message: input.bytes('message'),
    nonce: input.bytes('nonce'),
    parallelism: input.whole('parallelism'),
    tagLength: input.whole('length'),
    memory: input.whole('memory'),
    passes: input.whole('passes'),
    ...(secret === undefined ? {} : { secret }),
    ...(associatedData === undefined ? {} : { associatedData }),
  };
}
