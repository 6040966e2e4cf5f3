/**
 * llhttp, the parser that Node itself uses, as one WebAssembly instance in each guest that speaks HTTP. The code is compiled once
 * in the sandbox and shared; a guest pays for an instance with two pages of memory. Compared with a parser of our own it decides
 * every odd message as Node does, for the same time: 0.4 ms at first use and 1 us a message then (2 cores, 2026-11).
 *
 * Knows bytes, callbacks and error numbers. What a message is made of is `parser.ts`'s business.
 */
import type { CoreContext } from '../../context.ts';
import { decodeLatin1 } from '../encodings.ts';

const {
  MathCeil,
  MathMax,
  MathMin,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  Uint8Array,
  Uint32Array,
  WebAssemblyInstance,
} = primordials;

/** What a parser is told while it runs; positions are those of the input. Anything but 0 stops it, as in llhttp's API. */
export interface LlhttpCallbacks {
  readonly isRequest: boolean;
  onMessageBegin(): number;
  onUrl(start: number, end: number): number;
  onStatus(start: number, end: number): number;
  onHeaderField(start: number, end: number): number;
  onHeaderValue(start: number, end: number): number;
  onHeadersComplete(isUpgrade: boolean, isKeptAlive: boolean): number;
  onBody(start: number, end: number): number;
  onMessageComplete(): number;
  /** The size of a chunk is known, its extensions were read. */
  onChunkHeader(): number;
  onChunkExtension(length: number): number;
  /** Between the end of the headers and the end of the message. */
  readonly isInBody: boolean;
}

export const llhttpErrors = { ok: 0, closedConnection: 5, paused: 21, pausedUpgrade: 22, user: 24 } as const;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(size: number): number;
  free(pointer: number): void;
  llhttp_alloc(type: number): number;
  llhttp_init(parser: number, type: number, settings: number): void;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_pause(parser: number): void;
  llhttp_resume(parser: number): void;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_get_status_code(parser: number): number;
  llhttp_get_upgrade(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_errno_name(errno: number): number;
  llhttp_set_lenient_headers(parser: number, enabled: number): void;
  llhttp_set_lenient_chunked_length(parser: number, enabled: number): void;
  llhttp_set_lenient_keep_alive(parser: number, enabled: number): void;
  llhttp_set_lenient_transfer_encoding(parser: number, enabled: number): void;
  llhttp_set_lenient_version(parser: number, enabled: number): void;
  llhttp_set_lenient_data_after_close(parser: number, enabled: number): void;
  llhttp_set_lenient_optional_lf_after_cr(parser: number, enabled: number): void;
  llhttp_set_lenient_optional_crlf_after_chunk(parser: number, enabled: number): void;
  llhttp_set_lenient_optional_cr_before_lf(parser: number, enabled: number): void;
  llhttp_set_lenient_spaces_after_chunk_size(parser: number, enabled: number): void;
}

/** By bit, as Node numbers its lenient flags. */
const lenientSetters = [
  'llhttp_set_lenient_headers',
  'llhttp_set_lenient_chunked_length',
  'llhttp_set_lenient_keep_alive',
  'llhttp_set_lenient_transfer_encoding',
  'llhttp_set_lenient_version',
  'llhttp_set_lenient_data_after_close',
  'llhttp_set_lenient_optional_lf_after_cr',
  'llhttp_set_lenient_optional_crlf_after_chunk',
  'llhttp_set_lenient_optional_cr_before_lf',
  'llhttp_set_lenient_spaces_after_chunk_size',
] as const;

/** `llhttp_t.settings`, and the members of `llhttp_settings_t` in their order, as numbers of four bytes each. */
const settingsOffset = 56;
const settingsMembers = 25;
const member = { onMessageBegin: 0, onUrl: 2, onStatus: 3, onExtensionName: 8, onExtensionValue: 9, onChunkHeader: 22 };

/** Of the memory that input is copied to. A longer input is parsed in pieces. */
const inputBytesMax = 65_536;
const inputBytesStep = 4096;

