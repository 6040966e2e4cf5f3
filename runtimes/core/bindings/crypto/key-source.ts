/** A key as a caller gives it to an operation: one that exists, or what to make one of. */
import type { CryptoParts } from '../crypto.ts';
import { type Bytes, bytesOf } from '../encodings.ts';
import { encodingName } from './encoding-name.ts';
import { type AsymmetricMaterial, addKey } from './key-material.ts';
import type { Message, View } from './message.ts';

const { Error, TypeError, TypedArrayPrototypeSlice } = primordials;

export type KeySource = AsymmetricMaterial | RawSource;

export interface RawSource {
  readonly type: 'raw';
  readonly format: string;
  readonly bytes: Bytes | undefined;
  readonly jwk: Readonly<Record<string, unknown>> | undefined;
  readonly encoding: string | undefined;
  readonly passphrase: Bytes | undefined;
  readonly asymmetricKeyType: string | undefined;
  readonly namedCurve: string | undefined;
}

/** Takes what the five arguments mean with which Node's library describes a key. */
export function sourceOf(
  { data: { numbers }, errors, keyTools }: CryptoParts,
  input: unknown,
  format: number | null | undefined,
  encoding: number | string | null | undefined,
  passphrase: View | null | undefined,
  namedCurve: string | null | undefined,
): KeySource {
  const material = keyTools().materialOf(input);
  if (material !== undefined) {
    if (material.type === 'secret') throw new TypeError('a secret key is no asymmetric one');
    return material;
  }
  const raw = { type: 'raw', jwk: undefined, encoding: undefined, asymmetricKeyType: undefined } as const;
  const copied = (view: View | null | undefined): Bytes | undefined =>
    view === null || view === undefined ? undefined : TypedArrayPrototypeSlice(bytesOf(view));
  const shared = { passphrase: copied(passphrase), namedCurve: namedCurve ?? undefined };
  switch (format) {
    case numbers.kKeyFormatJWK:
      return { ...raw, ...shared, format: 'jwk', bytes: undefined, jwk: input as Record<string, unknown> };
    case numbers.kKeyFormatPEM:
    case numbers.kKeyFormatDER:
      return {
        ...raw,
        ...shared,
        format: format === numbers.kKeyFormatPEM ? 'pem' : 'der',
        bytes: copied(input as View),
        encoding: encodingName(numbers, encoding),
      };
    case numbers.kKeyFormatRawPublic:
    case numbers.kKeyFormatRawPrivate:
    case numbers.kKeyFormatRawSeed:
      return {
        ...raw,
        ...shared,
        format:
          format === numbers.kKeyFormatRawPublic
            ? 'raw-public'
            : format === numbers.kKeyFormatRawPrivate
              ? 'raw-private'
              : 'raw-seed',
        bytes: copied(input as View),
        asymmetricKeyType: typeof encoding === 'string' ? encoding : undefined,
      };
    default:
      throw errors.coded(
        new Error('isotherm does not offer private keys in stores: give the key itself'),
        'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      );
  }
}

/** What OpenSSL's side reads of a JWK, whatever else it has. */
const jwkMembers = ['kty', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'crv', 'x', 'y', 'k', 'alg', 'pub', 'priv'];

export function addSource(message: Message, name: string, source: KeySource, keys: 'by-id' | 'in-full'): void {
  if (source.type !== 'raw') {
    addKey(message, name, source, keys);
    return;
  }
  const inner = message.inner(name).set('format', source.format);
  inner.set('encoding', source.encoding).set('asymmetricKeyType', source.asymmetricKeyType);
  inner.set('namedCurve', source.namedCurve).bytes('data', source.bytes).bytes('passphrase', source.passphrase);
  if (source.jwk === undefined) return;
  const jwk = inner.inner('jwk');
  for (let at = 0; at < jwkMembers.length; at++) {
    const member = jwkMembers[at] ?? '';
    const value = source.jwk[member];
    if (typeof value === 'string') jwk.set(member, value);
  }
}
