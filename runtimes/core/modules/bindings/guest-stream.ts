/** A stream of the guest's that a host function reads: iterated here, and sent as far as the reader gave credit. */
import { bindingOperations, chunkCost } from '../../../../src/bridge/bindings.ts';
import { crossing, type GuestIterator, type GuestStream, type Values } from './values.ts';

const {
  MathMin,
  Promise,
  PromisePrototypeThen,
  PromiseResolve,
  RangeError,
  ReflectApply,
  SymbolAsyncIterator,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypedArrayPrototypeSet,
  TypeError,
  Uint8Array,
} = primordials;

export interface StreamOptions {
  readonly values: Values;
  readonly windowBytes: number;
  readonly chunkBytesMax: number;
  /** An operation of its channel. */
  send(operation: number, text: string | undefined, bytes: ArrayBuffer | undefined): void;
}

export class OutgoingStream {
  readonly #source: GuestStream;
  readonly #options: StreamOptions;
  #iterator: GuestIterator | undefined;
  #underWay = 0;
  #room: (() => void) | undefined;
  #isDone = false;

  constructor(source: GuestStream, options: StreamOptions) {
    this.#source = source;
    this.#options = options;
  }

  start(): void {
    try {
      const iterate = this.#source[SymbolAsyncIterator] as () => GuestIterator;
      this.#iterator = ReflectApply(iterate, this.#source, []) as GuestIterator;
    } catch (error) {
      // The user's: a stream that is locked, say.
      this.#fail(error);
      return;
    }
    this.#step();
  }

  credit(cost: number): void {
    this.#underWay -= cost;
    const room = this.#room;
    this.#room = undefined;
    if (room !== undefined) room();
  }

  /** Nobody reads it any more. */
  cancel(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#room = undefined;
    this.#endSource();
  }

  #endSource(): void {
    try {
      const end = this.#iterator?.return;
      if (typeof end !== 'function') return;
      PromisePrototypeThen(PromiseResolve(ReflectApply(end, this.#iterator, [])), undefined, () => {});
    } catch {
      // A source that fails to end has nobody left to tell.
    }
  }

  #step(): void {
    if (this.#isDone) return;
    try {
      const { next } = this.#iterator as GuestIterator;
      const step = PromiseResolve(ReflectApply(next, this.#iterator, []));
      PromisePrototypeThen(
        step,
        (result) => this.#receive(result),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #receive(result: unknown): void {
    if (this.#isDone) return;
    try {
      if (typeof result !== 'object' || result === null)
        throw new TypeError('The iterator gave a result that is no object');
      const { done, value } = result as { readonly done?: unknown; readonly value?: unknown };
      if (done) {
        this.#isDone = true;
        this.#options.send(bindingOperations.end, undefined, undefined);
        return;
      }
      const isBytes = typeof value === 'object' && TypedArrayPrototypeGetSymbolToStringTag(value) === 'Uint8Array';
      if (isBytes) this.#sendBytes(value as Uint8Array, 0);
      else this.#sendValue(value);
    } catch (error) {
      // What cannot be sent, or an iterator that gave no result: the source must end too.
      this.#fail(error);
      this.#endSource();
    }
  }

  #sendBytes(view: Uint8Array, from: number): void {
    const { chunkBytesMax, send } = this.#options;
    const left = TypedArrayPrototypeGetByteLength(view) - from;
    if (left <= 0) {
      this.#step();
      return;
    }
    const size = MathMin(left, chunkBytesMax);
    this.#whenRoom(chunkCost(0, size), () => {
      const offset = TypedArrayPrototypeGetByteOffset(view) + from;
      const copy = new Uint8Array(size);
      TypedArrayPrototypeSet(copy, new Uint8Array(TypedArrayPrototypeGetBuffer(view), offset, size));
      send(bindingOperations.chunk, undefined, crossing(copy));
      this.#sendBytes(view, from + size);
    });
  }

  #sendValue(value: unknown): void {
    const { values, windowBytes, send } = this.#options;
    const { text, bytes } = values.data.encode(value, 'a value of the stream');
    const cost = chunkCost(text.length, TypedArrayPrototypeGetByteLength(bytes));
    if (cost > windowBytes) {
      throw new RangeError(`a value of the stream takes ${cost} bytes; at most ${windowBytes} are possible`);
    }
    this.#whenRoom(cost, () => {
      send(bindingOperations.chunk, text, crossing(bytes));
      this.#step();
    });
  }

  #whenRoom(cost: number, send: () => void): void {
    if (this.#underWay + cost > this.#options.windowBytes) {
      this.#room = () => {
        // Shrunk meanwhile, perhaps: whoever owns the buffer of a view may do so.
        try {
          this.#whenRoom(cost, send);
        } catch (error) {
          this.#fail(error);
        }
      };
      return;
    }
    if (this.#isDone) return;
    this.#underWay += cost;
    send();
  }

