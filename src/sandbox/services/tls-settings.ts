/**
 * Settings of TLS as a guest gave them, checked field by field, so that only plain strings, numbers and bytes of ours reach
 * Node's public `tls`: no callback, no name of an engine, no file.
 */
import type { SecureContextOptions, SecureVersion } from 'node:tls';
import { withoutUndefined } from '../../base/without-undefined.ts';
import { limits } from '../../model/limits.ts';
import { assertContainer, assertKeyMaterial } from './crypto/key-material.ts';
import { nodeTls } from './node-tls.ts';

/** @throws Error when it is not what the guest's library writes */
export function readContextOptions(settings: Fields): SecureContextOptions {
  const secureProtocol = text(settings, 'secureProtocol');
  const extraCa = texts(settings, 'extraCa');
  return withoutUndefined({
    secureProtocol,
    // A method of old names the versions itself.
    minVersion: secureProtocol === undefined ? version(settings, 'minVersion') : undefined,
    maxVersion: secureProtocol === undefined ? version(settings, 'maxVersion') : undefined,
    secureOptions: whole(settings, 'secureOptions'),
    ciphers: text(settings, 'ciphers'),
    sigalgs: text(settings, 'sigalgs'),
    ecdhCurve: text(settings, 'ecdhCurve'),
    dhparam: text(settings, 'dhparam'),
    ca: extraCa === undefined ? texts(settings, 'ca') : [...nodeTls().rootCertificates, ...extraCa],
    cert: texts(settings, 'cert'),
    key: list(settings, 'key')?.map(readKey),
    pfx: list(settings, 'pfx')?.map(readPfx),
    crl: texts(settings, 'crl'),
    sessionIdContext: text(settings, 'sessionIdContext'),
    sessionTimeout: whole(settings, 'sessionTimeout'),
    ticketKeys: optionalBytes(text(settings, 'ticketKeys')),
    allowPartialTrustChain: settings.allowPartialTrustChain === true ? true : undefined,
  });
}

/** @throws CryptoLimitExceeded */
function readKey(entry: Fields): { pem: string; passphrase?: string } {
  const pem = required(entry, 'pem');
  const passphrase = text(entry, 'passphrase');
  assertKeyMaterial(Buffer.from(pem), passphrase === undefined ? 'plain' : 'with-passphrase');
  return withoutUndefined({ pem, passphrase });
}

/** @throws CryptoLimitExceeded */
function readPfx(entry: Fields): { buf: Buffer; passphrase?: string } {
  const buf = bytes(required(entry, 'buf'));
  assertContainer(buf);
  return withoutUndefined({ buf, passphrase: text(entry, 'passphrase') });
}

export type Fields = Readonly<Record<string, unknown>>;

export function parseFields(json: unknown): Fields {
  if (typeof json !== 'string' || json.length > limits.tlsSettingsCharsMax) {
    throw new RangeError(`Settings of TLS are longer than ${limits.tlsSettingsCharsMax} characters`);
  }
  return fieldsOf(JSON.parse(json));
}

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('Expected an object');
  return value as Fields;
}

export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new TypeError(`Expected ${name} to be a string`);
}

function required(fields: Fields, name: string): string {
  const value = text(fields, name);
  if (value === undefined) throw new TypeError(`Expected ${name}`);
  return value;
}

function whole(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) return value;
  throw new TypeError(`Expected ${name} to be a whole number`);
}

const versions: Readonly<Record<number, SecureVersion>> = {
  769: 'TLSv1',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
  772: 'TLSv1.3',
};

function version(fields: Fields, name: string): SecureVersion | undefined {
  return versions[whole(fields, name) ?? 0];
}

/** A certificate or key each: nobody has more. */
const listLengthMax = 1_024;

function list(fields: Fields, name: string): readonly Fields[] | undefined {
  return array(fields, name)?.map((entry) => fieldsOf(entry));
}

function texts(fields: Fields, name: string): string[] | undefined {
  return array(fields, name)?.map((entry) => {
    if (typeof entry !== 'string') throw new TypeError(`Expected strings in ${name}`);
    return entry;
  });
}

function array(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > listLengthMax) throw new TypeError(`Expected ${name} to be a list`);
  return value;
}

/** Bytes travel in JSON as Latin-1. */
export function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}

function optionalBytes(latin1: string | undefined): Buffer | undefined {
  return latin1 === undefined ? undefined : bytes(latin1);
}
