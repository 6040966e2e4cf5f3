/**
 * One of Node's zlib streams, used below its stream: input in, output out, as much as is asked for. Made by Node's public
 * constructors, which check all options. It trusts its caller for one thing: not to step while a step is under way.
 *
 * What it knows of Node's streams: `_handle` with `writeSync`, `write`, `reset`, `params`, `close` and `onerror`, and `_writeState`.
 * After an asynchronous write Node calls the handle's `cb`, and nothing else when the stream was destroyed.
 */
import * as zlib from 'node:zlib';
import type { CodecMode, CodecSpec } from './zlib-spec.ts';

export interface StepRequest {
  readonly flush: number;
  /** How much output the guest's stream takes at once: what is left of the piece that it fills, then whole ones. */
  readonly roomBytes: number;
  readonly pieceBytes: number;
  /** Absent: what is left of the last one. */
  readonly input: Uint8Array | undefined;
  readonly outputBytesMax: number;
}

export interface StepResult {
  readonly bytes: ArrayBuffer;
  readonly availIn: number;
  readonly isMoreToCome: boolean;
  readonly error: CodecError | undefined;
}

export interface CodecError {
  readonly message: string;
  readonly errno: number;
  readonly code: string;
}

interface Handle {
  onerror: (message: string, errno: number, code: string) => void;
  cb: () => void;
  writeSync(...write: NativeWrite): void;
  write(...write: NativeWrite): void;
  reset(): void;
  params(level: number, strategy: number): void;
  close(): void;
}

type NativeWrite = [
  flush: number,
  input: Uint8Array,
  inputOffset: number,
  inputBytes: number,
  output: Uint8Array,
  outputOffset: number,
  outputBytes: number,
];

type Stream = object & { readonly _handle: Handle; readonly _writeState: Uint32Array };

const constructors: Readonly<Record<CodecMode, (options: never) => unknown>> = {
  deflate: zlib.createDeflate,
  inflate: zlib.createInflate,
  gzip: zlib.createGzip,
  gunzip: zlib.createGunzip,
  deflateRaw: zlib.createDeflateRaw,
  inflateRaw: zlib.createInflateRaw,
  unzip: zlib.createUnzip,
  brotliDecode: zlib.createBrotliDecompress,
  brotliEncode: zlib.createBrotliCompress,
  zstdCompress: zlib.createZstdCompress,
  zstdDecompress: zlib.createZstdDecompress,
};

const noInput = new Uint8Array(0);
/** The least that Node allows: the stream's own buffer is not used. */
const ownChunkBytes = 64;

export class Codec {
  readonly spec: CodecSpec;
  readonly #stream: Stream;
  readonly #handle: Handle;
  #input: Uint8Array = noInput;
  #at = 0;
  #flush = 0;
  #error: CodecError | undefined;
  #step: Step | undefined;
  /** All that went in and came out. */
  processedBytes = 0;

  /** @throws Error of Node's for options that it refuses */
  constructor(spec: CodecSpec) {
    this.spec = spec;
    const create = constructors[spec.mode] as (options: object) => Stream;
    this.#stream = create({ ...spec.options, chunkSize: ownChunkBytes });
    // Then Node leaves the stream alone when a write has ended.
    Object.defineProperty(this.#stream, 'destroyed', { value: true });
    this.#handle = this.#stream._handle;
    this.#handle.onerror = (message, errno, code) => {
      this.#error = { message, errno, code };
      this.#step?.onError?.();
    };
  }

  get isUnderWay(): boolean {
    return this.#step !== undefined;
  }

