/** Hashes and message authentication codes, whole and in pieces. */
import * as crypto from 'node:crypto';
import { limits } from '../../../model/limits.ts';
import type { Input } from './input.ts';
import { CryptoLimitExceeded } from './mistake.ts';
import type { CryptoOperation } from './operation.ts';
import type { CryptoStream } from './streams.ts';

const kinds = ['hash', 'hmac', 'mac'] as const;

/** As `digest(undefined)` gives it, of exact size. */
interface Digesting {
  update(bytes: Uint8Array): unknown;
}

export function openDigest(input: Input): CryptoStream {
  const kind = input.choice('kind', kinds);
  switch (kind) {
    case 'hash':
      return hashStream(crypto.createHash(input.text('algorithm'), hashOptions(input)));
    case 'hmac': {
      const hmac = crypto.createHmac(input.text('algorithm'), input.bytes('key'));
      return { ...feeding(hmac), finish: () => ({ parts: [hmac.digest()] }) };
    }
    case 'mac': {
      const mac = createMac(input.text('algorithm'), input.bytes('key'), macOptions(input));
      return { ...feeding(mac), finish: () => ({ parts: [mac.final()] }) };
    }
    default:
      return kind satisfies never;
  }
}

function feeding(digesting: Digesting): Pick<CryptoStream, 'update'> {
  return {
    update(bytes) {
      digesting.update(bytes);
      return undefined;
    },
  };
}

function hashStream(hash: crypto.Hash): CryptoStream {
  return {
    ...feeding(hash),
    copy: (input) => hashStream(hash.copy(lengthOption(input))),
    finish: () => ({ parts: [hash.digest()] }),
  };
}

function lengthOption(input: Input): { outputLength?: number } {
  const outputLength = input.optionalWhole('outputLength');
  if (outputLength === undefined) return {};
  assertOutput(outputLength);
  return { outputLength };
}

/** What does not fit one message of the bridge could not be answered. */
export function assertOutput(byteCount: number): void {
  if (byteCount <= limits.cryptoOutputBytesMax) return;
  throw new CryptoLimitExceeded('bytes in one result', byteCount, 'cryptoOutputBytesMax', limits.cryptoOutputBytesMax);
}

function hashOptions(input: Input): crypto.HashOptions {
  return {
    ...lengthOption(input),
    ...bytesOptions(input, ['functionName', 'customization']),
  };
}

function macOptions(input: Input): Record<string, unknown> {
  const texts = (['digest', 'cipher'] as const).flatMap((name) => {
    const value = input.optionalText(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...lengthOption(input),
    ...Object.fromEntries(texts),
    ...bytesOptions(input, ['iv', 'customization', 'salt']),
  };
}

function bytesOptions(input: Input, names: readonly string[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = input.optionalBytes(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Newer than the type declarations. */
type CreateMac = (
  algorithm: string,
  key: Uint8Array,
  options: object,
) => { update(bytes: Uint8Array): unknown; final(): Buffer };

function createMac(...args: Parameters<CreateMac>): ReturnType<CreateMac> {
  return (crypto as unknown as { readonly createMac: CreateMac }).createMac(...args);
}

export const digestInfo: CryptoOperation = {
  now: (input) => ({ head: { size: crypto.createHash(input.text('algorithm')).digest().byteLength } }),
};
