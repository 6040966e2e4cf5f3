/**
 * An answer that is read while it is written: chunks wait here until whoever asked takes them, and as they are taken the guest gets
 * room for more. A reader that goes away costs nothing: what still comes is given back at once, and the function runs on (C4.15).
 */
import type { Clock } from '../base/clock.ts';
import { ReaderDemand } from '../base/reader-demand.ts';
import { type Rate, TokenBucket } from '../base/token-bucket.ts';
import { limits } from '../model/limits.ts';
import type { AnswerSink } from '../supervisor/sandbox-port.ts';

export interface AnswerStreamOptions {
  readonly clock: Clock;
  /** Bytes; how fast it is handed out. Absent: as fast as it is read. */
  readonly rate?: Rate | undefined;
}

/** What ends the stream behind its last chunk. */
type End = { readonly kind: 'whole' } | { readonly kind: 'failed'; readonly error: unknown };

export class AnswerStream implements AnswerSink {
  readonly readable: ReadableStream<Uint8Array>;
  /** Resolves when the function has begun its answer. */
  readonly begun: Promise<void>;
  contentType: string | undefined;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket | undefined;
  readonly #begin: () => void;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #isBegun = false;
  /** Taken and not given back yet: little is given back in few messages. */
  #taken = 0;
  #credit: ((bytes: number) => void) | undefined;
  #end: End | undefined;
  /** Nobody reads it any more, or all has been read. */
  #isDone = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #demand = new ReaderDemand(() => this.#deliver());
  #timer: Disposable | undefined;

  constructor({ clock, rate }: AnswerStreamOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    this.#begin = resolve;
    this.#clock = clock;
    this.#bucket = rate && new TokenBucket(clock, rate);
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#demand.pull(),
        cancel: () => this.#finish(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Bytes that came, whether or not they were read. */
  get size(): number {
    return this.#size;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  open(credit: (bytes: number) => void): void {
    this.#credit = credit;
  }

  chunk(bytes: Uint8Array, contentType: string | undefined): void {
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.contentType = contentType;
      this.#begin();
    }
    this.#size += bytes.byteLength;
    if (bytes.byteLength === 0) return;
    if (this.#isDone) {
      this.#credit?.(bytes.byteLength);
      return;
    }
    this.#chunks.push(bytes);
    this.#demand.wake();
  }

  /** The function has ended well. `rest` is behind what came, most often all or nothing. */
  close(rest: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#end = { kind: 'whole' };
    this.#credit = undefined;
    if (rest.byteLength > 0 && !this.#isDone) this.#chunks.push(rest);
    this.#demand.wake();
  }

  /** It has not. Whoever reads learns of it behind the last chunk, so that nobody takes a part for the whole. */
  fail(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { kind: 'failed', error };
    this.#credit = undefined;
    this.#demand.wake();
  }

  /** Whoever asked does not want it any more. */
  abort(reason: unknown): void {
    if (this.#isDone) return;
    this.#finish();
    this.#controller?.error(reason);
  }

  #deliver(): boolean {
    if (this.#isDone) return true;
    const [chunk] = this.#chunks;
    if (chunk === undefined) return this.#deliverEnd();
    if (this.#mustWait()) return false;
    this.#chunks.shift();
    this.#bucket?.spend(chunk.byteLength);
    this.#giveBack(chunk.byteLength);
    this.#controller?.enqueue(chunk);
    return true;
  }

  #deliverEnd(): boolean {
    const end = this.#end;
    if (end === undefined) return false;
    this.#finish();
    if (end.kind === 'whole') this.#controller?.close();
    else this.#controller?.error(end.error);
    return true;
  }

  #mustWait(): boolean {
    const waitMs = this.#bucket?.waitMs() ?? 0;
    if (waitMs === 0) return false;
    this.#timer ??= this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#demand.wake();
    });
    return true;
  }

  /** In few messages; but when nothing is left here the guest may be waiting for all of it. */
  #giveBack(bytes: number): void {
    this.#taken += bytes;
    if (this.#chunks.length > 0 && this.#taken < limits.responseStreamWindowBytes / 4) return;
    this.#credit?.(this.#taken);
    this.#taken = 0;
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#timer?.[Symbol.dispose]();
    for (const { byteLength } of this.#chunks.splice(0)) this.#taken += byteLength;
    if (this.#taken > 0) this.#credit?.(this.#taken);
    this.#taken = 0;
    this.#demand.end();
  }
}
