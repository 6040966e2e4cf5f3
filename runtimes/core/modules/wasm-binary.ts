/**
 * Bounds the memories that a WebAssembly module declares, in its bytes. Of the binary format only what that takes: a header of
 * eight bytes, then sections of one byte for the kind, a length, and that many bytes; the fifth kind lists memories, each as flags
 * (1: has a maximum, 2: shared, 4: 64-bit), a minimum and perhaps a maximum, in pages. Numbers are LEB128. What is damaged goes to V8
 * as it is, which refuses it.
 */
import { bytesIfAny } from '../bindings/encodings.ts';

const { MathMax, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeSet, TypedArrayPrototypeSubarray, Uint8Array } =
  primordials;

export interface BoundedModule {
  readonly bytes: Uint8Array;
  /** How many it declares. */
  readonly count: number;
  /** Of all its memories together. */
  readonly pagesMin: number;
  readonly pagesMax: number;
}

export interface WasmBinary {
  /** Undefined when it declares no memory. @throws WebAssembly.CompileError when it declares a shared one */
  bounded(source: unknown, pagesMax: number): BoundedModule | undefined;
}

const { CompileError } = WebAssembly;

const headerBytes = 8;
const memorySection = 5;
const flags = { maximum: 1, shared: 2 } as const;

export function bounded(source: unknown, pagesMax: number): BoundedModule | undefined {
  // Its own length, not what a property of it says. What has no bytes V8 refuses.
  const bytes = bytesIfAny(source);
  const section = bytes && findMemories(bytes);
  if (bytes === undefined || section === undefined) return undefined;
  const reader = new Reader(bytes, section.from);
  const count = reader.number();
  // Each takes two bytes at least, so a count that is not true ends here.
  if (count * 2 > section.end - section.from) return undefined;
  const body = new Writer(section.end - section.from + (count + 1) * numberBytesMax);
  body.number(count);
  let least = 0;
  let most = 0;
  for (let at = 0; at < count; at++) {
    const kind = reader.number();
    if ((kind & flags.shared) !== 0) throw sharedMemory();
    const minimum = reader.number();
    const declared = (kind & flags.maximum) === 0 ? pagesMax : reader.number();
    const maximum = declared < pagesMax ? declared : MathMax(pagesMax, minimum);
    body.number(kind | flags.maximum);
    body.number(minimum);
    body.number(maximum);
    least += minimum;
    most += maximum;
  }
  // Whatever is no memory section for V8 either.
  if (reader.isBeyond(section.end)) return undefined;
  const length = new Writer(numberBytesMax);
  length.number(body.size);
  return { bytes: joined(bytes, section, length.written(), body.written()), count, pagesMin: least, pagesMax: most };
}

interface Section {
  /** Of its kind. */
  readonly start: number;
  /** Of its content. */
  readonly from: number;
  readonly end: number;
}

function findMemories(bytes: Uint8Array): Section | undefined {
  const size = TypedArrayPrototypeGetByteLength(bytes);
  for (let start = headerBytes; start < size; ) {
    const reader = new Reader(bytes, start + 1);
    const length = reader.number();
    const from = reader.at;
    if (reader.isBeyond(size)) return undefined;
    if (bytes[start] === memorySection) return { start, from, end: from + length };
    start = from + length;
  }
  return undefined;
}

function joined(bytes: Uint8Array, { start, end }: Section, length: Uint8Array, body: Uint8Array): Uint8Array {
  const size = TypedArrayPrototypeGetByteLength;
  const before = start + 1;
  const whole = new Uint8Array(before + size(length) + size(body) + size(bytes) - end);
  TypedArrayPrototypeSet(whole, TypedArrayPrototypeSubarray(bytes, 0, before), 0);
  TypedArrayPrototypeSet(whole, length, before);
  TypedArrayPrototypeSet(whole, body, before + size(length));
  TypedArrayPrototypeSet(
    whole,
    TypedArrayPrototypeSubarray(bytes, end, size(bytes)),
    before + size(length) + size(body),
  );
  return whole;
}

function sharedMemory(): Error {
  return new CompileError('WebAssembly.Module(): shared memory is not available in isotherm');
}

/** More than 64 bits have: a number that is longer is none. */
const numberBytesMax = 10;

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < numberBytesMax; read++) {
      // Past the end there are zeros; `isBeyond` tells.
      const byte = this.#bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
    }
    return value;
  }

  isBeyond(end: number): boolean {
    return this.at > end;
  }
}

class Writer {
  readonly #bytes: Uint8Array;
  size = 0;

  constructor(sizeMax: number) {
    this.#bytes = new Uint8Array(sizeMax);
  }

  number(value: number): void {
    let rest = value;
    do {
      const low = rest % 0x80;
      rest = (rest - low) / 0x80;
      this.#bytes[this.size++] = rest === 0 ? low : low | 0x80;
    } while (rest !== 0);
  }

  written(): Uint8Array {
    return TypedArrayPrototypeSubarray(this.#bytes, 0, this.size);
  }
}

declare namespace WebAssembly {
  class CompileError extends Error {}
}
