/**
 * The form of a request that both sides sign (AWS, "Create a signed AWS API request"):
 *
 *     method \n path \n query \n name:value \n ... \n signed names \n hash of the body
 *
 * All texts here are bytes written as Latin-1, as node:http gives them, so that what is no UTF-8 is signed as it was sent.
 */
import { headerValues, type IndexedHead, splitTarget } from './request-head.ts';

/** Its own value cannot be signed. */
export const signatureParameter = 'X-Amz-Signature';

export interface CanonicalParts {
  readonly head: IndexedHead;
  /** In the order that the client gives, which must be sorted. */
  readonly signedHeaders: readonly string[];
  /** Of the body in hexadecimal, or the word that stands for it. */
  readonly bodyHash: string;
}

export function canonicalRequest({ head, signedHeaders, bodyHash }: CanonicalParts): string {
  const { path, query } = splitTarget(head.url ?? '/');
  const headers = signedHeaders.map((name) => `${name}:${canonicalValues(headerValues(head, name))}\n`);
  return [
    head.method ?? 'GET',
    canonicalPath(path),
    canonicalQuery(query),
    headers.join(''),
    signedHeaders.join(';'),
    bodyHash,
  ].join('\n');
}

/** Without empty segments and dots, and encoded, although it is already: so every service but S3. */
export function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encode(segment));
  }
  const isFolder = path.endsWith('/') || path.endsWith('/.') || path.endsWith('/..');
  return segments.length === 0 ? '/' : `/${segments.join('/')}${isFolder ? '/' : ''}`;
}

/** Sorted by name, then by value, each encoded in the one way that AWS knows. */
export function canonicalQuery(query: string): string {
  if (query === '') return '';
  return queryPairs(query)
    .filter(([name]) => name !== signatureParameter)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Decoded, in order. */
export function queryPairs(query: string): (readonly [name: string, value: string])[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1
        ? ([decode(pair), ''] as const)
        : ([decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))] as const);
    });
}

function canonicalValues(values: readonly string[]): string {
  return values.map(trimmed).join(',');
}

const untrimmed = /^[ \t\r\n]|[ \t\r\n]$|[ \t\r\n]{2}|[\t\r\n]/;

function trimmed(value: string): string {
  return untrimmed.test(value) ? value.trim().replaceAll(/[ \t\r\n]+/g, ' ') : value;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const unreserved = /^[A-Za-z0-9\-._~]*$/;

function encode(bytes: string): string {
  if (unreserved.test(bytes)) return bytes;
  return bytes.replaceAll(
    /[^A-Za-z0-9\-._~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function decode(text: string): string {
  if (unreserved.test(text)) return text;
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
