/**
 * Adds headers to the HTTP/1.1 requests that a guest sends on a connection. It follows the framing only as far as it takes to know
 * where heads are, and takes nothing that two readers could read in two ways: then the server behind could find a request in what
 * passed here as a body, and answer it with credentials that were not meant for it (request smuggling). Bodies pass as they are.
 *
 *     head    = method SP "/" ... SP "HTTP/1.1" CRLF *( name ":" value CRLF ) CRLF
 *     framing = none | Content-Length: digits | Transfer-Encoding: chunked
 *     chunk   = hex digits CRLF bytes CRLF, no extensions; after the last one no trailers
 */
import { limits } from '../model/limits.ts';
import { RefusedError } from './refused-error.ts';

/** Headers to add, by name in lower case, to requests for this host; undefined when it may not be asked here. */
export type HeadersFor = (host: string) => ReadonlyMap<string, string> | undefined;

type State =
  | { readonly at: 'head' }
  | { readonly at: 'body'; left: number }
  | { readonly at: 'chunk-size' }
  | { readonly at: 'chunk'; left: number }
  /** The line break behind a chunk, or behind the last one. */
  | { readonly at: 'chunk-end'; readonly next: 'chunk-size' | 'head' };

export class RequestHeads {
  readonly #headersFor: HeadersFor;
  #state: State = { at: 'head' };
  /** The beginning of a head, or of a line between chunks. */
  #held: Buffer = noBytes;

  constructor(headersFor: HeadersFor) {
    this.#headersFor = headersFor;
  }

  /**
   * What may go out now.
   * @throws RefusedError; nothing may be pushed afterwards
   */
  push(bytes: Uint8Array): Uint8Array {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let rest = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = noBytes;
    const out: Uint8Array[] = [];
    while (rest.byteLength > 0) {
      const used = this.#step(rest, out);
      if (used === 0) {
        // Copied: what was pushed is not ours to keep.
        this.#held = Buffer.from(rest);
        break;
      }
      rest = rest.subarray(used);
    }
    return out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out);
  }

  /** Returns how much it used; 0 when more must come first. */
  #step(rest: Buffer, out: Uint8Array[]): number {
    const state = this.#state;
    switch (state.at) {
      case 'head':
        return this.#head(rest, out);
      case 'body':
      case 'chunk': {
        const passed = rest.subarray(0, Math.min(state.left, rest.byteLength));
        out.push(passed);
        state.left -= passed.byteLength;
        if (state.left === 0) {
          this.#state = state.at === 'body' ? { at: 'head' } : { at: 'chunk-end', next: 'chunk-size' };
        }
        return passed.byteLength;
      }
      case 'chunk-size': {
        const line = lineOf(rest, chunkLineBytesMax);
        if (line === undefined) return 0;
        if (!chunkSizePattern.test(line)) refuse('a chunk must begin with its length, and nothing else');
        const left = Number.parseInt(line, 16);
        out.push(rest.subarray(0, line.length + 2));
        this.#state = left === 0 ? { at: 'chunk-end', next: 'head' } : { at: 'chunk', left };
        return line.length + 2;
      }
      case 'chunk-end': {
        const line = lineOf(rest, 0);
        if (line === undefined) return 0;
        out.push(rest.subarray(0, 2));
        this.#state = { at: state.next };
        return 2;
      }
      default:
        return state satisfies never;
    }
  }

  #head(rest: Buffer, out: Uint8Array[]): number {
    const end = rest.indexOf('\r\n\r\n');
    const bytes = end < 0 ? rest.byteLength : end + 4;
    if (bytes > limits.requestHeadBytesMax) {
      refuse(`the head of a request must be at most ${limits.requestHeadBytesMax} bytes long (requestHeadBytesMax)`);
    }
    if (end < 0) {
      // What cannot become a head is told at once: the other side of a protocol that is not HTTP would wait for ever.
      if (!beginsLikeRequest(rest)) refuse('this connection takes HTTP/1.1 requests only');
      return 0;
    }
    const [requestLine = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    checkRequestLine(requestLine);
    if (lines.length > limits.requestHeadersMax) {
      refuse(`a request must have at most ${limits.requestHeadersMax} headers (requestHeadersMax)`);
    }
    const headers = lines.map(headerOf);
    const added = this.#headersFor(hostOf(headers)) ?? refuse('the host header must be that of the rule with headers');
    this.#state = framingOf(headers);
    checkConnection(headers);
    const replaced = new Set([...added.keys()].map(comparable));
    const kept = headers.filter(({ name }) => !replaced.has(comparable(name))).map(({ line }) => line);
    const own = [...added].map(([name, value]) => `${name}: ${value}`);
    out.push(Buffer.from(`${[requestLine, ...kept, ...own].join('\r\n')}\r\n\r\n`, 'latin1'));
    return bytes;
  }
}

