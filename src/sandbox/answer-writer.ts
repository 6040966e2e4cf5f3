/**
 * Where a streaming handler's bytes go: on to the host at once, or kept until the answer is whole. One for each invocation whose
 * handler writes; what it has taken is in order and complete whenever the invocation ends.
 */
import { answerClosed } from '../bridge/answer.ts';
import { limits } from '../model/limits.ts';
import type { AnswerChunkHead } from '../protocol/messages.ts';
import { ByteCollector } from './byte-collector.ts';

export interface AnswerWriter {
  /** How many bytes it would take now. */
  readonly room: number;
  /** Takes no more than `room`. The content type counts with the first bytes only. */
  write(bytes: Uint8Array, contentType: string | undefined): void;
  /** Called when there is room again after there was none. Replaced by whoever listens. */
  onRoom: ((room: number) => void) | undefined;
  /** Something was written, if only that there is nothing to write. */
  readonly isBegun: boolean;
  /** How long the answer has become, and whether that is too much. */
  readonly size: number;
  readonly isTooLarge: boolean;
}

/** Kept here. Past its limit it only counts. */
export class WholeAnswer implements AnswerWriter {
  readonly room = limits.responseStreamWindowBytes;
  readonly #bytesMax: number;
  readonly #collected = new ByteCollector();
  #size = 0;
  isBegun = false;
  onRoom: ((room: number) => void) | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  get isTooLarge(): boolean {
    return this.#size > this.#bytesMax;
  }

  write(bytes: Uint8Array): void {
    this.isBegun = true;
    this.#size += bytes.byteLength;
    if (this.isTooLarge) this.#collected.take();
    else this.#collected.append(bytes);
  }

  /** What was written; it keeps nothing. */
  take(): Uint8Array {
    return this.#collected.take();
  }
}

export interface StreamedAnswerOptions {
  readonly environmentId: string;
  readonly requestId: string;
  readonly bytesMax: number;
  readonly send: (head: AnswerChunkHead, body: Uint8Array) => void;
  /** It has become longer than `bytesMax`: nothing that the handler still does can make it whole. */
  readonly onTooLarge: () => void;
}

/**
 * Sent on. Bytes leave at once when none are on their way; otherwise they are put together until a chunk is full or the reader has
 * taken what was sent. So a guest that writes byte by byte costs the host one frame for each that its reader is ready for.
 */
export class StreamedAnswer implements AnswerWriter {
  readonly #options: StreamedAnswerOptions;
  readonly #collected = new ByteCollector();
  /** Sent and not given back. */
  #sentBytes = 0;
  #size = 0;
  #state: 'unopened' | 'open' | 'too-large' = 'unopened';
  #hadNoRoom = false;
  onRoom: ((room: number) => void) | undefined;

  constructor(options: StreamedAnswerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  get isBegun(): boolean {
    return this.#state !== 'unopened';
  }

  get isTooLarge(): boolean {
    return this.#state === 'too-large';
  }

  get requestId(): string {
    return this.#options.requestId;
  }

  get room(): number {
    return limits.responseStreamWindowBytes - this.#sentBytes - this.#collected.byteLength;
  }

  write(bytes: Uint8Array, contentType: string | undefined): void {
    if (this.isTooLarge) return;
    this.#size += bytes.byteLength;
    if (this.#size > this.#options.bytesMax) {
      this.#flush();
      this.#state = 'too-large';
      this.#options.onTooLarge();
      return;
    }
    if (this.#state === 'unopened') {
      this.#state = 'open';
      // Also without bytes: it says that the answer was begun, and of what type it is.
      this.#send(bytes, contentType);
    } else if (this.#sentBytes === 0 && bytes.byteLength > 0) {
      this.#send(bytes, undefined);
    } else {
      if (this.#collected.byteLength + bytes.byteLength > limits.responseStreamChunkBytesMax) this.#flush();
      this.#collected.append(bytes);
    }
    this.#hadNoRoom = this.room === 0;
  }

  /** The invocation is over: what was taken leaves, and a writer that waits is told that it waits in vain. */
  end(): void {
    this.#flush();
    if (this.#hadNoRoom) this.onRoom?.(answerClosed);
  }

  /** Sends what was put together so far. */
  #flush(): void {
    if (this.#collected.byteLength > 0) this.#send(this.#collected.take(), undefined);
  }

  /** The host gives so many bytes back. More than were sent are a mistake of its own, and harmless. */
  credit(bytes: number): void {
    this.#sentBytes = Math.max(0, this.#sentBytes - bytes);
    if (this.#sentBytes === 0) this.#flush();
    // Little room would make many short pieces.
    if (!this.#hadNoRoom || this.room < limits.responseStreamChunkBytesMax) return;
    this.#hadNoRoom = false;
    this.onRoom?.(this.room);
  }

  #send(body: Uint8Array, contentType: string | undefined): void {
    const { environmentId, requestId, send } = this.#options;
    this.#sentBytes += body.byteLength;
    send({ environmentId, requestId, ...(contentType !== undefined && { contentType }) }, body);
  }
}
