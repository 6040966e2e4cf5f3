/**
 * A stream that the guest writes and a host function reads: a ReadableStream over chunks that came, which gives credit back as
 * they are taken. Chunks are made into values when they are asked for: what a guest has sent ahead stays as small as it came.
 */

import { ReaderDemand } from '../base/reader-demand.ts';
import { chunkCost } from '../bridge/bindings.ts';
import { limits } from '../model/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { dataCodec, textOf } from './values.ts';

interface Chunk {
  /** Undefined: the bytes are the value. */
  readonly text: string | undefined;
  readonly bytes: Uint8Array;
  readonly cost: number;
}

export interface IncomingEvents {
  credit(cost: number): void;
  /** The reader wants no more. */
  cancel(reason: unknown): void;
  /** Nothing is read or written any more. */
  done(): void;
}

export class IncomingStream {
  readonly readable: ReadableStream<unknown>;
  readonly #events: IncomingEvents;
  readonly #chunks: Chunk[] = [];
  #underWay = 0;
  #taken = 0;
  #state: 'open' | 'ending' | 'done' = 'open';
  #controller: ReadableStreamDefaultController<unknown> | undefined;
  readonly #demand = new ReaderDemand(() => this.#deliver());

  constructor(events: IncomingEvents) {
    this.#events = events;
    this.readable = new ReadableStream<unknown>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#demand.pull(),
        cancel: (reason) => this.#cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** @throws ProtocolError when it is more than was allowed */
  chunk(body: Uint8Array, textBytes: number): void {
    if (this.#state !== 'open') return;
    const { text, bytes } = textBytes === 0 ? { text: undefined, bytes: body } : textOf(body, textBytes);
    const cost = chunkCost(text?.length ?? 0, bytes.byteLength);
    if (this.#underWay + cost > limits.bindingStreamWindowBytes) {
      throw new ProtocolError('bindings.chunk', 'within the window of its stream', this.#underWay + cost);
    }
    this.#underWay += cost;
    // A copy: what came with it is others', and a few bytes must not keep all of it until somebody reads.
    this.#chunks.push({ text, bytes: new Uint8Array(bytes), cost });
    this.#demand.wake();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#demand.wake();
  }

  /** What was sent before is lost, as with any stream that fails. */
  fail(reason: unknown): void {
    if (this.#state === 'done') return;
    this.#finish();
    this.#controller?.error(reason);
  }

  /** Nobody reads it from now on: the function that it was given to has ended. */
  abandon(reason: unknown): void {
    if (this.#state === 'done') return;
    if (this.#state === 'open') this.#events.cancel(reason);
    this.fail(reason);
  }

  #deliver(): boolean {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      if (this.#state !== 'ending') return false;
      this.#finish();
      this.#controller?.close();
      return true;
    }
    this.#credit(chunk.cost);
    try {
      this.#controller?.enqueue(asValue(chunk));
    } catch (error) {
      // The guest wrote what is no value.
      this.abandon(error);
    }
    return true;
  }

  /** In few messages; but when nothing is left here the guest may be waiting for all of it. */
  #credit(cost: number): void {
    this.#underWay -= cost;
    this.#taken += cost;
    if (this.#state !== 'open') return;
    if (this.#chunks.length > 0 && this.#taken < limits.bindingStreamWindowBytes / 4) return;
    this.#events.credit(this.#taken);
    this.#taken = 0;
  }

  #cancel(reason: unknown): void {
    if (this.#state === 'done') return;
    if (this.#state === 'open') this.#events.cancel(reason);
    this.#finish();
  }

  #finish(): void {
    this.#state = 'done';
    this.#chunks.length = 0;
    this.#demand.end();
    this.#events.done();
  }
}

function asValue({ text, bytes }: Chunk): unknown {
  return text === undefined ? bytes : dataCodec.decode(text, bytes);
}