  #fail(error: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { text, bytes } = this.#options.values.encodeReason(error);
    this.#options.send(bindingOperations.fail, text, crossing(bytes));
  }
}

export interface ReadableOptions {
  /** The guest's class. */
  readonly ReadableStream: (...args: never[]) => unknown;
  readonly values: Values;
  readonly windowBytes: number;
  credit(cost: number): void;
  cancel(reason: unknown): void;
  /** Someone waits for what the host sends next, or no more. */
  hold(): void;
  release(): void;
}

interface Controller {
  enqueue(value: unknown): void;
  close(): void;
  error(reason: unknown): void;
}

interface Chunk {
  readonly text: string | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly cost: number;
  next: Chunk | undefined;
}

/** A stream of the host's that the guest reads: a ReadableStream over what came, which gives credit back as it is taken. */
export class IncomingStream {
  readonly readable: object;
  readonly #options: ReadableOptions;
  #first: Chunk | undefined;
  #last: Chunk | undefined;
  #taken = 0;
  #state: 'open' | 'ending' | 'done' = 'open';
  #controller: Controller | undefined;
  #wanted: (() => void) | undefined;

  constructor(options: ReadableOptions) {
    this.#options = options;
    const source = {
      __proto__: null,
      start: (controller: Controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: (reason: unknown) => this.#cancel(reason),
    };
    this.readable = primordials.ReflectConstruct(options.ReadableStream, [
      source,
      { __proto__: null, highWaterMark: 0 },
    ]);
  }

  chunk(text: string | undefined, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#state !== 'open') return;
    const cost = chunkCost(text === undefined ? 0 : text.length, TypedArrayPrototypeGetByteLength(bytes));
    const chunk: Chunk = { text, bytes, cost, next: undefined };
    if (this.#last === undefined) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
    this.#wake();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#wake();
  }

  fail(reason: unknown): void {
    if (this.#state === 'done') return;
    this.#finish();
    this.#controller?.error(reason);
  }

  #pull(): unknown {
    if (this.#deliver()) return undefined;
    this.#options.hold();
    return new Promise<void>((resolve) => {
      this.#wanted = () => {
        this.#options.release();
        resolve();
      };
    });
  }

  #wake(): void {
    if (this.#wanted !== undefined && this.#deliver()) this.#resolveWanted();
  }

  #resolveWanted(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted !== undefined) wanted();
  }

  #deliver(): boolean {
    const chunk = this.#first;
    if (chunk === undefined) {
      if (this.#state !== 'ending') return false;
      this.#finish();
      this.#controller?.close();
      return true;
    }
    this.#first = chunk.next;
    if (this.#first === undefined) this.#last = undefined;
    this.#credit(chunk.cost);
    const value = chunk.text === undefined ? chunk.bytes : this.#options.values.data.decode(chunk.text, chunk.bytes);
    this.#controller?.enqueue(value);
    return true;
  }

  /** In few messages; but when nothing is left here the host may be waiting for all of it. */
  #credit(cost: number): void {
    this.#taken += cost;
    if (this.#state !== 'open') return;
    if (this.#first !== undefined && this.#taken < this.#options.windowBytes / 4) return;
    this.#options.credit(this.#taken);
    this.#taken = 0;
  }

  #cancel(reason: unknown): void {
    if (this.#state === 'done') return;
    if (this.#state === 'open') this.#options.cancel(reason);
    this.#finish();
  }

  #finish(): void {
    this.#state = 'done';
    this.#first = undefined;
    this.#last = undefined;
    this.#resolveWanted();
  }
}
