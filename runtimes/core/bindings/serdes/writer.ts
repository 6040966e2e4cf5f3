/** Writes values in V8's serialisation format (see `format.ts`). Host objects and errors are the caller's business. */
import type { Types } from '../types.ts';
import { ByteWriter } from './bytes.ts';
import { errorKinds, headerByte, regExpFlags, tags, viewKinds, wireVersion } from './format.ts';

const {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetDetached,
  ArrayIsArray,
  ArrayPrototypePush,
  BigIntPrototypeToString,
  BigIntPrototypeValueOf,
  BooleanPrototypeValueOf,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  DatePrototypeGetTime,
  ErrorIsError,
  FunctionPrototypeToString,
  MapIteratorPrototypeNext,
  MapPrototypeEntries,
  MathFloor,
  NumberParseInt,
  NumberPrototypeValueOf,
  ObjectKeys,
  ObjectPrototypeHasOwnProperty,
  ReflectGetOwnPropertyDescriptor,
  RegExpPrototypeExec,
  RegExpPrototypeGetFlags,
  RegExpPrototypeGetSource,
  SafeMap,
  SetIteratorPrototypeNext,
  SetPrototypeValues,
  String,
  StringPrototypeIncludes,
  StringPrototypePadStart,
  StringPrototypeSlice,
  StringPrototypeValueOf,
  SymbolPrototypeToString,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetSymbolToStringTag,
  Uint8Array,
} = primordials;

export interface WriterDelegate {
  /** @returns false when the value is no host object */
  writeHostObject(value: object): boolean;
  /** Never returns. */
  refuse(message: string): never;
  constructorName(value: object): string;
}

const arrayIndex = /^(?:0|[1-9]\d{0,9})$/;
const arrayIndexMax = 4_294_967_294;

export class Writer extends ByteWriter {
  readonly #types: Types;
  readonly #delegate: WriterDelegate;
  readonly #ids = new SafeMap<unknown, number>();
  readonly #transferred = new SafeMap<unknown, number>();
  treatsViewsAsHostObjects = false;

  constructor(types: Types, delegate: WriterDelegate) {
    super();
    this.#types = types;
    this.#delegate = delegate;
  }

  header(): void {
    this.byte(headerByte);
    this.varint(wireVersion);
  }

