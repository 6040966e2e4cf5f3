/** What the builder found out about the digests of this node binary: which names mean the same. */
import type { CoreContext } from '../../context.ts';
import type { GuestDigest } from './guest-digest.ts';

const { StringPrototypeToLowerCase } = primordials;

export interface CryptoData {
  readonly numbers: Readonly<Record<string, number>>;
  readonly hashes: readonly string[];
  readonly ciphers: readonly string[];
  readonly sslCiphers: readonly string[];
  readonly curves: readonly string[];
  readonly macs: readonly string[];
  readonly pqcKeyTypes: readonly string[];
  readonly securityLevel: number;
  /** By name in lower case: our name of a digest that guests compute themselves. */
  readonly digests: Readonly<Record<string, string>>;
  /** Names in lower case that HMAC is not defined with, although they are digests. */
  readonly withoutHmac: readonly string[];
  /** Bytes of a result, by our name. */
  readonly digestBytes: Readonly<Record<string, number>>;
}

interface DigestModule {
  readonly digests: Readonly<Record<string, GuestDigest | undefined>>;
}

export interface KnownDigest {
  readonly compute: GuestDigest;
  readonly byteCount: number;
  /** Gives as many bytes as one asks for. */
  readonly isExtendable: boolean;
}

/** Undefined for one that only the service has, or nobody. */
export function knownDigest({ library }: CoreContext, data: CryptoData, name: string): KnownDigest | undefined {
  const own = data.digests[StringPrototypeToLowerCase(name)];
  if (typeof own !== 'string') return undefined;
  const find = (module: string): GuestDigest | undefined => library.require<DigestModule>(module).digests[own];
  const compute = find('isotherm/bindings/crypto-digests') ?? find('isotherm/bindings/crypto-digests-more');
  if (compute === undefined) return undefined;
  return { compute, byteCount: data.digestBytes[own] ?? 0, isExtendable: own === 'shake128' || own === 'shake256' };
}
