/**
 * `internalBinding('http_parser')`: what Node's `http` runs on, client and server. `http-parser/` has the parser itself and what
 * is made of its callbacks; here are the classes that Node's library sees.
 */
import type { CoreContext } from '../context.ts';
import { bytesOf } from './encodings.ts';
import { Connections } from './http-parser/connections.ts';
import { Llhttp, llhttpErrors } from './http-parser/llhttp.ts';
import { callbackKeys, MessageReader } from './http-parser/message-reader.ts';

const {
  Error,
  FunctionPrototypeCall,
  ObjectKeys,
  ReflectApply,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeSlice,
  Uint8Array,
} = primordials;

interface ParserData {
  readonly constants: Readonly<Record<string, number>>;
  readonly methods: readonly string[];
  readonly allMethods: readonly string[];
}

interface StreamHandle {
  onread: ((this: StreamHandle, bytes: ArrayBuffer | undefined) => unknown) | undefined;
}

interface StreamBinding {
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
}

interface FrameBinding {
  getContinuationPreservedEmbedderData(): unknown;
  setContinuationPreservedEmbedderData(frame: unknown): void;
}

type FastBuffer = new (buffer: ArrayBuffer, offset: number, length: number) => Uint8Array;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  const { constants, methods, allMethods } = library.require<ParserData>('isotherm/data/http-parser');
  const HTTPParser = createParserClass(context);
  const names = ObjectKeys(constants);
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    (HTTPParser as unknown as Record<string, unknown>)[name] = constants[name];
  }
  return { http_parser: { HTTPParser, ConnectionsList: createConnectionsList(context), methods, allMethods } };
}

/** What the class knows of its lists, which have no other way to be reached than through it. */
let connectionsOf: (list: unknown) => Connections | undefined = () => undefined;

function createConnectionsList(context: CoreContext): object {
  class ConnectionsList {
    readonly #connections = new Connections();

    static {
      connectionsOf = (list) =>
        typeof list === 'object' && list !== null && #connections in list ? list.#connections : undefined;
    }

    all(): object[] {
      return this.#connections.all();
    }

    idle(): object[] {
      return this.#connections.idle();
    }

    active(): object[] {
      return this.#connections.active();
    }

    expired(headersTimeout: number, requestTimeout: number): object[] {
      return this.#connections.expired(context.host.hrtime(), headersTimeout >>> 0, requestTimeout >>> 0);
    }
  }
  return ConnectionsList;
}

/** What every native handle of Node's has; nothing here is traced. */
class AsyncWrap {
  getAsyncId(): number {
    return 0;
  }
  asyncReset(): void {}
  getProviderType(): number {
    return 0;
  }
}