const requestType = 1;
const reasonCharsMax = 128;

export class Llhttp {
  readonly #exports: Exports;
  /** Whose callbacks are meant, and where its input lies: callbacks may run other parsers. */
  #running: LlhttpCallbacks | undefined;
  #inputPointer = 0;
  #inputOffset = 0;
  #depth = 0;
  readonly #inputs: { pointer: number; size: number }[] = [];
  readonly #settings: Record<number, number | undefined> = {
    // @ts-expect-error a null prototype
    __proto__: null,
  };
  /** Where the latest `execute` that failed had come to. */
  errorPosition = 0;

  constructor({ library }: CoreContext) {
    const module = library.require<object>('isotherm/wasm/llhttp');
    this.#exports = new WebAssemblyInstance(module, { env: this.#imports() }).exports as Exports;
  }

  allocate(type: number): number {
    return this.#exports.llhttp_alloc(type);
  }

  release(parser: number): void {
    this.#exports.llhttp_free(parser);
  }

  initialize(parser: number, type: number, lenientFlags: number): void {
    this.#exports.llhttp_init(parser, type, this.#settingsFor(parser, type));
    for (let bit = 0; bit < lenientSetters.length; bit++) {
      const setter = lenientSetters[bit];
      if (setter !== undefined && (lenientFlags & (1 << bit)) !== 0) this.#exports[setter](parser, 1);
    }
  }

  /** Runs the parser over the input and returns llhttp's error number; see `errorPosition`. */
  execute(parser: number, input: Uint8Array, callbacks: LlhttpCallbacks): number {
    const { length } = input;
    let errno: number = llhttpErrors.ok;
    let at = 0;
    do {
      const piece = MathMin(length - at, inputBytesMax);
      errno = this.#executePiece(parser, TypedArrayPrototypeSubarray(input, at, at + piece), at, callbacks);
      at += piece;
    } while (errno === llhttpErrors.ok && at < length);
    return errno;
  }

  #executePiece(parser: number, piece: Uint8Array, offset: number, callbacks: LlhttpCallbacks): number {
    const before = { running: this.#running, pointer: this.#inputPointer, offset: this.#inputOffset };
    const pointer = this.#inputAt(this.#depth, piece.length);
    this.#running = callbacks;
    this.#inputPointer = pointer;
    this.#inputOffset = offset;
    this.#depth += 1;
    try {
      TypedArrayPrototypeSet(new Uint8Array(this.#exports.memory.buffer, pointer, piece.length), piece);
      const errno = this.#exports.llhttp_execute(parser, pointer, piece.length);
      if (errno !== llhttpErrors.ok) {
        this.errorPosition = offset + this.#exports.llhttp_get_error_pos(parser) - pointer;
      }
      return errno;
    } finally {
      this.#depth -= 1;
      this.#running = before.running;
      this.#inputPointer = before.pointer;
      this.#inputOffset = before.offset;
    }
  }

  finish(parser: number, callbacks: LlhttpCallbacks): number {
    const before = this.#running;
    this.#running = callbacks;
    try {
      return this.#exports.llhttp_finish(parser);
    } finally {
      this.#running = before;
    }
  }

  pause(parser: number): void {
    this.#exports.llhttp_pause(parser);
  }

  resume(parser: number): void {
    this.#exports.llhttp_resume(parser);
  }

  resumeAfterUpgrade(parser: number): void {
    this.#exports.llhttp_resume_after_upgrade(parser);
  }

  major(parser: number): number {
    return this.#exports.llhttp_get_http_major(parser);
  }

  minor(parser: number): number {
    return this.#exports.llhttp_get_http_minor(parser);
  }

  method(parser: number): number {
    return this.#exports.llhttp_get_method(parser);
  }

  statusCode(parser: number): number {
    return this.#exports.llhttp_get_status_code(parser);
  }

  isUpgrade(parser: number): boolean {
    return this.#exports.llhttp_get_upgrade(parser) !== 0;
  }

  errorReason(parser: number): string {
    return this.#text(this.#exports.llhttp_get_error_reason(parser));
  }

  /** `HPE_INVALID_METHOD` and the like. */
  errorName(errno: number): string {
    return this.#text(this.#exports.llhttp_errno_name(errno));
  }

  #text(pointer: number): string {
    if (pointer === 0) return '';
    const { buffer } = this.#exports.memory;
    const bytes = new Uint8Array(buffer, pointer, MathMin(reasonCharsMax, buffer.byteLength - pointer));
    let end = 0;
    while (end < bytes.length && bytes[end] !== 0) end++;
    return decodeLatin1(bytes, 0, end);
  }

  /** One input for each depth of parsers that callbacks run. */
  #inputAt(depth: number, length: number): number {
    let input = this.#inputs[depth];
    if (input === undefined) {
      input = { pointer: 0, size: 0 };
      this.#inputs[depth] = input;
    }
    if (length > input.size || input.pointer === 0) {
      if (input.pointer !== 0) this.#exports.free(input.pointer);
      input.size = MathMax(1, MathCeil(length / inputBytesStep)) * inputBytesStep;
      input.pointer = this.#exports.malloc(input.size);
    }
    return input.pointer;
  }

  /**
   * The settings that `llhttp_alloc` gives, and callbacks for chunks. Those have no import of their own, so they share one that
   * cannot mean anything else at that point: a request has no status, a response no URL, a body no beginning of a message.
   */
  #settingsFor(parser: number, type: number): number {
    const known = this.#settings[type];
    if (known !== undefined) return known;
    const { memory, malloc } = this.#exports;
    const given = new Uint32Array(memory.buffer, parser + settingsOffset, 1)[0] ?? 0;
    const pointer = malloc(4 * settingsMembers);
    const settings = new Uint32Array(memory.buffer, pointer, settingsMembers);
    const givenMembers = new Uint32Array(memory.buffer, given, settingsMembers);
    for (let at = 0; at < settingsMembers; at++) settings[at] = givenMembers[at] ?? 0;
    const extension = settings[type === requestType ? member.onStatus : member.onUrl] ?? 0;
    settings[member.onExtensionName] = extension;
    settings[member.onExtensionValue] = extension;
    settings[member.onChunkHeader] = settings[member.onMessageBegin] ?? 0;
    this.#settings[type] = pointer;
    return pointer;
  }

  #imports(): Record<string, (parser: number, at: number, length: number, last: number) => number> {
    const span =
      (call: (callbacks: LlhttpCallbacks, start: number, end: number) => number) =>
      (_: number, at: number, length: number): number => {
        const start = this.#inputOffset + at - this.#inputPointer;
        return this.#running === undefined ? llhttpErrors.user : call(this.#running, start, start + length);
      };
    return {
      wasm_on_message_begin: () => {
        const running = this.#running;
        if (running === undefined) return llhttpErrors.user;
        return running.isInBody ? running.onChunkHeader() : running.onMessageBegin();
      },
      wasm_on_url: span((callbacks, start, end) =>
        callbacks.isRequest ? callbacks.onUrl(start, end) : callbacks.onChunkExtension(end - start),
      ),
      wasm_on_status: span((callbacks, start, end) =>
        callbacks.isRequest ? callbacks.onChunkExtension(end - start) : callbacks.onStatus(start, end),
      ),
      wasm_on_header_field: span((callbacks, start, end) => callbacks.onHeaderField(start, end)),
      wasm_on_header_value: span((callbacks, start, end) => callbacks.onHeaderValue(start, end)),
      wasm_on_headers_complete: (_, _status, upgrade, keepAlive) =>
        this.#running?.onHeadersComplete(upgrade === 1, keepAlive === 1) ?? llhttpErrors.user,
      wasm_on_body: span((callbacks, start, end) => callbacks.onBody(start, end)),
      wasm_on_message_complete: () => this.#running?.onMessageComplete() ?? llhttpErrors.user,
    };
  }
}
