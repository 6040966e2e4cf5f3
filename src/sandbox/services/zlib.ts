/**
 * The service `zlib` (see `bridge/zlib.ts`): the codecs of one incarnation, what they may cost together, and whose turn it is
 * in the threads. The compressing itself is `zlib-codec.ts`.
 */
import { crc32 } from 'node:zlib';
import pLimit from 'p-limit';
import type { BridgeReply, BridgeValue } from '../../bridge/services.ts';
import { failureMarker } from '../../bridge/services.ts';
import { zlibEvents, zlibOperations, zlibProgress } from '../../bridge/zlib.ts';
import { limits } from '../../model/limits.ts';
import type { OpenService, Service, ServiceLink } from '../service.ts';
import { Codec, type CodecError, type StepRequest, type StepResult } from './zlib-codec.ts';
import { limitReached, readSpec, type SpecFailure } from './zlib-spec.ts';

export const openZlib: OpenService = (link) => new ZlibService(link);

type Values = readonly BridgeValue[];

class ZlibService implements Service {
  readonly #link: ServiceLink;
  readonly #codecs = new Map<number, Codec>();
  /** Done with, and as new; by spec. */
  readonly #spares = new Map<string, Codec>();
  /** Bytes of input, by id, of those that wait for their turn. */
  readonly #waiting = new Map<number, number>();
  #waitingBytes = 0;
  readonly #turn = pLimit(limits.zlibWritesAtOnceMax);
  /** The next writes of what was under way when the guest was frozen; undefined while it is not. */
  #parked: (() => void)[] | undefined;
  #isClosed = false;

  constructor(link: ServiceLink) {
    this.#link = link;
  }

