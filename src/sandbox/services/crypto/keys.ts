/**
 * Keys of one guest. The guest holds what each of its keys is made of and numbers them; here the latest are kept as they are used, so
 * that a key is parsed once and not at each use. One that was forgotten is sent again.
 */
import * as crypto from 'node:crypto';
import { limits } from '../../../model/limits.ts';
import type { Input } from './input.ts';
import { assertKeyMaterial } from './key-material.ts';
import { CryptoLimitExceeded, CryptoMistake, CryptoObjectGone } from './mistake.ts';
import { forgetErrors } from './openssl-errors.ts';
import type { CryptoOperation, Output } from './operation.ts';

export class Keys {
  readonly #keys = new Map<number, crypto.KeyObject>();

  /** @throws CryptoObjectGone when it is known by its number only, and not any more */
  private(input: Input): crypto.KeyObject {
    return this.#find(input, 'private') ?? createKey(input, 'private');
  }

  /** A private key stands for its public one too. */
  public(input: Input): crypto.KeyObject {
    return this.#find(input, 'public') ?? createKey(input, 'public');
  }

  add(id: number, key: crypto.KeyObject): void {
    this.#keys.delete(id);
    this.#keys.set(id, key);
    if (this.#keys.size > limits.cryptoKeysMax) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
  }

  #find(input: Input, otherwise: 'public' | 'private'): crypto.KeyObject | undefined {
    const id = input.optionalWhole('id');
    if (id === undefined) return undefined;
    const known = this.#keys.get(id) ?? fromDer(input, otherwise);
    this.add(id, known);
    return known;
  }

  clear(): void {
    this.#keys.clear();
  }
}

function fromDer(input: Input, otherwise: 'public' | 'private'): crypto.KeyObject {
  const der = input.optionalBytes('der');
  if (der === undefined) throw new CryptoObjectGone('this key', 'cryptoKeysMax', limits.cryptoKeysMax);
  const type = input.has('type') ? input.choice('type', ['public', 'private']) : otherwise;
  assertKeyMaterial(der, 'plain');
  const key = Buffer.from(der);
  return bounded(
    type === 'public'
      ? crypto.createPublicKey({ key, format: 'der', type: 'spki' })
      : crypto.createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  );
}

const formats = ['pem', 'der', 'jwk', 'raw-public', 'raw-private', 'raw-seed'] as const;

/** From what the user gave. Only bytes and JWKs: a URL would make OpenSSL read files of this process. */
function createKey(input: Input, type: 'public' | 'private'): crypto.KeyObject {
  const format = input.choice('format', formats);
  if (format === 'jwk') {
    const jwk = { key: input.inner('jwk').texts(), format } as const;
    return bounded(type === 'public' ? crypto.createPublicKey(jwk) : crypto.createPrivateKey(jwk));
  }
  const options = keyOptions(input, format);
  return bounded(type === 'public' ? crypto.createPublicKey(options) : crypto.createPrivateKey(options));
}

/** What Node's functions take for a key in bytes. */
export function keyOptions(
  input: Input,
  format: Exclude<(typeof formats)[number], 'jwk'>,
): crypto.PrivateKeyInput & crypto.PublicKeyInput {
  const bytes = input.bytes('data');
  if (bytes.byteLength > limits.cryptoKeyBytesMax) {
    const { cryptoKeyBytesMax } = limits;
    throw new CryptoLimitExceeded('bytes of one key', bytes.byteLength, 'cryptoKeyBytesMax', cryptoKeyBytesMax);
  }
  const passphrase = input.optionalBytes('passphrase');
  assertKeyMaterial(bytes, passphrase === undefined ? 'plain' : 'with-passphrase');
  // Newer formats than the type declarations have.
  return {
    key: Buffer.from(bytes),
    format,
    ...optional('type', input.optionalText('encoding')),
    ...optional('passphrase', passphrase && Buffer.from(passphrase)),
    ...optional('asymmetricKeyType', input.optionalText('asymmetricKeyType')),
    ...optional('namedCurve', input.optionalText('namedCurve')),
  } as crypto.PrivateKeyInput & crypto.PublicKeyInput;
}

