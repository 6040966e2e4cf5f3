/** Signatures of whole messages and of messages in pieces. */
import * as crypto from 'node:crypto';
import type { Input } from './input.ts';
import { optional } from './keys.ts';
import type { CryptoOperation, CryptoState } from './operation.ts';
import type { CryptoStream } from './streams.ts';

export const sign: CryptoOperation = {
  // The one family of algorithms that takes up to seconds.
  cost: (input, { keys }) => ({
    isLong: keys.private(input.inner('key')).asymmetricKeyType?.startsWith('slh-dsa') === true,
    memoryBytes: 0,
  }),
  now: (input, state) => ({ parts: [crypto.sign(...signArguments(input, state))] }),
  later: (input, state) =>
    new Promise((resolve, reject) => {
      crypto.sign(...signArguments(input, state), (error, signature) =>
        error === null ? resolve({ parts: [signature] }) : reject(error),
      );
    }),
};

export const verify: CryptoOperation = {
  now: (input, state) => ({
    head: { isValid: crypto.verify(...verifyArguments(input, state), input.bytes('signature')) },
  }),
  later: (input, state) =>
    new Promise((resolve, reject) => {
      crypto.verify(...verifyArguments(input, state), input.bytes('signature'), (error, isValid) =>
        error === null ? resolve({ head: { isValid } }) : reject(error),
      );
    }),
};

function signArguments(
  input: Input,
  { keys }: CryptoState,
): [string | undefined, Uint8Array, crypto.SignKeyObjectInput] {
  const key = keys.private(input.inner('key'));
  return [input.optionalText('algorithm'), input.bytes('data'), { key, ...signingOptions(input) }];
}

function verifyArguments(
  input: Input,
  { keys }: CryptoState,
): [string | undefined, Uint8Array, crypto.VerifyKeyObjectInput] {
  const key = keys.public(input.inner('key'));
  return [input.optionalText('algorithm'), input.bytes('data'), { key, ...signingOptions(input) }];
}

function signingOptions(input: Input): crypto.SigningOptions {
  const encoding = input.has('dsaEncoding') ? input.choice('dsaEncoding', ['der', 'ieee-p1363']) : undefined;
  return {
    ...optional('padding', input.optionalWhole('padding')),
    ...optional('saltLength', input.optionalWhole('saltLength')),
    ...optional('dsaEncoding', encoding),
    ...optional('context', input.optionalBytes('context')),
  };
}

/** A `Sign` or `Verify`: unlike the whole operations these know no key that hashes by itself. */
export function openSignature(input: Input, state: CryptoState): CryptoStream {
  const algorithm = input.text('algorithm');
  if (input.text('kind') === 'sign') {
    const signing = crypto.createSign(algorithm);
    return {
      update(bytes) {
        signing.update(bytes);
        return undefined;
      },
      finish: (last) => ({
        parts: [signing.sign({ key: state.keys.private(last.inner('key')), ...signingOptions(last) })],
      }),
    };
  }
  const verifying = crypto.createVerify(algorithm);
  return {
    update(bytes) {
      verifying.update(bytes);
      return undefined;
    },
    finish: (last) => ({
      head: {
        isValid: verifying.verify(
          { key: state.keys.public(last.inner('key')), ...signingOptions(last) },
          last.bytes('signature'),
        ),
      },
    }),
  };
}
