/** X.509 certificates, and signed public keys of the old browsers (SPKAC). */
import * as crypto from 'node:crypto';
import { limits } from '../../../model/limits.ts';
import type { Input } from './input.ts';
import { derOf, detailsOf } from './keys.ts';
import { CryptoLimitExceeded } from './mistake.ts';
import { forgetErrors } from './openssl-errors.ts';
import type { CryptoOperation, Output } from './operation.ts';

function read(bytes: Uint8Array): crypto.X509Certificate {
  if (bytes.byteLength > limits.cryptoCertificateBytesMax) {
    const { cryptoCertificateBytesMax } = limits;
    const what = 'bytes of a certificate';
    throw new CryptoLimitExceeded(what, bytes.byteLength, 'cryptoCertificateBytesMax', cryptoCertificateBytesMax);
  }
  return new crypto.X509Certificate(bytes);
}

const members = [
  'subject',
  'subjectAltName',
  'issuer',
  'infoAccess',
  'validFrom',
  'validTo',
  'fingerprint',
  'fingerprint256',
  'fingerprint512',
  'serialNumber',
  'signatureAlgorithm',
  'signatureAlgorithmOid',
] as const;

/**
 * { data } -> { members, keyUsage?, ca, pem, legacy, publicKeyType, publicKeyDetails } [raw, public key, ...]. `legacy` is a list of
 * names and values; a value that is bytes is the number of its part.
 */
export const certificate: CryptoOperation = {
  now(input) {
    const found = read(input.bytes('data'));
    const parts: Uint8Array[] = [found.raw];
    const { publicKeyHead, der } = publicKeyOf(found);
    parts.push(der);
    const legacy = Object.entries(found.toLegacyObject()).map(([name, value]: [string, unknown]) => {
      if (name === 'infoAccess') return [name, 'value', found.infoAccess];
      if (!Buffer.isBuffer(value)) return [name, 'value', value];
      return [name, 'bytes', parts.push(value) - 1];
    });
    return {
      head: {
        members: Object.fromEntries(members.map((name) => [name, Reflect.get(found, name)])),
        keyUsage: found.keyUsage,
        ca: found.ca,
        pem: found.toString(),
        legacy,
        ...publicKeyHead,
      },
      parts,
    };
  },
};

/** A certificate whose key OpenSSL does not know can still be read. */
function publicKeyOf(found: crypto.X509Certificate): { publicKeyHead: Record<string, unknown>; der: Uint8Array } {
  try {
    const key = found.publicKey;
    return {
      publicKeyHead: { publicKeyType: key.asymmetricKeyType, publicKeyDetails: detailsOf(key) },
      der: derOf(key),
    };
  } catch {
    // Of an algorithm that is not there.
    return { publicKeyHead: {}, der: new Uint8Array() };
  } finally {
    // Of an exponent that is too long for its buffer.
    forgetErrors();
  }
}

const checks = ['host', 'email', 'ip', 'issued', 'privateKey', 'signature'] as const;

/** { data, check, value? | other? | key?, ... } -> { name? } or { isValid } */
export const certificateCheck: CryptoOperation = {
  now(input, { keys }) {
    const found = read(input.bytes('data'));
    const check = input.choice('check', checks);
    switch (check) {
      case 'host':
        return { head: { name: found.checkHost(input.text('value'), checkOptions(input)) } };
      case 'email':
        return { head: { name: found.checkEmail(input.text('value'), checkOptions(input)) } };
      case 'ip':
        return { head: { name: found.checkIP(input.text('value')) } };
      case 'issued':
        return { head: { isValid: found.checkIssued(read(input.bytes('other'))) } };
      case 'privateKey':
        return { head: { isValid: found.checkPrivateKey(keys.private(input.inner('key'))) } };
      case 'signature':
        return { head: { isValid: found.verify(keys.public(input.inner('key'))) } };
      default:
        return check satisfies never;
    }
  },
};

const subjects = ['default', 'always', 'never'] as const;

function checkOptions(input: Input): crypto.X509CheckOptions {
  return {
    subject: input.choice('subject', subjects),
    wildcards: input.flag('wildcards'),
    partialWildcards: input.flag('partialWildcards'),
    multiLabelWildcards: input.flag('multiLabelWildcards'),
    singleLabelSubdomains: input.flag('singleLabelSubdomains'),
  };
}

/** { data, action } -> { isValid } [public key or challenge] */
export const spkac: CryptoOperation = {
  now(input) {
    try {
      return spkacOutput(input);
    } finally {
      forgetErrors();
    }
  },
};

function spkacOutput(input: Input): Output {
  const action = input.choice('action', ['verify', 'publicKey', 'challenge']);
  const data = Buffer.from(input.bytes('data'));
  switch (action) {
    case 'verify':
      return { head: { isValid: crypto.Certificate.verifySpkac(data) } };
    case 'publicKey':
      return { parts: [Buffer.from(crypto.Certificate.exportPublicKey(data))] };
    case 'challenge':
      return { parts: [Buffer.from(crypto.Certificate.exportChallenge(data))] };
    default:
      return action satisfies never;
  }
}
