/**
 * `internalBinding('zlib')`: Node's zlib handles over the service of that name. Node's library (`lib/zlib`) keeps `buffer`, `cb`,
 * `onerror` and more on a handle: all that is ours is private.
 */
import type { BridgeReply, BridgeValue } from '../../../src/bridge/services.ts';
import { failureMarker } from '../../../src/bridge/services.ts';
import { zlibOperations, zlibProgress } from '../../../src/bridge/zlib.ts';
import type { CoreContext } from '../context.ts';
import { type Bytes, bytesOf } from './encodings.ts';

const {
  ArrayBufferPrototypeSlice,
  ArrayIsArray,
  ArrayPrototypeJoin,
  Error,
  MathMin,
  ObjectDefineProperty,
  ObjectFreeze,
  StringPrototypeCharCodeAt,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  Uint32Array,
  Uint8Array,
} = primordials;

/** Sent at once; what is longer follows when the codec has taken it. */
const inputBytesMax = 1024 * 1024;

export function createBindings(context: CoreContext): Record<string, object> {
  completeConstants(context.library.internalBinding('constants') as { zlib: Record<string, number> });
  const Handle = createHandle(context);
  class Zlib extends Handle {
    init(windowBits: number, level: number, memLevel: number, strategy: number, ...rest: ZlibInit): void {
      const [writeState, processCallback, dictionary, reject] = rest;
      const numbers = [this.mode, windowBits, level, memLevel, strategy, reject === true ? 1 : 0];
      this.begin(numbers, writeState, processCallback, dictionary);
    }
  }
  class Brotli extends Handle {
    init(
      params: Uint32Array,
      writeState: Uint32Array,
      processCallback: () => void,
      dictionary?: ArrayBufferView,
    ): void {
      this.begin([this.mode, '-', 0], writeState, processCallback, dictionary);
      this.check(params);
    }
  }
  class Zstd extends Handle {
    init(params: Uint32Array, pledgedSrcSize: number | undefined, ...rest: ZlibInit): void {
      const [writeState, processCallback, dictionary, reject] = rest;
      this.begin([this.mode, pledgedSrcSize ?? '-', reject === true ? 1 : 0], writeState, processCallback, dictionary);
      this.check(params);
    }
  }
  return {
    zlib: {
      Zlib,
      BrotliEncoder: class BrotliEncoder extends Brotli {},
      BrotliDecoder: class BrotliDecoder extends Brotli {},
      ZstdCompress: class ZstdCompress extends Zstd {
        constructor() {
          super(zstdCompressMode);
        }
      },
      ZstdDecompress: class ZstdDecompress extends Zstd {
        constructor() {
          super(zstdDecompressMode);
        }
      },
      crc32: createCrc32(context),
    },
  };
}

/** What JSON could not carry; and as Node's, these can not be assigned to. */
function completeConstants({ zlib }: { readonly zlib: Record<string, number> }): void {
  zlib.Z_MAX_CHUNK = Infinity;
  ObjectFreeze(zlib);
}

const zstdCompressMode = 10;
const zstdDecompressMode = 11;

type ZlibInit = [
  writeState: Uint32Array,
  processCallback: () => void,
  dictionary: ArrayBufferView | undefined,
  rejectGarbageAfterEnd: boolean | undefined,
];

/** What the codec answered and the stream has not taken yet. */
interface Ready {
  bytes: Bytes;
  at: number;
  /** There is more to come. */
  isMore: boolean;
  availIn: number;
  error: readonly [message: string, errno: number, code: string] | undefined;
}