function createParserClass(context: CoreContext): object {
  const { library, loop } = context;
  const { FastBuffer } = library.require<{ FastBuffer: FastBuffer }>('internal/buffer');
  const { getOptionValue } = library.require<{ getOptionValue(name: string): unknown }>('internal/options');
  const { kLenientHeaders = 0, kLenientHeaderValueRelaxed = 0 } =
    library.require<ParserData>('isotherm/data/http-parser').constants;
  const frames = library.internalBinding('async_context_frame') as FrameBinding;
  const stream = library.internalBinding('stream_wrap') as StreamBinding;
  let made: Llhttp | undefined;
  // Made ahead of the boot there is no host yet.
  const now = (): number => context.host.hrtime();
  return class HTTPParser extends AsyncWrap {
    [callback: number]: unknown;
    /** llhttp's own object; 0 before the first `initialize` and after `close`. */
    #pointer = 0;
    #llhttp: Llhttp | undefined;
    #reader: MessageReader | undefined;
    #frame: unknown;
    #runs = 0;
    #input: Uint8Array | undefined;
    /** The input's memory belongs to us alone: what is handed on need not be copied. */
    #isInputOwned = false;
    #consumed: { readonly handle: StreamHandle; readonly previous: StreamHandle['onread'] } | undefined;

    /** @param _resource what async hooks see; the context is the one of now */
    initialize(type: number, _resource: object, headerBytesMax = 0, lenientFlags = 0, connections?: unknown): void {
      made ??= new Llhttp(context);
      const llhttp = made;
      this.#llhttp = llhttp;
      if (this.#pointer === 0) this.#pointer = llhttp.allocate(type);
      const isRelaxed = (lenientFlags & kLenientHeaderValueRelaxed) !== 0 && (lenientFlags & kLenientHeaders) === 0;
      llhttp.initialize(this.#pointer, type, isRelaxed ? lenientFlags | kLenientHeaders : lenientFlags);
      this.#frame = frames.getContinuationPreservedEmbedderData();
      this.#reader = new MessageReader({
        llhttp,
        pointer: this.#pointer,
        isRequest: type === 1,
        headerBytesMax: headerBytesMax > 0 ? headerBytesMax : (getOptionValue('--max-http-header-size') as number),
        isRelaxed,
        connections: connectionsOf(connections),
        parser: this,
        now,
        bodyChunk: (start, end) => this.#bodyChunk(start, end),
        // Node runs ticks after each piece of a body that comes straight from a handle: whoever listens sees a body flow before
        // its end is known, and a paused request keeps what it has.
        afterBody: () => {
          if (this.#isInputOwned) loop.runTicks();
        },
      });
    }

    /** Returns how many bytes were read, or the error. */
    execute(view: ArrayBufferView): unknown {
      return this.#run(bytesOf(view), false);
    }

    finish(): unknown {
      return this.#run(undefined, false);
    }

    #run(input: Uint8Array | undefined, isInputOwned: boolean): unknown {
      const reader = this.#reader;
      const llhttp = this.#llhttp;
      if (reader === undefined || llhttp === undefined || this.#pointer === 0) return undefined;
      const pointer = this.#pointer;
      const before = { input: this.#input, isInputOwned: this.#isInputOwned };
      this.#input = input;
      this.#isInputOwned = isInputOwned;
      reader.begin(input);
      const outerFrame = frames.getContinuationPreservedEmbedderData();
      frames.setContinuationPreservedEmbedderData(this.#frame);
      let errno: number;
      this.#runs += 1;
      try {
        errno = input === undefined ? llhttp.finish(pointer, reader) : llhttp.execute(pointer, input, reader);
      } finally {
        frames.setContinuationPreservedEmbedderData(outerFrame);
        this.#input = before.input;
        this.#isInputOwned = before.isInputOwned;
        this.#runs -= 1;
      }
      if (reader.isAbandoned) {
        llhttp.release(pointer);
        if (reader.exception !== undefined) throw reader.exception.error;
        return input?.length;
      }
      let bytesParsed = input?.length ?? 0;
      if (errno !== llhttpErrors.ok) {
        if (input !== undefined) bytesParsed = llhttp.errorPosition;
        if (errno === llhttpErrors.pausedUpgrade) {
          errno = llhttpErrors.ok;
          llhttp.resumeAfterUpgrade(pointer);
        }
      }
      if (reader.exception !== undefined) throw reader.exception.error;
      if (errno !== llhttpErrors.ok && !llhttp.isUpgrade(pointer)) return this.#error(llhttp, errno, bytesParsed);
      return input === undefined ? undefined : bytesParsed;
    }

    #error(llhttp: Llhttp, errno: number, bytesParsed: number): Error {
      const failure = errno === llhttpErrors.user ? this.#reader?.failure : undefined;
      const error: Error & { bytesParsed?: number; code?: string; reason?: string } = new Error('Parse Error');
      error.bytesParsed = bytesParsed;
      error.code = failure?.code ?? llhttp.errorName(errno);
      error.reason = failure?.reason ?? llhttp.errorReason(this.#pointer);
      return error;
    }

    pause(): void {
      if (this.#pointer !== 0) this.#llhttp?.pause(this.#pointer);
    }

    resume(): void {
      if (this.#pointer !== 0) this.#llhttp?.resume(this.#pointer);
    }

    /** What the handle reads goes to the parser, past the stream that owns the handle. */
    consume(handle: StreamHandle): void {
      const parser = this;
      this.#consumed = { handle, previous: handle.onread };
      handle.onread = function (bytes) {
        return parser.#onRead(this, bytes);
      };
    }

    #onRead(handle: StreamHandle, bytes: ArrayBuffer | undefined): unknown {
      const count = stream.streamBaseState[stream.kReadBytesOrError] ?? 0;
      if (count === 0) return undefined;
      if (count < 0 || bytes === undefined) {
        const previous = this.#consumed?.previous;
        return previous === undefined ? undefined : FunctionPrototypeCall(previous as AnyFunction, handle, bytes);
      }
      const input = new Uint8Array(bytes, stream.streamBaseState[stream.kArrayBufferOffset] ?? 0, count);
      const result = this.#run(input, true);
      const callback = this[callbackKeys.onExecute];
      if (typeof callback !== 'function') return undefined;
      this.#input = input;
      const outerFrame = frames.getContinuationPreservedEmbedderData();
      frames.setContinuationPreservedEmbedderData(this.#frame);
      try {
        ReflectApply(callback as AnyFunction, this, [result]);
      } finally {
        frames.setContinuationPreservedEmbedderData(outerFrame);
        this.#input = undefined;
      }
      return undefined;
    }

    unconsume(): void {
      const consumed = this.#consumed;
      if (consumed === undefined) return;
      this.#consumed = undefined;
      consumed.handle.onread = consumed.previous;
    }

    /** A copy of what is being parsed. */
    getCurrentBuffer(): Uint8Array {
      const copy = this.#input === undefined ? new Uint8Array() : TypedArrayPrototypeSlice(this.#input);
      return buffer(FastBuffer, copy, 0, copy.length);
    }

    #bodyChunk(start: number, end: number): Uint8Array {
      const input = this.#input ?? new Uint8Array();
      if (this.#isInputOwned) return buffer(FastBuffer, input, start, end);
      return buffer(FastBuffer, TypedArrayPrototypeSlice(input, start, end), 0, end - start);
    }

    remove(): void {
      this.#reader?.remove();
    }

    /** Kept for another connection, unless llhttp is at work within it: that ends by itself and is not used again. */
    free(): void {
      if (this.#runs === 0) return;
      this.#reader?.abandon();
      this.#reader = undefined;
      this.#pointer = 0;
    }

    close(): void {
      this.free();
      if (this.#pointer === 0) return;
      this.#llhttp?.release(this.#pointer);
      this.#pointer = 0;
    }
  };
}

function buffer(FastBuffer: FastBuffer, bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new FastBuffer(
    TypedArrayPrototypeGetBuffer(bytes),
    TypedArrayPrototypeGetByteOffset(bytes) + start,
    end - start,
  );
}