export function optional<Value>(name: string, value: Value | undefined): Record<string, Value> {
  return value === undefined ? {} : { [name]: value };
}

/** Work with a key grows with the cube of its length, and happens on the main thread. */
function bounded(key: crypto.KeyObject): crypto.KeyObject {
  // Of Diffie-Hellman Node does not tell; `assertKeyMaterial` has looked at its numbers.
  const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const { cryptoModulusBitsMax, cryptoExponentBitsMax } = limits;
  if (publicExponent >> BigInt(cryptoExponentBitsMax) > 0n) {
    // It may be too long for a buffer of OpenSSL's, which says so to whoever comes next.
    forgetErrors();
    const exponentBits = publicExponent.toString(16).length * 4;
    const what = 'bits of a public exponent';
    throw new CryptoLimitExceeded(what, exponentBits, 'cryptoExponentBitsMax', cryptoExponentBitsMax);
  }
  if (bits <= cryptoModulusBitsMax) return key;
  throw new CryptoLimitExceeded('bits of a modulus', bits, 'cryptoModulusBitsMax', cryptoModulusBitsMax);
}

/** As JSON: a big integer in hexadecimal digits. */
export function detailsOf(key: crypto.KeyObject): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(key.asymmetricKeyDetails ?? {}).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString(16) : value,
    ]),
  );
}

export function derOf(key: crypto.KeyObject): Buffer {
  return key.type === 'public'
    ? key.export({ format: 'der', type: 'spki' })
    : key.export({ format: 'der', type: 'pkcs8' });
}

export const keyImport: CryptoOperation = {
  now(input, { keys }) {
    const type = input.choice('type', ['public', 'private']);
    const source = input.inner('key');
    const given = type === 'public' ? keys.public(source) : keys.private(source);
    const key = type === 'public' && given.type === 'private' ? crypto.createPublicKey(given as never) : given;
    keys.add(input.whole('id'), key);
    return {
      head: { asymmetricKeyType: key.asymmetricKeyType ?? '', details: detailsOf(key) },
      parts: [derOf(key)],
    };
  },
};

const exportFormats = ['pem', 'der', 'jwk', 'raw-public', 'raw-private', 'raw-seed'] as const;

export const keyExport: CryptoOperation = {
  now(input, { keys }) {
    const key = keys.private(input.inner('key'));
    const format = input.choice('format', exportFormats);
    const cipher = input.optionalText('cipher');
    const passphrase = input.optionalBytes('passphrase');
    const options = {
      format,
      ...optional('type', input.optionalText('encoding')),
      ...optional('cipher', cipher),
      ...optional('passphrase', passphrase && Buffer.from(passphrase)),
    };
    // Newer formats than the type declarations have.
    return exported((key as unknown as { export(options: object): string | Buffer | object }).export(options));
  },
};

function exported(value: string | Buffer | object): Output {
  if (typeof value === 'string') return { head: { text: value } };
  return Buffer.isBuffer(value) ? { parts: [value] } : { head: { jwk: value } };
}

/** OpenSSL takes a private key with the public part of another; only using it shows. */
export const keyCheck: CryptoOperation = {
  now(input, { keys }) {
    const key = keys.private(input.inner('key'));
    const curve = key.asymmetricKeyDetails?.namedCurve;
    if (key.type !== 'private' || curve === undefined) return { head: { isValid: true } };
    const { d, x, y } = key.export({ format: 'jwk' });
    if (d === undefined || x === undefined || y === undefined) throw new CryptoMistake('the key has no parts');
    const ecdh = crypto.createECDH(curve);
    ecdh.setPrivateKey(Buffer.from(d, 'base64url'));
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
    return { head: { isValid: ecdh.getPublicKey().equals(point) } };
  },
};
