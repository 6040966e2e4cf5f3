/**
 * Reads V8's serialisation format (see `format.ts`). The bytes may be anybody's: whatever does not fit is one error, and nothing is
 * allocated that the bytes themselves could not fill.
 */
import {
  errorKinds,
  headerByte,
  padding,
  regExpFlags,
  tags,
  viewKinds,
  wireVersion,
  wireVersionMin,
} from './format.ts';

const {
  ArrayBufferPrototypeGetByteLength,
  ArrayPrototypePush,
  BigInt,
  DataView,
  DataViewPrototypeGetFloat64,
  Date,
  Error,
  Map,
  MapPrototypeSet,
  MathFloor,
  Object,
  ObjectDefineProperty,
  ReflectConstruct,
  RegExp,
  SafeMap,
  Set,
  SetPrototypeAdd,
  String,
  StringFromCharCodeApply,
  StringPrototypePadStart,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeSlice,
  TypedArrayPrototypeSubarray,
  Uint16Array,
} = primordials;

export interface ReaderDelegate {
  readHostObject(): unknown;
  decodeUtf8(bytes: Uint8Array): string;
}

/** Strings are made of pieces of this many units: an argument list of V8 has its limits. */
const unitsAtOnce = 8192;
/** A longer array needs keys of its own, so a few bytes cannot ask for much memory. */
const arrayLengthMax = 4_294_967_295;

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #delegate: ReaderDelegate;
  #at = 0;
  #version = 0;
  #objects = 0;
  readonly #known = new SafeMap<number, unknown>();
  readonly #transferred = new SafeMap<number, unknown>();

  constructor(bytes: Uint8Array, delegate: ReaderDelegate) {
    this.#bytes = bytes;
    this.#delegate = delegate;
  }

  get version(): number {
    return this.#version;
  }

  header(): void {
    if (this.#bytes[this.#at] === headerByte) {
      this.#at += 1;
      this.#version = this.#peek() === undefined ? 0 : this.varint();
    }
    if (this.#version < wireVersionMin || this.#version > wireVersion) {
      throw new Error('Unable to deserialize cloned data due to invalid or unsupported version.');
    }
  }

  transfer(id: number, buffer: unknown): void {
    this.#transferred.set(id, buffer);
  }

  /** @returns where the bytes are */
  raw(length: number): number {
    const at = this.#at;
    if (!(length >= 0) || at + length > TypedArrayPrototypeGetByteLength(this.#bytes)) throw unreadable();
    this.#at = at + length;
    return at;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1, bytes = 0; bytes < 5; bytes++, factor *= 0x80) {
      const byte = this.#byte();
      value += (byte % 0x80) * factor;
      if (byte < 0x80) return value % 0x1_0000_0000;
    }
    throw unreadable();
  }

  uint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte % 0x80) << shift;
      if (byte < 0x80) return value & 0xffff_ffff_ffff_ffffn;
    }
    throw unreadable();
  }

  double(): number {
    const at = this.raw(8);
    const view = new DataView(
      TypedArrayPrototypeGetBuffer(this.#bytes),
      TypedArrayPrototypeGetByteOffset(this.#bytes) + at,
      8,
    );
    return DataViewPrototypeGetFloat64(view, 0, true);
  }

  value(): unknown {
    const value = this.#valueOf(this.#tag());
    // A buffer is written in front of the first view of it.
    if (isArrayBuffer(value) && this.#peek() === tags.view) {
      this.#tag();
      return this.#view(value);
    }
    return value;
  }

  #byte(): number {
    return this.#bytes[this.raw(1)] ?? 0;
  }

  #tag(): number {
    let tag = this.#byte();
    while (tag === padding) tag = this.#byte();
    return tag;
  }

  #peek(): number | undefined {
    let at = this.#at;
    while (this.#bytes[at] === padding) at += 1;
    return this.#bytes[at];
  }

  #valueOf(tag: number): unknown {
    switch (tag) {
      case tags.objectCount:
        this.varint();
        return this.value();
      case tags.undefined:
      case tags.hole:
        return undefined;
      case tags.null:
        return null;
      case tags.true:
        return true;
      case tags.false:
        return false;
      case tags.int32: {
        const value = this.varint();
        return (value >>> 1) ^ -(value & 1);
      }
      case tags.uint32:
        return this.varint();
      case tags.double:
        return this.double();
      case tags.bigint:
        return this.#bigint();
      case tags.utf8String:
        return this.#delegate.decodeUtf8(this.#taken(this.varint()));
      case tags.oneByteString:
        return latin1(this.#taken(this.varint()));
      case tags.twoByteString:
        return this.#twoByteString();
      case tags.objectReference: {
        const id = this.varint();
        if (!this.#known.has(id)) throw unreadable();
        return this.#known.get(id);
      }
      default:
        return this.#object(tag);
    }
  }

  #object(tag: number): unknown {
    const id = this.#objects++;
    switch (tag) {
      case tags.object: {
        const object = this.#remember(id, {});
        if (this.#properties(object, tags.endObject) !== this.varint()) throw unreadable();
        return object;
      }
      case tags.sparseArray:
        return this.#sparseArray(id);
      case tags.denseArray:
        return this.#denseArray(id);
      case tags.date:
        return this.#remember(id, new Date(this.double()));
      case tags.trueObject:
        return this.#remember(id, Object(true));
      case tags.falseObject:
        return this.#remember(id, Object(false));
      case tags.numberObject:
        return this.#remember(id, Object(this.double()));
      case tags.bigintObject:
        return this.#remember(id, Object(this.#bigint()));
      case tags.stringObject:
        return this.#remember(id, Object(this.#string()));
      case tags.regExp:
        return this.#remember(id, this.#regExp());
      case tags.map:
        return this.#map(id);
      case tags.set:
        return this.#set(id);
      case tags.arrayBuffer: {
        const bytes = this.#taken(this.varint());
        return this.#remember(id, TypedArrayPrototypeGetBuffer(TypedArrayPrototypeSlice(bytes)));
      }
      case tags.transferredArrayBuffer: {
        const buffer = this.#transferred.get(this.varint());
        if (buffer === undefined) throw unreadable();
        return this.#remember(id, buffer);
      }
      case tags.error:
        return this.#error(id);
      case tags.hostObject:
        return this.#remember(id, this.#delegate.readHostObject());
      default:
        throw unreadable();
    }
  }

  #remember<Value>(id: number, value: Value): Value {
    this.#known.set(id, value);
    return value;
  }

  #taken(length: number): Uint8Array {
    const at = this.raw(length);
    return TypedArrayPrototypeSubarray(this.#bytes, at, at + length) as Uint8Array;
  }

  #string(): string {
    const text = this.value();
    if (typeof text !== 'string') throw unreadable();
    return text;
  }

  #twoByteString(): string {
    const size = this.varint();
    if (size % 2 !== 0) throw unreadable();
    const bytes = TypedArrayPrototypeSlice(this.#taken(size));
    const units = new Uint16Array(TypedArrayPrototypeGetBuffer(bytes));
    return inPieces(units, size / 2);
  }

  #bigint(): bigint {
    const bits = this.varint();
    const bytes = this.#taken(MathFloor(bits / 2));
    const size = TypedArrayPrototypeGetByteLength(bytes);
    let hex = '';
    for (let at = size - 1; at >= 0; at--) hex += StringPrototypePadStart(hexOf(bytes[at] ?? 0), 2, '0');
    const value = BigInt(hex === '' ? 0 : `0x${hex}`);
    return bits % 2 === 1 ? -value : value;
  }

  #properties(target: object, end: number): number {
    for (let count = 0; ; count++) {
      if (this.#peek() === end) {
        this.#tag();
        return count;
      }
      const key = this.value();
      if (typeof key !== 'string' && typeof key !== 'number') throw unreadable();
      setOwn(target, String(key), this.value());
    }
  }

  #sparseArray(id: number): unknown[] {
    const length = this.varint();
    if (length > arrayLengthMax) throw unreadable();
    const array = this.#remember(id, [] as unknown[]);
    array.length = length;
    if (this.#properties(array, tags.endSparseArray) !== this.varint() || this.varint() !== length) throw unreadable();
    return array;
  }

  #denseArray(id: number): unknown[] {
    const length = this.varint();
    // Each element takes a byte at least.
    if (length > TypedArrayPrototypeGetByteLength(this.#bytes) - this.#at) throw unreadable();
    const array = this.#remember(id, [] as unknown[]);
    array.length = length;
    for (let at = 0; at < length; at++) {
      const isHole = this.#peek() === tags.hole;
      const element = this.value();
      if (!isHole) setOwn(array, `${at}`, element);
    }
    if (this.#properties(array, tags.endDenseArray) !== this.varint() || this.varint() !== length) throw unreadable();
    return array;
  }

  #regExp(): RegExp {
    const source = this.#string();
    const bits = this.varint();
    let flags = '';
    for (let at = 0; at < regExpFlags.length; at++) if ((bits >> at) % 2 === 1) flags += regExpFlags[at];
    return new RegExp(source, flags);
  }

  #map(id: number): object {
    const map = this.#remember(id, new Map<unknown, unknown>());
    let members = 0;
    for (; this.#peek() !== tags.endMap; members += 2) {
      const key = this.value();
      MapPrototypeSet(map, key, this.value());
    }
    this.#tag();
    if (this.varint() !== members) throw unreadable();
    return map;
  }

  #set(id: number): object {
    const set = this.#remember(id, new Set<unknown>());
    let members = 0;
    for (; this.#peek() !== tags.endSet; members++) SetPrototypeAdd(set, this.value());
    this.#tag();
    if (this.varint() !== members) throw unreadable();
    return set;
  }

  #view(buffer: ArrayBuffer): object {
    const id = this.#objects++;
    const kind = this.#byte();
    const offset = this.varint();
    const size = this.varint();
    this.varint();
    if (offset + size > ArrayBufferPrototypeGetByteLength(buffer)) throw unreadable();
    for (let at = 0; at < viewKinds.length; at++) {
      const [name, candidate, unit] = viewKinds[at] ?? ['', -1, 1];
      if (candidate !== kind) continue;
      if (offset % unit !== 0 || size % unit !== 0) throw unreadable();
      const type = (primordials as unknown as Record<string, never>)[name] as never;
      return this.#remember(id, ReflectConstruct(type, [buffer, offset, size / unit]));
    }
    throw unreadable();
  }

  #error(id: number): Error {
    let type: string = 'Error';
    let message: string | undefined;
    let stack: string | undefined;
    const cause: unknown[] = [];
    for (let tag = this.#byte(); tag !== tags.endError; tag = this.#byte()) {
      const named = errorName(tag);
      if (named !== undefined) type = named;
      else if (tag === tags.errorMessage) message = this.#string();
      else if (tag === tags.errorStack) stack = this.#string();
      else if (tag === tags.errorCause) ArrayPrototypePush(cause, this.value());
      else throw unreadable();
    }
    const error = ReflectConstruct((primordials as unknown as Record<string, never>)[type] as never, []) as Error;
    if (message !== undefined) hide(error, 'message', message);
    hide(error, 'stack', stack);
    if (cause.length > 0) hide(error, 'cause', cause[0]);
    return this.#remember(id, error);
  }
}

