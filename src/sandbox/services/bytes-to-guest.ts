/**
 * Bytes on their way to a guest, as events. A guest that does not read, or is frozen, has few of them waiting: what comes in small
 * pieces is put together here until it goes on. Who fills it keeps to a window.
 */
import { limits } from '../../model/limits.ts';

export class BytesToGuest {
  readonly #emit: (piece: ArrayBuffer) => void;
  /** Sizes of events that the guest has not taken in full, the first less what it took of it. */
  readonly #untaken: number[] = [];
  readonly #gathered = new Gathering();
  #onEmpty: (() => void) | undefined;
  #untakenBytes = 0;

  constructor(emit: (piece: ArrayBuffer) => void) {
    this.#emit = emit;
  }

  /** Given and not taken. */
  get byteLength(): number {
    return this.#untakenBytes;
  }

  add(bytes: Uint8Array): void {
    this.#untakenBytes += bytes.byteLength;
    this.#gathered.add(bytes);
    this.#pass();
  }

  /** False: it cannot have taken so many. */
  took(bytes: number): boolean {
    if (!Number.isSafeInteger(bytes) || bytes <= 0 || bytes > this.#untakenBytes) return false;
    this.#untakenBytes -= bytes;
    let rest = bytes;
    while (rest > 0) {
      const first = this.#untaken[0];
      if (first === undefined) break;
      if (first > rest) {
        this.#untaken[0] = first - rest;
        break;
      }
      this.#untaken.shift();
      rest -= first;
    }
    this.#pass();
    return true;
  }

  /** Calls back once all of it has been emitted, at once when nothing waits. */
  afterLast(then: () => void): void {
    this.#onEmpty = then;
    this.#pass();
  }

  /** Emits all that waits, and what was to follow it: nothing more comes. The window bounds it. */
  flush(): void {
    for (let piece = this.#gathered.take(); piece !== undefined; piece = this.#gathered.take()) this.#emit(piece);
    this.#pass();
  }

  #pass(): void {
    while (this.#untaken.length < limits.socketEventsWaitingMax) {
      const piece = this.#gathered.take();
      if (piece === undefined) break;
      this.#untaken.push(piece.byteLength);
      this.#emit(piece);
    }
    const onEmpty = this.#onEmpty;
    if (onEmpty !== undefined && this.#gathered.isEmpty) {
      this.#onEmpty = undefined;
      onEmpty();
    }
  }
}

/** Bytes in pieces of at most a chunk: what comes in small ones while others wait is put together. */
class Gathering {
  readonly #pieces: Uint8Array[] = [];
  /** Small pieces behind `#pieces`, in a buffer of our own. */
  #tail: Uint8Array | undefined;
  #tailLength = 0;

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#tailLength === 0;
  }

  add(bytes: Uint8Array): void {
    if (this.isEmpty) {
      this.#pieces.push(bytes);
      return;
    }
    if (this.#tailLength + bytes.byteLength > limits.socketChunkBytesMax) this.#endTail();
    this.#tail ??= new Uint8Array(limits.socketChunkBytesMax);
    this.#tail.set(bytes, this.#tailLength);
    this.#tailLength += bytes.byteLength;
  }

  #endTail(): void {
    if (this.#tail !== undefined && this.#tailLength > 0) this.#pieces.push(this.#tail.subarray(0, this.#tailLength));
    this.#tail = undefined;
    this.#tailLength = 0;
  }

  /** With a buffer of exactly its size. */
  take(): ArrayBuffer | undefined {
    if (this.#pieces.length === 0) this.#endTail();
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    const copy = new ArrayBuffer(piece.byteLength);
    new Uint8Array(copy).set(piece);
    return copy;
  }
}