  transfer(id: number, buffer: unknown): void {
    this.#transferred.set(buffer, id);
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        this.byte(tags.undefined);
        return;
      case 'boolean':
        this.byte(value ? tags.true : tags.false);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'bigint':
        this.byte(tags.bigint);
        this.#bigint(value);
        return;
      case 'string':
        this.string(value);
        return;
      case 'symbol':
        this.#refuseValue(SymbolPrototypeToString(value));
        return;
      case 'function':
        this.#refuseValue(FunctionPrototypeToString(value as never));
        return;
      default:
        if (value === null) this.byte(tags.null);
        else this.#object(value as object);
    }
  }

  #number(value: number): void {
    if ((value | 0) === value && !isNegativeZero(value)) {
      this.byte(tags.int32);
      this.varint(((value << 1) ^ (value >> 31)) >>> 0);
    } else {
      this.byte(tags.double);
      this.double(value);
    }
  }

  /** Sign in the lowest bit, byte length above it, then whole 64-bit digits. */
  #bigint(value: bigint): void {
    const isNegative = value < 0n;
    let hex = value === 0n ? '' : BigIntPrototypeToString(isNegative ? -value : value, 16);
    const digits = MathFloor((hex.length + 15) / 16);
    hex = StringPrototypePadStart(hex, digits * 16, '0');
    this.varint(digits * 8 * 2 + (isNegative ? 1 : 0));
    for (let end = hex.length; end > 0; end -= 2) {
      this.byte(NumberParseInt(StringPrototypeSlice(hex, end - 2, end), 16));
    }
  }

  #object(value: object): void {
    const isView = ArrayBufferIsView(value);
    if (isView && !this.treatsViewsAsHostObjects && !this.#ids.has(value)) this.#object(bufferOf(value));
    const known = this.#ids.get(value);
    if (known !== undefined) {
      this.byte(tags.objectReference);
      this.varint(known);
      return;
    }
    this.#ids.set(value, this.#ids.size);
    if (!isView) this.#newObject(value);
    else if (this.treatsViewsAsHostObjects) this.#hostObject(value);
    else this.#view(value);
  }

  #hostObject(value: object): void {
    this.byte(tags.hostObject);
    if (!this.#delegate.writeHostObject(value)) {
      this.#refuseValue(`[object ${this.#delegate.constructorName(value)}]`);
    }
  }

  #is(check: string, value: unknown): boolean {
    return this.#types[check]?.(value) === true;
  }

  #newObject(value: object): void {
    if (ArrayIsArray(value)) {
      this.#array(value);
      return;
    }
    if (this.#is('isDate', value)) {
      this.byte(tags.date);
      this.double(DatePrototypeGetTime(value));
      return;
    }
    if (this.#is('isRegExp', value)) {
      this.#regExp(value);
      return;
    }
    if (this.#is('isMap', value)) {
      this.#map(value);
      return;
    }
    if (this.#is('isSet', value)) {
      this.#set(value);
      return;
    }
    if (this.#is('isArrayBuffer', value)) {
      this.#arrayBuffer(value);
      return;
    }
    if (this.#is('isBoxedPrimitive', value)) {
      this.#boxed(value);
      return;
    }
    if (ErrorIsError(value)) {
      this.#error(value);
      return;
    }
    if (
      this.#is('isSharedArrayBuffer', value) ||
      this.#is('isPromise', value) ||
      this.#is('isWeakMap', value) ||
      this.#is('isWeakSet', value) ||
      this.#is('isWeakRef', value) ||
      this.#is('isGeneratorObject', value)
    ) {
      this.#refuseValue(`#<${this.#delegate.constructorName(value)}>`);
      return;
    }
    this.byte(tags.object);
    const count = this.#properties(value, false);
    this.byte(tags.endObject);
    this.varint(count);
  }

  #array(value: readonly unknown[]): void {
    const { length } = value;
    let isDense = true;
    for (let at = 0; at < length && isDense; at++) isDense = ObjectPrototypeHasOwnProperty(value, at);
    this.byte(isDense ? tags.denseArray : tags.sparseArray);
    this.varint(length);
    for (let at = 0; isDense && at < length; at++) this.value(value[at]);
    const count = this.#properties(value, isDense);
    this.byte(isDense ? tags.endDenseArray : tags.endSparseArray);
    this.varint(count);
    this.varint(length);
  }

  #properties(value: object, withoutIndexes: boolean): number {
    const keys = ObjectKeys(value);
    let count = 0;
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? '';
      const index = RegExpPrototypeExec(arrayIndex, key) === null ? -1 : NumberParseInt(key, 10);
      const isIndex = index >= 0 && index <= arrayIndexMax;
      // A getter may have removed a later property.
      if ((isIndex && withoutIndexes) || ReflectGetOwnPropertyDescriptor(value, key) === undefined) continue;
      if (isIndex) this.#number(index);
      else this.string(key);
      this.value((value as Record<string, unknown>)[key]);
      count += 1;
    }
    return count;
  }

  #regExp(value: unknown): void {
    this.byte(tags.regExp);
    this.string(RegExpPrototypeGetSource(value));
    const flags = RegExpPrototypeGetFlags(value);
    let bits = 0;
    for (let at = 0; at < regExpFlags.length; at++) {
      if (StringPrototypeIncludes(flags, regExpFlags[at] ?? '')) bits |= 1 << at;
    }
    this.varint(bits);
  }

  #map(value: object): void {
    this.byte(tags.map);
    // Collected first: getters of the members may change the map.
    const members: unknown[] = [];
    const iterator = MapPrototypeEntries(value);
    for (let step = MapIteratorPrototypeNext(iterator); !step.done; step = MapIteratorPrototypeNext(iterator)) {
      const entry = step.value as [unknown, unknown];
      ArrayPrototypePush(members, entry[0], entry[1]);
    }
    for (let at = 0; at < members.length; at++) this.value(members[at]);
    this.byte(tags.endMap);
    this.varint(members.length);
  }

  #set(value: object): void {
    this.byte(tags.set);
    const members: unknown[] = [];
    const iterator = SetPrototypeValues(value);
    for (let step = SetIteratorPrototypeNext(iterator); !step.done; step = SetIteratorPrototypeNext(iterator)) {
      ArrayPrototypePush(members, step.value);
    }
    for (let at = 0; at < members.length; at++) this.value(members[at]);
    this.byte(tags.endSet);
    this.varint(members.length);
  }

  #arrayBuffer(value: object): void {
    const id = this.#transferred.get(value);
    if (id !== undefined) {
      this.byte(tags.transferredArrayBuffer);
      this.varint(id);
      return;
    }
    if (ArrayBufferPrototypeGetDetached(value)) {
      this.#delegate.refuse('An ArrayBuffer is detached and could not be cloned.');
    }
    this.byte(tags.arrayBuffer);
    this.varint(ArrayBufferPrototypeGetByteLength(value));
    this.raw(new Uint8Array(value as ArrayBuffer));
  }

  #view(value: ArrayBufferView): void {
    const tag = TypedArrayPrototypeGetSymbolToStringTag(value);
    const name = tag ?? 'DataView';
    this.byte(tags.view);
    for (let at = 0; at < viewKinds.length; at++) if (viewKinds[at]?.[0] === name) this.byte(viewKinds[at]?.[1] ?? 0);
    this.varint(tag === undefined ? DataViewPrototypeGetByteOffset(value) : TypedArrayPrototypeGetByteOffset(value));
    this.varint(tag === undefined ? DataViewPrototypeGetByteLength(value) : TypedArrayPrototypeGetByteLength(value));
    // Neither length-tracking nor resizable: a copy is neither.
    this.varint(0);
  }

  #boxed(value: object): void {
    if (this.#is('isSymbolObject', value)) {
      this.#refuseValue('#<Symbol>');
      return;
    }
    if (this.#is('isBooleanObject', value)) {
      this.byte(BooleanPrototypeValueOf(value) ? tags.trueObject : tags.falseObject);
      return;
    }
    if (this.#is('isNumberObject', value)) {
      this.byte(tags.numberObject);
      this.double(NumberPrototypeValueOf(value));
      return;
    }
    if (this.#is('isBigIntObject', value)) {
      this.byte(tags.bigintObject);
      this.#bigint(BigIntPrototypeValueOf(value));
      return;
    }
    this.byte(tags.stringObject);
    this.string(StringPrototypeValueOf(value));
  }

  #error(value: Error): void {
    this.byte(tags.error);
    const name = String(value.name);
    for (let at = 0; at < errorKinds.length; at++)
      if (errorKinds[at]?.[0] === name) this.byte(errorKinds[at]?.[1] ?? 0);
    const message = ReflectGetOwnPropertyDescriptor(value, 'message');
    if (message !== undefined && 'value' in message) {
      this.byte(tags.errorMessage);
      this.string(String(message.value));
    }
    const stack: unknown = value.stack;
    if (typeof stack === 'string') {
      this.byte(tags.errorStack);
      this.string(stack);
    }
    const cause = ReflectGetOwnPropertyDescriptor(value, 'cause');
    if (cause !== undefined && 'value' in cause) {
      this.byte(tags.errorCause);
      this.value(cause.value);
    }
    this.byte(tags.endError);
  }

  #refuseValue(what: string): never {
    return this.#delegate.refuse(`${what} could not be cloned.`);
  }
}

function bufferOf(view: ArrayBufferView): object {
  return TypedArrayPrototypeGetSymbolToStringTag(view) === undefined
    ? DataViewPrototypeGetBuffer(view)
    : TypedArrayPrototypeGetBuffer(view);
}

function isNegativeZero(value: number): boolean {
  return value === 0 && 1 / value < 0;
}