function errorName(tag: number): string | undefined {
  for (let at = 0; at < errorKinds.length; at++) if (errorKinds[at]?.[1] === tag) return errorKinds[at]?.[0];
  return undefined;
}

function unreadable(): Error {
  return new Error('Unable to deserialize cloned data.');
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (typeof value !== 'object' || value === null) return false;
  try {
    ArrayBufferPrototypeGetByteLength(value);
    return true;
  } catch {
    // That it throws is the answer: the value is none.
    return false;
  }
}

function latin1(bytes: Uint8Array): string {
  return inPieces(bytes, TypedArrayPrototypeGetByteLength(bytes));
}

function inPieces(units: Uint8Array | Uint16Array, length: number): string {
  let text = '';
  for (let at = 0; at < length; at += unitsAtOnce) {
    text += StringFromCharCodeApply(
      TypedArrayPrototypeSubarray(units as Uint8Array, at, at + unitsAtOnce) as Uint8Array,
    );
  }
  return text;
}

const hexDigits = '0123456789abcdef';

function hexOf(byte: number): string {
  return (hexDigits[byte >> 4] ?? '') + (hexDigits[byte & 15] ?? '');
}

function setOwn(target: object, key: string, value: unknown): void {
  ObjectDefineProperty(target, key, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function hide(target: object, key: string, value: unknown): void {
  ObjectDefineProperty(target, key, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable: false,
    configurable: true,
    writable: true,
  });
}
