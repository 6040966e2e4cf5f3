/**
 * What Node makes of llhttp's callbacks for one parser: strings, header pairs, limits, the calls of the functions that Node's
 * library puts on the parser. Numbers and orders are those of Node's C++, which its tests and its users see.
 */
import { decodeLatin1 } from '../encodings.ts';
import type { Connection, Connections } from './connections.ts';
import { type Llhttp, type LlhttpCallbacks, llhttpErrors } from './llhttp.ts';

const { ArrayPrototypePush, MathMax, MathMin, ReflectApply, StringPrototypeCharCodeAt, StringPrototypeSlice } =
  primordials;

/** Keys of the functions that Node's library puts on a parser. */
export const callbackKeys = {
  onMessageBegin: 0,
  onHeaders: 1,
  onHeadersComplete: 2,
  onBody: 3,
  onMessageComplete: 4,
  onExecute: 5,
} as const;

export type ParserObject = Record<number, unknown>;

export interface ParseFailure {
  readonly code: string;
  readonly reason: string;
}

/** As many pairs are handed over at a time. */
const headerPairsAtOnce = 31;
const chunkExtensionsBytesMax = 16_384;
/** Of the input that is made a string at once: a head is mostly shorter, and slices of it cost next to nothing. */
const textWindowBytes = 1024;

export interface ReaderOptions {
  readonly llhttp: Llhttp;
  readonly pointer: number;
  readonly isRequest: boolean;
  readonly headerBytesMax: number;
  /** Header values may have any character but NUL, CR and LF; llhttp is more lenient than that then. */
  readonly isRelaxed: boolean;
  readonly connections: Connections | undefined;
  readonly parser: ParserObject;
  readonly now: () => number;
  readonly bodyChunk: (start: number, end: number) => object;
  readonly afterBody: () => void;
}

export class MessageReader implements LlhttpCallbacks, Connection {
  readonly #options: ReaderOptions;
  readonly isRequest: boolean;
  readonly parser: ParserObject;
  messageStart = 0;
  isHeadComplete = false;
  isInBody = false;

  /** A callback threw; whoever ran the parser throws it on. */
  exception: { readonly error: unknown } | undefined;
  /** Why we stopped llhttp ourselves. */
  failure: ParseFailure | undefined;

  #isAbandoned = false;

  #url = '';
  #status = '';
  /** Names and values in turn, the last value possibly still to come. */
  #headers: string[] = [];
  #isValueRead = true;
  #isFlushed = false;
  #headerBytes = 0;
  #extensionBytes = 0;

