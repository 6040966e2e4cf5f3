/** New key pairs. */
import * as crypto from 'node:crypto';
import { limits } from '../../../model/limits.ts';
import type { Input } from './input.ts';
import { derOf, detailsOf, optional } from './keys.ts';
import { CryptoLimitExceeded } from './mistake.ts';
import type { CryptoOperation, Output } from './operation.ts';

interface Pair {
  readonly publicKey: crypto.KeyObject;
  readonly privateKey: crypto.KeyObject;
}

export const keyPair: CryptoOperation = {
  cost(input) {
    const type = input.text('type');
    const isPrimeSearch = type === 'rsa' || type === 'rsa-pss' || type === 'dsa' || input.has('primeLength');
    assertBits('bits of a new modulus', input.optionalWhole('modulusLength') ?? 0, 'cryptoNewModulusBitsMax');
    assertBits('bits of a new safe prime', input.optionalWhole('primeLength') ?? 0, 'cryptoSafePrimeBitsMax');
    // Of those that OpenSSL can do, only these take more than milliseconds (SLH-DSA with short signatures some hundred).
    return { isLong: isPrimeSearch || type.startsWith('slh-dsa') || type === 'dh', memoryBytes: 0 };
  },
  now(input) {
    const generate = crypto.generateKeyPairSync as unknown as (type: string, options: object) => Pair;
    return pairOutput(generate(input.text('type'), optionsOf(input)));
  },
  async later(input) {
    // What fails in the callback would be nobody's: some keys cannot be exported.
    const pair = await new Promise<Pair>((resolve, reject) => {
      const generate = crypto.generateKeyPair as unknown as GenerateLater;
      generate(input.text('type'), optionsOf(input), (error, publicKey, privateKey) =>
        error === null || error === undefined ? resolve({ publicKey, privateKey }) : reject(error),
      );
    });
    return pairOutput(pair);
  },
};

/** Without the names of the types, of which there are more than are declared. */
type GenerateLater = (
  type: string,
  options: object,
  done: (error: Error | null | undefined, publicKey: crypto.KeyObject, privateKey: crypto.KeyObject) => void,
) => void;

export function assertBits(
  what: string,
  bits: number,
  name: 'cryptoNewModulusBitsMax' | 'cryptoSafePrimeBitsMax' | 'cryptoPrimeBitsMax' | 'cryptoModulusBitsMax',
): void {
  if (bits > limits[name]) throw new CryptoLimitExceeded(what, bits, name, limits[name]);
}

function optionsOf(input: Input): object {
  const prime = input.optionalBytes('prime');
  if (prime !== undefined) assertBits('bits of a modulus', prime.byteLength * 8, 'cryptoModulusBitsMax');
  return {
    ...optional('modulusLength', input.optionalWhole('modulusLength')),
    ...optional('publicExponent', input.optionalWhole('publicExponent')),
    ...optional('hashAlgorithm', input.optionalText('hashAlgorithm')),
    ...optional('mgf1HashAlgorithm', input.optionalText('mgf1HashAlgorithm')),
    ...optional('saltLength', input.optionalWhole('saltLength')),
    ...optional('divisorLength', input.optionalWhole('divisorLength')),
    ...optional('namedCurve', input.optionalText('namedCurve')),
    ...optional('paramEncoding', input.optionalText('paramEncoding')),
    ...optional('group', input.optionalText('group')),
    ...optional('prime', prime && Buffer.from(prime)),
    ...optional('primeLength', input.optionalWhole('primeLength')),
    ...optional('generator', input.optionalWhole('generator')),
  };
}

function pairOutput({ publicKey, privateKey }: Pair): Output {
  return {
    head: {
      asymmetricKeyType: publicKey.asymmetricKeyType ?? '',
      publicDetails: detailsOf(publicKey),
      privateDetails: detailsOf(privateKey),
    },
    parts: [derOf(publicKey), derOf(privateKey)],
  };
}
