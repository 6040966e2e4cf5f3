/** Secrets that two parties come to share. */
import * as crypto from 'node:crypto';
import type { Input } from './input.ts';
import { assertBits } from './key-pairs.ts';
import { CryptoMistake } from './mistake.ts';
import type { CryptoOperation, Output } from './operation.ts';

export const agree: CryptoOperation = {
  now: (input, { keys }) => ({
    parts: [
      crypto.diffieHellman({
        privateKey: keys.private(input.inner('privateKey')),
        publicKey: keys.public(input.inner('publicKey')),
      }),
    ],
  }),
  later: (input, { keys }) =>
    new Promise((resolve, reject) => {
      const pair = {
        privateKey: keys.private(input.inner('privateKey')),
        publicKey: keys.public(input.inner('publicKey')),
      };
      crypto.diffieHellman(pair, (error, secret) => (error === null ? resolve({ parts: [secret] }) : reject(error)));
    }),
};

export const encapsulate: CryptoOperation = {
  now(input, { keys }) {
    const { sharedKey, ciphertext } = crypto.encapsulate(keys.public(input.inner('key')));
    return { parts: [sharedKey, ciphertext] };
  },
};

export const decapsulate: CryptoOperation = {
  now: (input, { keys }) => ({
    parts: [crypto.decapsulate(keys.private(input.inner('key')), input.bytes('ciphertext'))],
  }),
};

/**
 * { curve, action, privateKey?, publicKey?, other?, form? } -> [result]. The guest has the state of its `ECDH` and gives what the
 * action needs of it; `generate` answers both keys.
 */
export const ecdh: CryptoOperation = {
  now(input) {
    const action = input.choice('action', ['generate', 'setPrivate', 'setPublic', 'secret', 'public', 'convert']);
    const curve = input.text('curve');
    if (action === 'convert') return converted(input, curve);
    const agreement = crypto.createECDH(curve);
    const privateKey = input.optionalBytes('privateKey');
    const publicKey = input.optionalBytes('publicKey');
    if (privateKey !== undefined) agreement.setPrivateKey(privateKey);
    if (publicKey !== undefined) (agreement as SettableEcdh).setPublicKey(publicKey);
    switch (action) {
      case 'generate':
        agreement.generateKeys();
        return { parts: [agreement.getPublicKey(), agreement.getPrivateKey()] };
      case 'setPrivate':
      case 'setPublic':
      case 'public':
        return { parts: [agreement.getPublicKey()] };
      case 'secret':
        return { parts: [agreement.computeSecret(input.bytes('other'))] };
      default:
        return action satisfies never;
    }
  },
};

/** Deprecated and therefore no longer declared. */
type SettableEcdh = crypto.ECDH & { setPublicKey(key: Uint8Array): void };

const forms = ['compressed', 'uncompressed', 'hybrid'] as const;

function converted(input: Input, curve: string): Output {
  const point = crypto.ECDH.convertKey(input.bytes('other'), curve, undefined, undefined, input.choice('form', forms));
  if (typeof point === 'string') throw new CryptoMistake('a point is no text');
  return { parts: [point] };
}

/**
 * { group } or { bits | prime, generator } -> { verifyError } [prime, generator]. What follows is arithmetic that the guest does
 * itself; OpenSSL would check the prime again for each of these objects, which takes seconds.
 */
export const dh: CryptoOperation = {
  cost(input) {
    const prime = input.optionalBytes('prime');
    const bits = input.optionalWhole('bits') ?? 0;
    assertBits('bits of a new safe prime', bits, 'cryptoSafePrimeBitsMax');
    assertBits('bits of a prime to check', (prime?.byteLength ?? 0) * 8, 'cryptoPrimeBitsMax');
    return { isLong: bits > 0 || (prime?.byteLength ?? 0) > checkedAtOnceBytesMax, memoryBytes: 0 };
  },
  now(input) {
    const group = input.optionalText('group');
    const agreement = group === undefined ? createDh(input) : crypto.createDiffieHellmanGroup(group);
    return {
      head: { verifyError: agreement.verifyError },
      parts: [agreement.getPrime(), agreement.getGenerator()],
    };
  },
};

const checkedAtOnceBytesMax = 32;

function createDh(input: Input): crypto.DiffieHellman {
  const generator = input.optionalBytes('generator') ?? input.whole('generatorNumber');
  const create = crypto.createDiffieHellman as unknown as (
    prime: Uint8Array | number,
    generator: Uint8Array | number,
  ) => crypto.DiffieHellman;
  return create(input.optionalBytes('prime') ?? input.whole('bits'), generator);
}
