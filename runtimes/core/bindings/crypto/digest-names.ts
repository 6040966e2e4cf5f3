/** What the builder found out about the digests of this node binary: which names mean the same. */
import type { CoreContext } from '../../context.ts';
import type { GuestDigest } from './guest-digest.ts';

const { ArrayPrototypeIncludes, StringPrototypeToLowerCase } = primordials;

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
  /** Up to this much input the guest is quicker than the service. */
  readonly guestBytesMax: number;
}

/**
 * A call across the bridge takes some 20 microseconds from the main lane and 100 more from the pool. A kilobyte takes the guest 7
 * of SHA-1, MD5 and SHA-256, 25 of SHA-512, which has 64-bit words, 45 of SHA-3; native code 1 or 2 (2 cores, 2026-11). That is once
 * V8 has optimised it: the first 8 kB of an isolate cost the guest 6 ms of processor time in SHA-256, and 2 in the service, so what is
 * longer than tokens and requests that are signed goes there at once.
 */
const guestBytesMax = { words32: 1024, words64: 512, keccak: 256 } as const;

const words32 = ['md5', 'sha1', 'sha224', 'sha256', 'ripemd160', 'blake2s256'];
const keccak = ['sha3-224', 'sha3-256', 'sha3-384', 'sha3-512', 'shake128', 'shake256'];

/** Those that were asked for, by the name they were asked for by. */
export class KnownDigests {
  readonly #core: CoreContext;
  readonly #data: CryptoData;
  readonly #known: Record<string, KnownDigest | undefined> = { __proto__: null } as never;

  constructor(core: CoreContext, data: CryptoData) {
    this.#core = core;
    this.#data = data;
  }

  /** Undefined for one that only the service has, or nobody. */
  find(name: string): KnownDigest | undefined {
    const known = this.#known[name];
    if (known !== undefined) return known;
    const own = this.#data.digests[StringPrototypeToLowerCase(name)];
    if (typeof own !== 'string') return undefined;
    const made = this.#make(own);
    this.#known[name] = made;
    return made;
  }

  #make(own: string): KnownDigest | undefined {
    const find = (module: string): GuestDigest | undefined =>
      this.#core.library.require<DigestModule>(module).digests[own];
    const compute = find('isotherm/bindings/crypto-digests') ?? find('isotherm/bindings/crypto-digests-more');
    if (compute === undefined) return undefined;
    return {
      compute,
      byteCount: this.#data.digestBytes[own] ?? 0,
      isExtendable: own === 'shake128' || own === 'shake256',
      guestBytesMax: ArrayPrototypeIncludes(words32, own)
        ? guestBytesMax.words32
        : ArrayPrototypeIncludes(keccak, own)
          ? guestBytesMax.keccak
          : guestBytesMax.words64,
    };
  }
}