function createHandle(context: CoreContext) {
  const { services, loop } = context;
  return class Handle {
    readonly mode: number;
    declare onerror: (message: string, errno: number, code: string) => void;
    #id = 0;
    #isOpen = false;
    #isClosed = false;
    /** The sandbox has closed the codec behind the last output. */
    #hasEnded = false;
    #spec = '';
    #dictionary: ArrayBuffer | undefined;
    #writeState: Uint32Array | undefined;
    #processCallback: (() => void) | undefined;
    #ready: Ready | undefined;
    /** The stream will ask for more of the same: its last piece was full. */
    #goesOn = false;
    #input: Bytes | undefined;
    #inputAt = 0;
    /** Of the part that the codec has. */
    #flush = 0;
    #pending: Write | undefined;

    constructor(mode: number) {
      this.mode = mode;
      // A handle is no place for the user to look at, but `mode` is ours.
      ObjectDefineProperty(this, 'mode', { __proto__: null, value: mode } as PropertyDescriptor);
    }

    begin(
      spec: readonly (number | string)[],
      writeState: Uint32Array,
      processCallback: () => void,
      dictionary: ArrayBufferView | undefined,
    ): void {
      this.#spec = ArrayPrototypeJoin(spec, ',');
      this.#writeState = writeState;
      this.#processCallback = processCallback;
      this.#dictionary = dictionary === undefined ? undefined : exactBytes(bytesOf(dictionary));
      this.#id = services.listen('zlib', (_kind, values) => this.#onStepped(values));
    }

    /** With parameters Node may refuse the codec, and says so when it is made. */
    check(params: Uint32Array): void {
      let isPlain = this.#dictionary === undefined;
      for (let key = 0; key < params.length; key++) {
        const value = params[key] ?? 0;
        if (value === 0xffff_ffff) continue;
        this.#spec += `,${key},${value | 0}`;
        isPlain = false;
      }
      if (isPlain) return;
      const failure = this.#open();
      if (!isFailure(failure)) return;
      this.close();
      const error = new Error(text(failure[1]));
      ObjectDefineProperty(error, 'code', {
        // @ts-expect-error descriptors are read through the prototype, which the user owns
        __proto__: null,
        value: text(failure[2]),
        configurable: true,
        enumerable: true,
        writable: true,
      });
      throw error;
    }

    writeSync(...write: WriteArguments): void {
      this.#accept(write);
      for (;;) {
        if (this.#serve(write)) return;
        if (this.#isRefused()) continue;
        const spec = this.#unsaid();
        const input = this.#nextInput(write[0]);
        const pieceBytes = pieceBytesOf(write);
        const reply = services.ask(
          'zlib',
          zlibOperations.step,
          this.#id,
          this.#flush,
          this.#roomBytes(write),
          pieceBytes,
          input,
          spec,
        );
        this.#take(isList(reply) ? reply : []);
      }
    }

    write(...write: WriteArguments): void {
      this.#accept(write);
      this.#pending = { arguments: write };
      loop.hold();
      this.#advance();
    }

    #advance(): void {
      const write = this.#pending?.arguments;
      if (write === undefined) return;
      if (this.#canServe(write[6]) || this.#isRefused()) {
        // Node calls back from the event loop, also for what is there already.
        loop.enqueueOperation(() => this.#complete(write));
        return;
      }
      const spec = this.#unsaid();
      const input = this.#nextInput(write[0]);
      const pieceBytes = pieceBytesOf(write);
      const roomBytes = this.#roomBytes(write);
      services.start('zlib', zlibOperations.write, this.#id, this.#flush, roomBytes, pieceBytes, input, spec);
    }

    #onStepped(values: readonly BridgeValue[]): void {
      if (this.#pending === undefined) return;
      this.#take(values);
      const write = this.#pending.arguments;
      if (this.#canServe(write[6])) this.#complete(write);
      else this.#advance();
    }

    #complete(write: WriteArguments): void {
      if (this.#pending?.arguments !== write) return;
      this.#pending = undefined;
      loop.release();
      const isError = this.#ready?.error !== undefined && this.#available() < write[6];
      this.#serve(write);
      if (!isError) this.#processCallback?.();
    }

    params(level: number, strategy: number): void {
      if (!this.#isOpen) this.#open();
      this.#tellFailure(services.ask('zlib', zlibOperations.params, this.#id, level, strategy));
    }

    reset(): void {
      this.#ready = undefined;
      this.#goesOn = false;
      this.#input = undefined;
      this.#hasEnded = false;
      if (this.#isOpen) this.#tellFailure(services.ask('zlib', zlibOperations.reset, this.#id));
    }

    close(): void {
      if (this.#isClosed) return;
      this.#isClosed = true;
      if (this.#isOpen) services.ask('zlib', zlibOperations.close, this.#id);
      services.forget('zlib', this.#id);
      this.#ready = undefined;
      this.#input = undefined;
      if (this.#pending === undefined) return;
      // As Node: the stream learns that its write is over, and sees that it was destroyed.
      this.#pending = undefined;
      loop.enqueueOperation(() => {
        loop.release();
        this.#processCallback?.();
      });
    }

    getAsyncId(): number {
      return 0;
    }

    #open(): BridgeReply {
      this.#isOpen = true;
      return services.ask('zlib', zlibOperations.open, this.#id, this.#spec, this.#dictionary);
    }

    /** What the codec is made of goes with the first step. */
    #unsaid(): string | undefined {
      if (this.#isOpen) return undefined;
      this.#isOpen = true;
      return this.#spec;
    }

    /** A dictionary goes ahead of the first step. Node has an error of this write where it takes none. */
    #isRefused(): boolean {
      if (this.#isOpen || this.#dictionary === undefined) return false;
      const failure = this.#open();
      if (!isFailure(failure)) return false;
      this.#take([undefined, 0, zlibProgress.idle, failure[1], memoryErrno, failure[2]]);
      return true;
    }

    /** Either the stream goes on where its last piece was full, or this is new input. */
    #accept([, input, inputAt, inputBytes]: WriteArguments): void {
      if (this.#goesOn) return;
      // Node's streams write once more behind the end, with nothing; whatever else comes there is taken by nobody.
      this.#ready = this.#hasEnded ? { ...nothingMore, availIn: inputBytes } : undefined;
      this.#input =
        input === null || input === undefined || this.#hasEnded
          ? noBytes
          : TypedArrayPrototypeSubarray(bytesOf(input), inputAt, inputAt + inputBytes);
      this.#inputAt = 0;
    }

    #unsentBytes(): number {
      return this.#input === undefined ? 0 : TypedArrayPrototypeGetLength(this.#input) - this.#inputAt;
    }

    /** Nothing while the codec has not taken what it has. Only behind the last part is flushed; with those before it just goes on. */
    #nextInput(flush: number): ArrayBuffer | undefined {
      if (this.#input === undefined || this.#ready?.isMore === true) return undefined;
      this.#flush = this.#unsentBytes() > inputBytesMax ? 0 : flush;
      const from = this.#inputAt;
      const to = from + MathMin(this.#unsentBytes(), inputBytesMax);
      this.#inputAt = to;
      return exactBytes(TypedArrayPrototypeSubarray(this.#input, from, to));
    }

    #take(values: readonly BridgeValue[]): void {
      const given = values[0];
      const bytes = typeof given === 'object' ? new Uint8Array(given) : noBytes;
      const message = values[3];
      const before = this.#ready;
      const left = before === undefined ? noBytes : TypedArrayPrototypeSubarray(before.bytes, before.at);
      this.#ready = {
        bytes: joined(left, bytes),
        at: 0,
        isMore: values[2] === zlibProgress.more,
        availIn: whole(values[1]),
        error: typeof message === 'string' ? [message, whole(values[4]), text(values[5])] : undefined,
      };
      if (values[2] === zlibProgress.ended) {
        this.#hasEnded = true;
        this.#isOpen = false;
      }
      // The answer to a question that the sandbox could not make sense of.
      if (values.length === 0) this.#ready.error = ['Write failed', -2, 'Z_STREAM_ERROR'];
    }

    #available(): number {
      return this.#ready === undefined ? 0 : TypedArrayPrototypeGetLength(this.#ready.bytes) - this.#ready.at;
    }

    /** What the codec has put out already is in the piece that the stream fills. */
    #roomBytes(write: WriteArguments): number {
      return write[6] - this.#available();
    }

    /** Whether the codec has settled it all, or its output fills what the stream wants now. */
    #canServe(room: number): boolean {
      const ready = this.#ready;
      if (ready === undefined) return false;
      if (this.#available() >= room || ready.error !== undefined) return true;
      const isEnded = ready.availIn > 0;
      return !ready.isMore && (isEnded || this.#unsentBytes() === 0);
    }

    #serve([, , , , output, outputAt, room]: WriteArguments): boolean {
      const ready = this.#ready;
      if (ready === undefined || !this.#canServe(room)) return false;
      const count = MathMin(this.#available(), room);
      if (count < room && ready.error !== undefined) {
        const [message, errno, code] = ready.error;
        this.#goesOn = false;
        this.#ready = undefined;
        this.onerror(message, errno, code);
        return true;
      }
      TypedArrayPrototypeSet(
        bytesOf(output),
        TypedArrayPrototypeSubarray(ready.bytes, ready.at, ready.at + count),
        outputAt,
      );
      ready.at += count;
      this.#goesOn = count === room;
      if (this.#writeState !== undefined) {
        this.#writeState[0] = room - count;
        this.#writeState[1] = ready.availIn + this.#unsentBytes();
      }
      if (!this.#goesOn) this.#ready = undefined;
      return true;
    }

    #tellFailure(failure: BridgeReply): void {
      if (isFailure(failure)) this.onerror(text(failure[1]), whole(failure[2]), text(failure[3]));
    }
  };
}

interface Write {
  readonly arguments: WriteArguments;
}

type WriteArguments = [
  flush: number,
  input: ArrayBufferView | null | undefined,
  inputAt: number,
  inputBytes: number,
  output: ArrayBufferView,
  outputAt: number,
  outputBytes: number,
];

/** Z_MEM_ERROR: what Node's errors carry where a codec could not be made. */
const memoryErrno = -4;

/** How much its stream takes at once: it fills one buffer of that size after the other. */
function pieceBytesOf(write: WriteArguments): number {
  return TypedArrayPrototypeGetLength(bytesOf(write[4]));
}

const noBytes = new Uint8Array(0);
const nothingMore: Ready = { bytes: noBytes, at: 0, isMore: false, availIn: 0, error: undefined };

function joined(first: Bytes, second: Bytes): Bytes {
  const length = TypedArrayPrototypeGetLength(first);
  if (length === 0) return second;
  const whole = new Uint8Array(length + TypedArrayPrototypeGetLength(second));
  TypedArrayPrototypeSet(whole, first, 0);
  TypedArrayPrototypeSet(whole, second, length);
  return whole;
}

function exactBytes(bytes: Bytes): ArrayBuffer {
  const from = TypedArrayPrototypeGetByteOffset(bytes);
  return ArrayBufferPrototypeSlice(
    TypedArrayPrototypeGetBuffer(bytes),
    from,
    from + TypedArrayPrototypeGetLength(bytes),
  );
}

function isFailure(reply: BridgeReply): reply is readonly BridgeValue[] {
  return isList(reply) && reply[0] === failureMarker;
}

function isList(reply: BridgeReply): reply is readonly BridgeValue[] {
  return ArrayIsArray(reply);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function whole(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** From this on the sandbox computes it: the copy costs less than the loop. */
const crcUnitsMin = 16_384;

function createCrc32({ services }: CoreContext): (data: string | ArrayBufferView, value: number) => number {
  let table: Uint32Array | undefined;
  const loop = (value: number, length: number, unit: (at: number) => number): number => {
    table ??= crcTable();
    let crc = ~value;
    for (let at = 0; at < length; at++) crc = (crc >>> 8) ^ (table[(crc ^ unit(at)) & 255] ?? 0);
    return ~crc >>> 0;
  };
  return (data, value) => {
    if (typeof data === 'string') {
      return data.length < crcUnitsMin && isAscii(data)
        ? loop(value, data.length, (at) => StringPrototypeCharCodeAt(data, at))
        : whole(services.ask('zlib', zlibOperations.crc32, value, data));
    }
    const bytes = bytesOf(data);
    const length = TypedArrayPrototypeGetLength(bytes);
    return length < crcUnitsMin ? loop(value, length, (at) => bytes[at] ?? 0) : crcOfLong(services, bytes, value);
  };
}

function crcOfLong(services: CoreContext['services'], bytes: Bytes, value: number): number {
  let crc = value;
  const length = TypedArrayPrototypeGetLength(bytes);
  for (let at = 0; at < length; at += inputBytesMax) {
    const part = TypedArrayPrototypeSubarray(bytes, at, MathMin(length, at + inputBytesMax));
    crc = whole(services.ask('zlib', zlibOperations.crc32, crc, exactBytes(part)));
  }
  return crc;
}

function isAscii(data: string): boolean {
  for (let at = 0; at < data.length; at++) if (StringPrototypeCharCodeAt(data, at) > 127) return false;
  return true;
}

function crcTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}