  #input: Uint8Array | undefined;
  #window = '';
  #windowStart = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.isRequest = options.isRequest;
    this.parser = options.parser;
    // A connection that sends nothing at all must time out, too.
    if (options.connections !== undefined) {
      this.messageStart = options.now();
      options.connections.add(this);
      options.connections.activate(this);
    }
  }

  /** The parser was given back within a callback: nothing more is told, and llhttp stops at the next thing to tell. */
  abandon(): void {
    this.#isAbandoned = true;
    this.remove();
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Before each run: the bytes that positions refer to. */
  begin(input: Uint8Array | undefined): void {
    this.#input = input;
    this.#window = '';
    this.exception = undefined;
    this.failure = undefined;
  }

  remove(): void {
    this.#options.connections?.remove(this);
  }

  onMessageBegin(): number {
    if (this.#isAbandoned) return llhttpErrors.user;
    const { connections } = this.#options;
    this.#headers = [];
    this.#isValueRead = true;
    this.isHeadComplete = false;
    this.#extensionBytes = 0;
    this.messageStart = this.#options.now();
    this.#url = '';
    this.#status = '';
    connections?.add(this);
    connections?.activate(this);
    this.#call(callbackKeys.onMessageBegin, []);
    // As in Node, where nobody learns of it.
    this.exception = undefined;
    return 0;
  }

  onUrl(start: number, end: number): number {
    if (!this.#track(start, end)) return llhttpErrors.user;
    this.#url += this.#text(start, end);
    return 0;
  }

  onStatus(start: number, end: number): number {
    if (!this.#track(start, end)) return llhttpErrors.user;
    this.#status += this.#text(start, end);
    return 0;
  }

  onHeaderField(start: number, end: number): number {
    if (!this.#track(start, end)) return llhttpErrors.user;
    const text = this.#text(start, end);
    const headers = this.#headers;
    if (this.#isValueRead) {
      if (headers.length >= 2 * headerPairsAtOnce) this.#flush();
      ArrayPrototypePush(this.#headers, text, '');
      this.#isValueRead = false;
    } else {
      headers[headers.length - 2] += text;
    }
    if (this.#options.isRelaxed && endsWithSpace(text)) return this.#refuse('Invalid header field char');
    return 0;
  }

  onHeaderValue(start: number, end: number): number {
    if (!this.#track(start, end)) return llhttpErrors.user;
    const text = this.#text(start, end);
    if (this.#options.isRelaxed) {
      if (hasNul(text)) return this.#refuse('Invalid header value char');
      if (this.#isValueRead && start > 0) return this.#refuse('Unexpected whitespace after header value');
    }
    this.#isValueRead = true;
    this.#headers[this.#headers.length - 1] += text;
    return 0;
  }

  onHeadersComplete(isUpgrade: boolean, isKeptAlive: boolean): number {
    if (this.#isAbandoned) return -1;
    this.isHeadComplete = true;
    this.isInBody = true;
    this.#headerBytes = 0;
    const { llhttp, pointer } = this.#options;
    if (typeof this.parser[callbackKeys.onHeadersComplete] !== 'function') return 0;
    let headers: string[] | undefined;
    let url: string | undefined;
    if (this.#isFlushed) {
      this.#flush();
    } else {
      headers = this.#takeHeaders();
      if (this.isRequest) url = this.#url;
    }
    this.#headers = [];
    this.#isValueRead = true;
    const result = this.#call(callbackKeys.onHeadersComplete, [
      llhttp.major(pointer),
      llhttp.minor(pointer),
      headers,
      this.isRequest ? llhttp.method(pointer) : undefined,
      url,
      this.isRequest ? undefined : llhttp.statusCode(pointer),
      this.isRequest ? undefined : this.#status,
      isUpgrade,
      isKeptAlive,
    ]);
    if (this.exception !== undefined) return -1;
    return typeof result === 'number' ? result : result === true ? 1 : 0;
  }

  onBody(start: number, end: number): number {
    if (this.#isAbandoned) return llhttpErrors.user;
    if (start === end || typeof this.parser[callbackKeys.onBody] !== 'function') return 0;
    this.#call(callbackKeys.onBody, [this.#options.bodyChunk(start, end)]);
    this.#options.afterBody();
    return this.exception === undefined ? 0 : llhttpErrors.user;
  }

  onMessageComplete(): number {
    if (this.#isAbandoned) return -1;
    const { connections } = this.#options;
    this.isInBody = false;
    this.messageStart = 0;
    connections?.deactivate(this);
    connections?.add(this);
    if (this.#headers.length > 0) this.#flush();
    this.#call(callbackKeys.onMessageComplete, []);
    return this.exception === undefined ? 0 : -1;
  }

  onChunkHeader(): number {
    this.#headerBytes = 0;
    this.#extensionBytes = 0;
    return 0;
  }

  onChunkExtension(length: number): number {
    this.#extensionBytes += length;
    if (this.#extensionBytes <= chunkExtensionsBytesMax) return 0;
    this.failure = { code: 'HPE_CHUNK_EXTENSIONS_OVERFLOW', reason: 'Chunk extensions overflow' };
    return llhttpErrors.user;
  }

  #track(start: number, end: number): boolean {
    if (this.#isAbandoned) return false;
    this.#headerBytes += end - start;
    if (this.#headerBytes < this.#options.headerBytesMax) return true;
    this.failure = { code: 'HPE_HEADER_OVERFLOW', reason: 'Header overflow' };
    return false;
  }

  #refuse(reason: string): number {
    this.failure = { code: 'HPE_INVALID_HEADER_TOKEN', reason };
    return llhttpErrors.user;
  }

  /** Spills headers (and the URL) to the library: there are many of them, or they come behind the body. */
  #flush(): void {
    if (typeof this.parser[callbackKeys.onHeaders] === 'function') {
      this.#call(callbackKeys.onHeaders, [this.#takeHeaders(), this.#url]);
      this.#url = '';
      this.#isFlushed = true;
    }
    this.#headers = [];
    this.#isValueRead = true;
  }

  #takeHeaders(): string[] {
    const headers = this.#headers;
    if (!this.#isValueRead) headers.length -= 2;
    for (let at = 1; at < headers.length; at += 2) headers[at] = trimmed(headers[at] ?? '');
    return headers;
  }

  #call(key: number, args: readonly unknown[]): unknown {
    const callback = this.parser[key];
    if (typeof callback !== 'function') return undefined;
    try {
      return ReflectApply(callback as AnyFunction, this.parser, args);
    } catch (error) {
      // Not through llhttp's frames: it must come to an orderly stop first.
      this.exception ??= { error };
      return undefined;
    }
  }

  #text(start: number, end: number): string {
    const input = this.#input;
    if (input === undefined || start === end) return '';
    const from = this.#windowStart;
    if (start < from || end > from + this.#window.length) {
      this.#windowStart = start;
      this.#window = decodeLatin1(input, start, MathMin(input.length, MathMax(end, start + textWindowBytes)));
    }
    return StringPrototypeSlice(this.#window, start - this.#windowStart, end - this.#windowStart);
  }
}

const space = 32;
const tab = 9;

function trimmed(value: string): string {
  let end = value.length;
  while (end > 0) {
    const unit = StringPrototypeCharCodeAt(value, end - 1);
    if (unit !== space && unit !== tab) break;
    end--;
  }
  return end === value.length ? value : StringPrototypeSlice(value, 0, end);
}

function endsWithSpace(text: string): boolean {
  return text.length > 0 && StringPrototypeCharCodeAt(text, text.length - 1) === space;
}

function hasNul(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (StringPrototypeCharCodeAt(text, at) === 0) return true;
  }
  return false;
}
