/** Prime numbers. */
import * as crypto from 'node:crypto';
import type { Input } from './input.ts';
import { assertBits } from './key-pairs.ts';
import { optional } from './keys.ts';
import type { CryptoOperation } from './operation.ts';

/** Up to here a search takes a few milliseconds. */
const shortBitsMax = 256;

export const prime: CryptoOperation = {
  cost(input) {
    const bits = input.whole('bits');
    assertBits('bits of a prime', bits, input.flag('isSafe') ? 'cryptoSafePrimeBitsMax' : 'cryptoPrimeBitsMax');
    // A remainder that no prime has is searched for without end.
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
    assertBits('bits of a candidate', bits, 'cryptoModulusBitsMax');
    return { isLong: bits > shortBitsMax || input.whole('checks') > checksAtOnceMax, memoryBytes: 0 };
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