interface Header {
  readonly line: string;
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

const noBytes = Buffer.alloc(0);
const chunkLineBytesMax = 16;
/** Fewer digits than a double loses count at. */
const chunkSizePattern = /^[0-9a-fA-F]{1,12}$/;
const lengthPattern = /^\d{1,15}$/;
const requestLinePattern = /^([A-Z][A-Z-]{0,31}) (\/[\x21-\x7e]*|\*) HTTP\/1\.1$/;
/** No spaces before the colon, no continued lines, and no control characters in a value. Bytes over 127 pass as they are. */
const headerPattern =
  /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;
const methodBytesMax = 32;

function beginsLikeRequest(bytes: Buffer): boolean {
  const begin = bytes.toString('latin1', 0, methodBytesMax);
  return /^[A-Z][A-Z-]*(?: |$)/.test(begin);
}

function checkRequestLine(line: string): void {
  const match = requestLinePattern.exec(line);
  if (match === null) refuse('a request must begin with METHOD /PATH HTTP/1.1');
  if (match[1] === 'CONNECT') refuse('CONNECT would make a tunnel of the connection');
}

function headerOf(line: string): Header {
  const match = headerPattern.exec(line);
  if (match === null) return refuse('a header must be one line of NAME: VALUE without control characters');
  return { line, name: (match[1] ?? '').toLowerCase(), value: match[2] ?? '' };
}

function valuesOf(headers: readonly Header[], name: string): string[] {
  return headers.filter((header) => header.name === name).map(({ value }) => value);
}

function hostOf(headers: readonly Header[]): string {
  const [host, more] = valuesOf(headers, 'host');
  return host === undefined || more !== undefined ? refuse('a request must have one host header') : host.toLowerCase();
}

function framingOf(headers: readonly Header[]): State {
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  const [length] = lengths;
  const [coding] = codings;
  if (lengths.length + codings.length > 1) {
    return refuse('a request must have one content-length or one transfer-encoding, not both, not twice');
  }
  if (coding !== undefined) {
    return coding.toLowerCase() === 'chunked' ? { at: 'chunk-size' } : refuse('transfer-encoding must be chunked');
  }
  if (length === undefined) return { at: 'head' };
  if (!lengthPattern.test(length)) return refuse('content-length must be a number');
  const left = Number(length);
  return left === 0 ? { at: 'head' } : { at: 'body', left };
}

/** What turns the connection into something else, or has a proxy drop headers, ours among them. */
function checkConnection(headers: readonly Header[]): void {
  if (headers.some(({ name }) => name === 'upgrade')) refuse('upgrade would turn the connection into another protocol');
  if (headers.some(({ name }) => name === 'trailer')) refuse('trailers are not passed on');
  const tokens = valuesOf(headers, 'connection').flatMap((value) => value.toLowerCase().split(','));
  const odd = tokens.map((token) => token.trim()).find((token) => token !== 'keep-alive' && token !== 'close');
  if (odd !== undefined) refuse('connection must be keep-alive or close');
}

/** Servers that hand headers on as variables take `x_api_key` for `x-api-key`. */
function comparable(name: string): string {
  return name.replaceAll('_', '-');
}

/** Without its end; undefined when it is not all there. */
function lineOf(rest: Buffer, bytesMax: number): string | undefined {
  const end = rest.indexOf('\r\n');
  if (end > bytesMax || (end < 0 && rest.byteLength > bytesMax + 1))
    return refuse('a chunk must end where its length says');
  if (end >= 0) return rest.toString('latin1', 0, end);
  if (bytesMax === 0 && rest[0] !== carriageReturn) return refuse('a chunk must end where its length says');
  return undefined;
}

const carriageReturn = 0x0d;

function refuse(rule: string): never {
  throw new RefusedError(
    `${rule}: the host adds headers to requests on this connection, and takes nothing that can be read in two ways`,
  );
}
