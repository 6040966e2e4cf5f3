/**
 * What a function answered, as an HTTP response (LAMBDA.md C9.2, C9.3). The bytes are a stranger's: they become a response that says what
 * they say, or none. No header can end another, none concerns the connection, and the length is what we send.
 */
import { limits } from '../../model/limits.ts';
import { isHopByHop } from './hop-by-hop.ts';
import { blanksEnd, type JsonMembers, jsonMembers, type Span } from './json-members.ts';

export interface UrlAnswer {
  readonly status: number;
  /** Names in lower case; `set-cookie` may be there more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

const wanted: ReadonlySet<string> = new Set(['statusCode', 'headers', 'cookies', 'body', 'isBase64Encoded']);

const json = 'application/json';

/** Undefined: it asks for a response that cannot be made. */
export function urlAnswer(payload: Uint8Array): UrlAnswer | undefined {
  const object = jsonMembers(payload, wanted);
  if (object !== undefined && preludeEnds(payload, object.end)) {
    // A handler that streams, called without streaming: what it wrote, in one piece.
    const head = answerHead(payload, object, 'application/octet-stream');
    return head && complete(head, payload.subarray(object.end + preludeEnd));
  }
  if (object?.members.has('statusCode') === true && blanksEnd(payload, object.end) === payload.length) {
    const head = answerHead(payload, object);
    const body = bodyOf(payload, object.members);
    return head && body && complete(head, body);
  }
  return complete({ status: 200, headers: new Map([['content-type', json]]), cookies: [] }, asText(payload));
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: readonly string[];
}

/** Status, headers and cookies out of an object. */
export function answerHead(bytes: Uint8Array, { members }: JsonMembers, defaultType = json): AnswerHead | undefined {
  const status = statusOf(memberOf(bytes, members.get('statusCode')) ?? 200);
  const headers = headersOf(memberOf(bytes, members.get('headers')) ?? {});
  const cookies = cookiesOf(memberOf(bytes, members.get('cookies')) ?? []);
  if (status === undefined || headers === undefined || cookies === undefined) return undefined;
  if (!headers.has('content-type')) headers.set('content-type', defaultType);
  return { status, headers, cookies };
}

/** NUL bytes between a prelude and the body (A6.8). */
export const preludeEnd = 8;

export function preludeEnds(bytes: Uint8Array, end: number): boolean {
  if (bytes.length < end + preludeEnd) return false;
  return bytes.subarray(end, end + preludeEnd).every((byte) => byte === 0);
}

/** Statuses whose responses have no body, whatever was answered (RFC 9110, 15.3.5, 15.3.6, 15.4.5). */
export function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

export function headerList({ headers, cookies }: AnswerHead): [name: string, value: string][] {
  return [...headers, ...cookies.map((cookie): [string, string] => ['set-cookie', cookie])];
}

function complete(head: AnswerHead, body: Uint8Array): UrlAnswer {
  return { status: head.status, headers: headerList(head), body: hasBody(head.status) ? body : noBytes };
}

const noBytes = new Uint8Array();

/** Small values only: status, headers, cookies. Undefined for one that is not there, is null, or cannot be read. */
function memberOf(bytes: Uint8Array, span: Span | undefined): unknown {
  if (span === undefined) return undefined;
  if (span.end - span.start > limits.httpHeaderBytesMax) return unreadable;
  try {
    return JSON.parse(textOf(bytes, span)) ?? undefined;
  } catch {
    // A SyntaxError: a sandbox that was taken over may send what is no JSON.
    return unreadable;
  }
}

/** Of no type that anything here may have. */
const unreadable = Symbol('unreadable');

/** 1xx are refused: they would announce another response. A text is taken as well as a number (recorded from AWS). */
function statusOf(value: unknown): number | undefined {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599 ? status : undefined;
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** No line break, no NUL: nothing that ends a header. Beyond Latin-1 there is no way to send it. */
export const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

function headersOf(value: unknown): Map<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const headers = new Map<string, string>();
  for (const [name, given] of Object.entries(value)) {
    if (given === null) continue;
    if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') return undefined;
    const text = String(given);
    if (!headerName.test(name) || !headerValue.test(text)) return undefined;
    const lower = name.toLowerCase();
    if (!isHopByHop(lower) && lower !== 'content-length' && lower !== 'x-amzn-requestid') headers.set(lower, text);
  }
  return headers;
}

function cookiesOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isCookie = (cookie: unknown): cookie is string => typeof cookie === 'string' && headerValue.test(cookie);
  return value.every(isCookie) ? value : undefined;
}

function bodyOf(bytes: Uint8Array, members: JsonMembers['members']): Uint8Array | undefined {
  const span = members.get('body');
  const encoded = memberOf(bytes, members.get('isBase64Encoded')) ?? false;
  if (typeof encoded !== 'boolean') return undefined;
  if (span === undefined || textOf(bytes, { start: span.start, end: Math.min(span.end, span.start + 5) }) === 'null') {
    return noBytes;
  }
  // What is no text goes as its JSON.
  if (bytes[span.start] !== 0x22) return encoded ? undefined : bytes.subarray(span.start, span.end);
  const text = stringOf(bytes, span);
  if (text === undefined) return undefined;
  return encoded ? decoded(text) : Buffer.from(text, 'utf8');
}

/** Buffer skips what is no Base64; then there are fewer bytes than the text's length promises. */
function decoded(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  return bytes.byteLength === Math.floor((digits * 3) / 4) ? bytes : undefined;
}

/** A text alone is answered without its quotes (recorded from AWS). */
function asText(payload: Uint8Array): Uint8Array {
  if (payload[0] !== 0x22) return payload;
  const text = stringOf(payload, { start: 0, end: payload.length });
  return text === undefined ? payload : Buffer.from(text, 'utf8');
}

/** One string, however long: parsing it takes as much memory as it has characters. */
function stringOf(bytes: Uint8Array, span: Span): string | undefined {
  try {
    const value: unknown = JSON.parse(textOf(bytes, span));
    return typeof value === 'string' ? value : undefined;
  } catch {
    // A SyntaxError, as above.
    return undefined;
  }
}

function textOf(bytes: Uint8Array, { start, end }: Span): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
