/** Bytes that were received and not read yet, in pieces as they came. */
import { Fifo } from '../../fifo.ts';

const { MathMin, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeSet, Uint8Array } =
  primordials;

export class ByteQueue {
  readonly #pieces = new Fifo<Uint8Array>();
  /** What is left of the piece that was begun. */
  #first: Uint8Array | undefined;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(piece: Uint8Array): void {
    this.#byteLength += piece.length;
    this.#pieces.push(piece);
  }

  clear(): void {
    while (this.#pieces.shift() !== undefined);
    this.#first = undefined;
    this.#byteLength = 0;
  }

  /** Up to `bytesMax` bytes with a buffer of their own: a whole piece is handed on, parts are copied. */
  take(bytesMax: number): Uint8Array {
    const length = MathMin(bytesMax, this.#byteLength);
    this.#byteLength -= length;
    if (this.#first === undefined) {
      const piece = this.#pieces.shift();
      if (piece !== undefined && piece.length === length) return piece;
      this.#first = piece;
    }
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const piece = this.#first ?? this.#pieces.shift();
      if (piece === undefined) break;
      const part = MathMin(piece.length, length - at);
      TypedArrayPrototypeSet(bytes, viewOf(piece, 0, part), at);
      this.#first = part === piece.length ? undefined : viewOf(piece, part, piece.length);
      at += part;
    }
    return bytes;
  }
}

/** The same bytes. `subarray` would ask the user's constructors what to make. */
export function viewOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(TypedArrayPrototypeGetBuffer(bytes), TypedArrayPrototypeGetByteOffset(bytes) + from, to - from);
}

/** A copy with a buffer of exactly its size. */
export function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from);
  TypedArrayPrototypeSet(copy, viewOf(bytes, from, to));
  return copy;
}