  ask(operation: number, values: Values): BridgeReply {
    if (operation === zlibOperations.crc32) return checksum(values);
    const [id] = values;
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
    switch (operation) {
      case zlibOperations.open:
        return failureOf(this.#open(id, values[1], values[2]));
      case zlibOperations.step:
        return this.#stepNow(id, values.slice(1));
      case zlibOperations.params:
        return this.#change(id, (codec) => codec.params(small(values[1]), small(values[2])));
      case zlibOperations.reset:
        return this.#change(id, (codec) => codec.reset());
      case zlibOperations.close:
        this.#close(id);
        return undefined;
      default:
        return undefined;
    }
  }

  start(operation: number, id: number, values: Values): void {
    if (operation !== zlibOperations.write) return;
    const inputBytes = values[3] instanceof ArrayBuffer ? values[3].byteLength : 0;
    const { limits: asked, note } = this.#link.bounds;
    const bytesMax = Math.min(limits.zlibWaitingBytesMax, asked.bridgeBytes);
    const isTooMuch = this.#waitingBytes + inputBytes > bytesMax;
    const areTooMany = this.#waiting.size >= limits.zlibCodecsMax;
    if (isTooMuch) note('bridge-bytes', bytesMax, this.#waitingBytes + inputBytes);
    if (areTooMany) note('open-codecs', limits.zlibCodecsMax, this.#waiting.size + 1);
    if (this.#waiting.has(id) || areTooMany || isTooMuch) {
      const most = `${limits.zlibCodecsMax} writes, with ${bytesMax} bytes, may wait for zlib at once`;
      this.#fail(id, limitReached(`at most ${most}`));
      return;
    }
    this.#waiting.set(id, inputBytes);
    this.#waitingBytes += inputBytes;
    void this.#turn(() => this.#stepLater(id, values));
  }

  /** What a thread has begun ends soon, since a codec is given little at once. */
  freeze(): void {
    this.#parked ??= [];
  }

  thaw(): void {
    const parked = this.#parked;
    this.#parked = undefined;
    for (const write of parked ?? []) write();
  }

  close(): void {
    this.#isClosed = true;
    this.#parked = undefined;
    this.#turn.clearQueue();
    for (const codec of this.#codecs.values()) codec.close();
    this.#codecs.clear();
    for (const codec of this.#spares.values()) codec.close();
    this.#spares.clear();
  }

  #stepNow(id: number, values: Values): BridgeReply {
    if (this.#waiting.has(id)) return stepReply(failedStep(noStep));
    const codec = this.#open(id, values[4], undefined);
    if (!(codec instanceof Codec)) return stepReply(failedStep(codec));
    const request = readStep(codec, values);
    if (request === undefined || codec.isUnderWay) return stepReply(failedStep(noStep));
    return this.#settled(id, codec, request, codec.stepSync(request, writesInOneCallMax));
  }

  /** In its turn: only then is a codec made, so that those who wait need no memory yet. */
  #stepLater(id: number, values: Values): Promise<void> {
    // Closed while it waited.
    if (this.#isClosed || !this.#leaveQueue(id)) return Promise.resolve();
    const codec = this.#open(id, values[4], undefined);
    const request = codec instanceof Codec ? readStep(codec, values) : undefined;
    if (!(codec instanceof Codec) || request === undefined || codec.isUnderWay) {
      this.#fail(id, codec instanceof Codec ? noStep : codec);
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (result: StepResult | undefined): void => {
      resolve();
      if (result === undefined || this.#isClosed || this.#codecs.get(id) !== codec) return;
      this.#link.emit(id, zlibEvents.stepped, ...this.#settled(id, codec, request, result));
    };
    codec.step(request, done, this.#whenThawed);
    return promise;
  }

  readonly #whenThawed = (write: () => void): void => {
    if (this.#isClosed) return;
    if (this.#parked === undefined) write();
    else this.#parked.push(write);
  };

  /** The answer to a step. After an error there is no way on, in Node neither; and what has ended needs no memory. */
  #settled(id: number, codec: Codec, request: StepRequest, result: StepResult): BridgeValue[] {
    const hasEnded = request.flush === codec.spec.flushToEnd && !result.isMoreToCome && result.error === undefined;
    const isTooMuch = codec.spec.cost.perByte > 0 && this.#isOverMemory();
    if (hasEnded && this.#isWorthKeeping(codec)) {
      this.#codecs.delete(id);
      this.#spares.set(codec.spec.text, codec);
    } else if (hasEnded || isTooMuch || result.error !== undefined) this.#close(id);
    const reply = stepReply(result);
    if (hasEnded) reply[2] = zlibProgress.ended;
    return reply;
  }

  #isOverMemory(): boolean {
    const { limits: most, note } = this.#link.bounds;
    const bytes = this.#memoryBytes();
    if (bytes <= most.codecMemoryBytes) return false;
    note('codec-memory', most.codecMemoryBytes, bytes);
    return true;
  }

  #isWorthKeeping(codec: Codec): boolean {
    const { isReusable, text } = codec.spec;
    const hasRoom = this.#spares.size < limits.zlibSparesMax && !this.#spares.has(text);
    return isReusable && hasRoom && codec.reset() === undefined;
  }

  #fail(id: number, failure: SpecFailure): void {
    this.#link.emit(id, zlibEvents.stepped, ...stepReply(failedStep(failure)));
  }

  #leaveQueue(id: number): boolean {
    this.#waitingBytes -= this.#waiting.get(id) ?? 0;
    return this.#waiting.delete(id);
  }

  #change(id: number, change: (codec: Codec) => CodecError | undefined): BridgeReply {
    const codec = this.#codecs.get(id);
    if (codec === undefined || codec.isUnderWay) return undefined;
    const error = change(codec);
    return error && [failureMarker, error.message, error.errno, error.code];
  }

  #close(id: number): void {
    this.#leaveQueue(id);
    this.#codecs.get(id)?.close();
    this.#codecs.delete(id);
  }

  /** The one of this id, or a new one. */
  #open(id: number, spec: BridgeValue, dictionary: BridgeValue): Codec | SpecFailure {
    const known = this.#codecs.get(id);
    if (known !== undefined) return known;
    if (typeof spec !== 'string') {
      return limitReached(
        `zlib streams of this environment may use ${this.#link.bounds.limits.codecMemoryBytes} bytes together (codecMemoryBytes), and this one was closed`,
      );
    }
    const spare = dictionary === undefined ? this.#spares.get(spec) : undefined;
    const { limits: most, note } = this.#link.bounds;
    if (spare !== undefined && this.#codecs.size < most.openCodecs) {
      this.#spares.delete(spec);
      this.#codecs.set(id, spare);
      return spare;
    }
    const read = readSpec(spec, dictionary instanceof ArrayBuffer ? dictionary : undefined);
    if (read === undefined) return { message: 'Initialization failed', code: 'ERR_ZLIB_INITIALIZATION_FAILED' };
    if (!('mode' in read)) return read;
    if (this.#codecs.size >= most.openCodecs) {
      note('open-codecs', most.openCodecs, this.#codecs.size + 1);
      return limitReached(`at most ${most.openCodecs} zlib streams may be open at once (openCodecs)`);
    }
    const wantedBytes = this.#memoryBytes() + read.cost.fixed;
    if (wantedBytes > most.codecMemoryBytes) {
      note('codec-memory', most.codecMemoryBytes, wantedBytes);
      return limitReached(
        `zlib streams of this environment may use ${most.codecMemoryBytes} bytes together (codecMemoryBytes)`,
      );
    }
    try {
      const codec = new Codec(read);
      this.#codecs.set(id, codec);
      return codec;
    } catch (error) {
      // What Node refuses: parameters, or a dictionary.
      return { message: error instanceof Error ? error.message : 'Initialization failed', code: codeOf(error) };
    }
  }

  #memoryBytes(): number {
    let bytes = 0;
    for (const { spec, processedBytes } of [...this.#codecs.values(), ...this.#spares.values()]) {
      bytes += Math.min(spec.cost.max, spec.cost.fixed + spec.cost.perByte * processedBytes);
    }
    return bytes;
  }
}

/** With the input at once that a codec takes: some tens of milliseconds at worst. */
const writesInOneCallMax = 4;

function readStep(codec: Codec, [flush, roomBytes, pieceBytes, input]: Values): StepRequest | undefined {
  if (typeof flush !== 'number' || !Number.isInteger(flush) || flush < 0 || flush > codec.spec.flushMax)
    return undefined;
  if (!isCount(roomBytes) || !isCount(pieceBytes)) return undefined;
  return {
    flush,
    roomBytes: Math.min(roomBytes, limits.zlibOutputBytesMax),
    pieceBytes: Math.min(pieceBytes, limits.zlibOutputBytesMax),
    input: input instanceof ArrayBuffer ? new Uint8Array(input) : undefined,
    outputBytesMax: limits.zlibOutputBytesMax,
  };
}

function isCount(value: BridgeValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}

const noStep: SpecFailure = { message: 'a write makes no sense now', code: 'ERR_INVALID_STATE' };

function failedStep({ message, code }: SpecFailure): StepResult {
  return { bytes: new ArrayBuffer(0), availIn: 0, isMoreToCome: false, error: { message, errno: memoryErrno, code } };
}

/** Z_MEM_ERROR: what Node's errors of this kind carry. */
const memoryErrno = -4;

function stepReply({ bytes, availIn, isMoreToCome, error }: StepResult): BridgeValue[] {
  const progress = isMoreToCome ? zlibProgress.more : zlibProgress.idle;
  return error === undefined
    ? [bytes, availIn, progress]
    : [bytes, availIn, zlibProgress.idle, error.message, error.errno, error.code];
}

function failureOf(opened: Codec | SpecFailure): BridgeReply {
  return opened instanceof Codec ? undefined : [failureMarker, opened.message, opened.code];
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'ERR_ZLIB_INITIALIZATION_FAILED';
}

function small(value: BridgeValue): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= -1 && value <= 9 ? value : 0;
}

function checksum([value, data]: Values): BridgeReply {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) return 0;
  return data instanceof ArrayBuffer
    ? crc32(new Uint8Array(data), value)
    : typeof data === 'string'
      ? crc32(data, value)
      : 0;
}
