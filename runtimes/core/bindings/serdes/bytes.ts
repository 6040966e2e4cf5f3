/** Bytes that grow, and the parts that V8's serialisation format is made of (see `format.ts`). */
import { padding, tags } from './format.ts';

const {
  BigInt,
  DataView,
  DataViewPrototypeSetFloat64,
  MathFloor,
  MathMax,
  Number,
  StringPrototypeCharCodeAt,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  Uint8Array,
} = primordials;

const firstSize = 64;

export class ByteWriter {
  #bytes = new Uint8Array(firstSize);
  #length = 0;

  release(): Uint8Array {
    const bytes = TypedArrayPrototypeSlice(this.#bytes, 0, this.#length);
    this.#bytes = new Uint8Array(firstSize);
    this.#length = 0;
    return bytes;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) + 0x80);
      rest = MathFloor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** The two halves of one 64-bit number. */
  uint64(high: number, low: number): void {
    let rest = (BigInt(high) << 32n) | BigInt(low);
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  double(value: number): void {
    const bytes = new Uint8Array(8);
    DataViewPrototypeSetFloat64(new DataView(TypedArrayPrototypeGetBuffer(bytes)), 0, value, true);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    const size = TypedArrayPrototypeGetByteLength(bytes);
    this.#room(size);
    TypedArrayPrototypeSet(this.#bytes, bytes, this.#length);
    this.#length += size;
  }

  string(text: string): void {
    const { length } = text;
    let isOneByte = true;
    for (let at = 0; at < length && isOneByte; at++) isOneByte = StringPrototypeCharCodeAt(text, at) <= 0xff;
    if (isOneByte) {
      this.byte(tags.oneByteString);
      this.varint(length);
      this.#room(length);
      for (let at = 0; at < length; at++) this.#bytes[this.#length++] = StringPrototypeCharCodeAt(text, at);
      return;
    }
    const size = length * 2;
    // The units begin at an even place.
    if ((this.#length + 1 + varintBytes(size)) % 2 === 1) this.byte(padding);
    this.byte(tags.twoByteString);
    this.varint(size);
    this.#room(size);
    for (let at = 0; at < length; at++) {
      const unit = StringPrototypeCharCodeAt(text, at);
      this.#bytes[this.#length++] = unit & 0xff;
      this.#bytes[this.#length++] = unit >> 8;
    }
  }

  #room(bytes: number): void {
    const size = TypedArrayPrototypeGetByteLength(this.#bytes);
    if (this.#length + bytes <= size) return;
    const grown = new Uint8Array(MathMax(size * 2, this.#length + bytes));
    TypedArrayPrototypeSet(grown, this.#bytes, 0);
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = MathFloor(rest / 0x80)) bytes += 1;
  return bytes;
}
