/** What `internalBinding('crypto')` of the running binary knows: its numbers, and which algorithms there are under which names. */
import * as crypto from 'node:crypto';

/** As `runtimes/core/bindings/crypto` reads it. */
export function readCryptoConstants(binding: Record<string, unknown>): Record<string, unknown> {
  const list = (name: string): string[] => [...(binding[name] as () => Iterable<string>)()];
  const hashes = list('getHashes');
  const aliases = Object.keys((binding.getCachedAliases as () => object)());
  const digests = digestAliases([...hashes, ...aliases]);
  return {
    numbers: Object.fromEntries(Object.entries(binding).filter(([, value]) => typeof value === 'number')),
    hashes,
    ciphers: list('getCiphers'),
    sslCiphers: list('getSSLCiphers'),
    curves: list('getCurves'),
    macs: list('getMacs'),
    pqcKeyTypes: list('getPqcKeyTypes'),
    securityLevel: (binding.getOpenSSLSecLevelCrypto as () => number)(),
    digests,
    withoutHmac: Object.keys(digests).filter((name) => !hasHmac(name)),
    digestBytes: Object.fromEntries(guestDigests.map((name) => [name, digest(name)?.byteLength])),
  };
}

/** Those that `runtimes/core/bindings/crypto-digests` computes. */
const guestDigests = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha512-224',
  'sha512-256',
  'ripemd160',
  'sha3-224',
  'sha3-256',
  'sha3-384',
  'sha3-512',
  'shake128',
  'shake256',
  'blake2b512',
  'blake2s256',
];

/** Two names with the same result for one input mean the same digest. */
function digestAliases(names: readonly string[]): Record<string, string> {
  const known = new Map(guestDigests.map((name) => [digest(name)?.toString('hex'), name]));
  return Object.fromEntries(
    [...new Set(names.map((name) => name.toLowerCase()))].sort().flatMap((name) => {
      const own = known.get(digest(name)?.toString('hex'));
      return own === undefined ? [] : [[name, own]];
    }),
  );
}

function digest(name: string): Buffer | undefined {
  try {
    return crypto.createHash(name).update('isotherm').digest();
  } catch {
    // A name that is no digest's in lower case.
    return undefined;
  }
}

function hasHmac(name: string): boolean {
  try {
    crypto.createHmac(name, 'key').digest();
    return true;
  } catch {
    // OpenSSL has no HMAC with it.
    return false;
  }
}
