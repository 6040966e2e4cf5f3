/** What goes to the service and what comes back, in the form that `bridge/crypto.ts` defines. */
import { cryptoMessageBytesMax } from '../../../../src/bridge/crypto.ts';
import { type Bytes, bytesOf } from '../encodings.ts';
import { limitError } from './errors.ts';

const {
  ArrayBuffer,
  DataView,
  DataViewPrototypeGetUint32,
  DataViewPrototypeSetUint32,
  JSONParse,
  JSONStringify,
  ObjectSetPrototypeOf,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice,
  Uint8Array,
} = primordials;

export type View = ArrayBuffer | ArrayBufferView;
type Scalar = string | number | boolean | undefined;

/** Operation's arguments by name. Absent ones are left out. */
export class Message {
  readonly #head: Record<string, unknown> = emptyRecord();
  readonly #parts: Bytes[];

  constructor(parts: Bytes[] = []) {
    this.#parts = parts;
  }

  set(name: string, value: Scalar): this {
    if (value !== undefined) this.#head[name] = value;
    return this;
  }

  /** The bytes are copied when the message is packed, not now. */
  bytes(name: string, view: View | undefined): this {
    if (view !== undefined) {
      this.#head[name] = this.#parts.length;
      this.#parts[this.#parts.length] = bytesOf(view);
    }
    return this;
  }

  /** A member with members of its own, which share the byte strings. */
  inner(name: string): Message {
    const inner = new Message(this.#parts);
    this.#head[name] = inner.#head;
    return inner;
  }

  headJson(): string {
    return JSONStringify(this.#head) ?? '{}';
  }

  /** @throws RangeError when it is more than one message carries */
  packed(): ArrayBuffer {
    const parts = this.#parts;
    let byteCount = 4 + 4 * parts.length;
    let offset = byteCount;
    for (let at = 0; at < parts.length; at++) byteCount += lengthOf(parts[at]);
    if (byteCount > cryptoMessageBytesMax) {
      throw limitError('bytes for one operation', byteCount, 'cryptoMessageBytesMax', cryptoMessageBytesMax);
    }
    const packed = new ArrayBuffer(byteCount);
    const view = new DataView(packed);
    const bytes = new Uint8Array(packed);
    DataViewPrototypeSetUint32(view, 0, parts.length, true);
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at];
      DataViewPrototypeSetUint32(view, 4 + 4 * at, lengthOf(part), true);
      if (part !== undefined) TypedArrayPrototypeSet(bytes, part, offset);
      offset += lengthOf(part);
    }
    return packed;
  }
}

function lengthOf(bytes: Bytes | undefined): number {
  return bytes === undefined ? 0 : TypedArrayPrototypeGetLength(bytes);
}

/** What an operation answered. */
export class Answer {
  readonly head: Readonly<Record<string, unknown>>;
  readonly #packed: ArrayBuffer;

  constructor(headJson: string, packed: ArrayBuffer) {
    this.head = recordFrom(headJson);
    this.#packed = packed;
  }

  /** Byte strings. */
  get count(): number {
    return DataViewPrototypeGetUint32(new DataView(this.#packed), 0, true);
  }

  /** Of its own buffer and exact size. */
  bytes(at = 0): Bytes {
    const view = new DataView(this.#packed);
    let offset = 4 + 4 * DataViewPrototypeGetUint32(view, 0, true);
    for (let before = 0; before < at; before++) offset += DataViewPrototypeGetUint32(view, 4 + 4 * before, true);
    const length = DataViewPrototypeGetUint32(view, 4 + 4 * at, true);
    return TypedArrayPrototypeSlice(new Uint8Array(this.#packed, offset, length));
  }

  number(name: string): number {
    const value = this.head[name];
    return typeof value === 'number' ? value : 0;
  }

  text(name: string): string {
    const value = this.head[name];
    return typeof value === 'string' ? value : '';
  }
}

export function emptyRecord(): Record<string, unknown> {
  return { __proto__: null } as unknown as Record<string, unknown>;
}

/** Without a prototype, which the user owns. */
export function recordFrom(json: string): Record<string, unknown> {
  return ObjectSetPrototypeOf(JSONParse(json) as object, null) as Record<string, unknown>;
}
