/** Prime numbers. */
import * as crypto from 'node:crypto';
import { limits } from '../../../model/limits.ts';
import type { Input } from './input.ts';
import { assertBits } from './key-pairs.ts';
import { optional } from './keys.ts';
import { CryptoLimitExceeded } from './mistake.ts';
import type { CryptoOperation } from './operation.ts';

/** Up to here a search takes a few milliseconds. */
const shortBitsMax = 256;

export const prime: CryptoOperation = {
  cost(input) {
    const bits = input.whole('bits');
    assertBits('bits of a prime', bits, input.flag('isSafe') ? 'cryptoSafePrimeBitsMax' : 'cryptoPrimeBitsMax');
    assertExists(input, bits);
    return { isLong: bits > shortBitsMax || input.flag('isSafe') || input.has('add'), memoryBytes: 0 };
  },
  now: (input) => ({ parts: [crypto.generatePrimeSync(input.whole('bits'), primeOptions(input))] }),
  later: (input) =>
    new Promise((resolve, reject) => {
      crypto.generatePrime(input.whole('bits'), primeOptions(input), (error, found) =>
        error === null || error === undefined ? resolve({ parts: [found] }) : reject(error),
      );
    }),
};

/**
 * OpenSSL looks without end for a prime that does not exist. One does unless all candidates share a divisor, or there are so few
 * that chance decides.
 */
function assertExists(input: Input, bits: number): void {
  const added = input.optionalBytes('add');
  if (added === undefined) return;
  const add = integer(added);
  const remainder = input.optionalBytes('remainder');
  const isSafe = input.flag('isSafe');
  // What OpenSSL takes when there is none.
  const rem = remainder === undefined ? (isSafe ? 3n : 1n) : integer(remainder);
  // Node has its own error for these.
  if (add === 0n || rem >= add || add >> BigInt(bits) > 0n) return;
  const shared = isSafe ? divisor(add, rem) * divisor(add / 2n, (rem - 1n) / 2n) : divisor(add, rem);
  const candidates = 1n << BigInt(bits);
  const isChance = candidates / add < BigInt(candidatesPerBit * bits);
  if (bits <= exhaustedBitsMax ? !isFound(bits, add, rem, isSafe) : shared !== 1n || isChance) {
    throw new RangeError(
      `there may be no prime of ${bits} bits that leaves the remainder ${rem} when divided by ${add}`,
    );
  }
}

/** A prime is among so many numbers for each bit of them with near certainty. */
const candidatesPerBit = 64;
/** So small that trying all is quick. */
const exhaustedBitsMax = 12;

function isFound(bits: number, add: bigint, rem: bigint, isSafe: boolean): boolean {
  const lowest = 1n << BigInt(bits - 1);
  for (let candidate = lowest - (lowest % add) + rem; candidate < 2n * lowest; candidate += add) {
    if (candidate < lowest || !crypto.checkPrimeSync(candidate)) continue;
    if (!isSafe || crypto.checkPrimeSync((candidate - 1n) / 2n)) return true;
  }
  return false;
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}

function divisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : divisor(b, a % b);
}

function primeOptions(input: Input): crypto.GeneratePrimeOptionsArrayBuffer {
  return {
    safe: input.flag('isSafe'),
    ...optional('add', input.optionalBytes('add')),
    ...optional('rem', input.optionalBytes('remainder')),
  };
}

export const primeCheck: CryptoOperation = {
  cost(input) {
    const bits = input.bytes('candidate').byteLength * 8;
    assertBits('bits of a candidate', bits, 'cryptoPrimeBitsMax');
    const checks = input.whole('checks');
    if (checks > limits.cryptoPrimeChecksMax) {
      const { cryptoPrimeChecksMax } = limits;
      throw new CryptoLimitExceeded('checks of a prime', checks, 'cryptoPrimeChecksMax', cryptoPrimeChecksMax);
    }
    return { isLong: bits > shortBitsMax || checks > checksAtOnceMax, memoryBytes: 0 };
  },
  now: (input) => ({
    head: { isPrime: crypto.checkPrimeSync(input.bytes('candidate'), { checks: input.whole('checks') }) },
  }),
  later: (input) =>
    new Promise((resolve, reject) => {
      crypto.checkPrime(input.bytes('candidate'), { checks: input.whole('checks') }, (error, isPrime) =>
        error === null || error === undefined ? resolve({ head: { isPrime } }) : reject(error),
      );
    }),
};

const checksAtOnceMax = 64;