  /** At most a few pieces of input in one call, so that this ends soon: it is then called again, without input. */
  stepSync(request: StepRequest, writesMax: number): StepResult {
    const step = this.#begin(request);
    for (let writes = 0; writes < writesMax; writes++) {
      this.#handle.writeSync(...this.#nextWrite(step));
      if (!this.#goesOn(step)) return this.#end(step, false);
    }
    return this.#end(step, true);
  }

  /**
   * Each write runs in Node's thread pool, as soon as `admit` calls it.
   * @param done once, when no thread works at it any more. Undefined: it was closed meanwhile.
   */
  step(request: StepRequest, done: (result: StepResult | undefined) => void, admit: (write: () => void) => void): void {
    const step = this.#begin(request);
    const writeNow = (): void => this.#handle.write(...this.#nextWrite(step));
    const write = (): void => admit(writeNow);
    // Node calls `cb` after a write, or `onerror` and no `cb`.
    this.#handle.cb = () => {
      if (this.#goesOn(step)) write();
      else done(this.#end(step, false));
    };
    step.onError = () => {
      this.#goesOn(step);
      done(this.#end(step, false));
    };
    step.onDropped = () => done(undefined);
    write();
  }

  params(level: number, strategy: number): CodecError | undefined {
    this.#error = undefined;
    this.#handle.params(level, strategy);
    return this.#error;
  }

  reset(): CodecError | undefined {
    this.#input = noInput;
    this.#at = 0;
    this.#error = undefined;
    this.#handle.reset();
    return this.#error;
  }

  /** A write that is under way ends first, by itself. */
  close(): void {
    if (this.#step !== undefined) {
      const { onDropped = () => {} } = this.#step;
      this.#step.onError = onDropped;
      this.#handle.cb = onDropped;
    }
    this.#handle.close();
  }

  #begin({ flush, roomBytes, pieceBytes, input, outputBytesMax }: StepRequest): Step {
    if (input !== undefined) {
      this.#input = input;
      this.#at = 0;
    }
    this.#flush = flush;
    this.#error = undefined;
    this.#step = {
      pieceBytes,
      pieces: [],
      wholeBytes: 0,
      piece: Buffer.allocUnsafeSlow(roomBytes),
      filledBytes: 0,
      offeredBytes: 0,
      outputBytesMax,
      onError: undefined,
      onDropped: undefined,
      isMoreToCome: false,
    };
    return this.#step;
  }

  #nextWrite(step: Step): NativeWrite {
    const left = this.#input.byteLength - this.#at;
    step.offeredBytes = Math.min(left, this.spec.inputBytesAtOnce);
    const flush = step.offeredBytes === left ? this.#flush : 0;
    const { piece, filledBytes } = step;
    return [flush, this.#input, this.#at, step.offeredBytes, piece, filledBytes, piece.byteLength - filledBytes];
  }

  /** Accounts for a write, and says whether another one belongs to this step. */
  #goesOn(step: Step): boolean {
    if (this.#error !== undefined) {
      // As in Node, what a failing write has put out is lost.
      step.filledBytes = 0;
      return false;
    }
    const [availOut = 0, availIn = 0] = this.#stream._writeState;
    const taken = step.offeredBytes - availIn;
    const given = step.piece.byteLength - step.filledBytes - availOut;
    this.#at += taken;
    this.processedBytes += taken + given;
    step.filledBytes += given;
    if (availOut > 0) return availIn === 0 && this.#at < this.#input.byteLength;
    step.pieces.push(step.piece);
    step.wholeBytes += step.piece.byteLength;
    step.isMoreToCome = step.wholeBytes + step.pieceBytes > step.outputBytesMax;
    step.filledBytes = 0;
    if (step.isMoreToCome) return false;
    step.piece = Buffer.allocUnsafeSlow(step.pieceBytes);
    return true;
  }

  #end(step: Step, isPaused: boolean): StepResult {
    this.#step = undefined;
    const bytes = joined(step);
    const availIn = this.#input.byteLength - this.#at;
    if (availIn === 0 || !(step.isMoreToCome || isPaused)) this.#input = noInput;
    if (this.#input === noInput) this.#at = 0;
    return { bytes, availIn, isMoreToCome: step.isMoreToCome || isPaused, error: this.#error };
  }
}

interface Step {
  readonly pieceBytes: number;
  readonly outputBytesMax: number;
  readonly pieces: Buffer[];
  /** Of all pieces that are full. */
  wholeBytes: number;
  /** Being filled. */
  piece: Buffer;
  filledBytes: number;
  offeredBytes: number;
  isMoreToCome: boolean;
  onError: (() => void) | undefined;
  onDropped: (() => void) | undefined;
}

/** Exact-size copy: only that may cross. */
function joined({ pieces, wholeBytes, piece, filledBytes }: Step): ArrayBuffer {
  const joint = new Uint8Array(wholeBytes + filledBytes);
  let at = 0;
  for (const each of pieces) {
    joint.set(each, at);
    at += each.byteLength;
  }
  joint.set(piece.subarray(0, filledBytes), at);
  return joint.buffer;
}
