/** The value codec of `bridge/binding-values.ts` as the host uses it. */
import { types } from 'node:util';
import { createValueCodec, type ForeignValues, type ValueBuiltins, type ValueCodec } from '../bridge/binding-values.ts';
import { bindingErrorCodes } from '../bridge/bindings.ts';
import { limits } from '../model/limits.ts';

/** A method as a function of its receiver. */
function uncurried<Self, Args extends readonly unknown[], Result>(
  method: (this: Self, ...args: Args) => Result,
): (self: unknown, ...args: Args) => Result {
  return (self, ...args) => Reflect.apply(method, self, args);
}

function getter<Result>(prototype: object, name: PropertyKey): (self: unknown) => Result {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new Error(`no getter ${String(name)}`);
  return (self) => Reflect.apply(get, self, []);
}

const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype);

const builtins: ValueBuiltins & Record<string, unknown> = {
  ArrayBuffer,
  ArrayBufferIsView: ArrayBuffer.isView,
  ArrayBufferPrototypeGetByteLength: getter(ArrayBuffer.prototype, 'byteLength'),
  ArrayIsArray: Array.isArray,
  BigInt,
  BigIntPrototypeToString: (value, radix) => value.toString(radix),
  DataView,
  DataViewPrototypeGetBuffer: getter(DataView.prototype, 'buffer'),
  DataViewPrototypeGetByteLength: getter(DataView.prototype, 'byteLength'),
  DataViewPrototypeGetByteOffset: getter(DataView.prototype, 'byteOffset'),
  Date,
  DatePrototypeGetTime: uncurried(Date.prototype.getTime),
  Error,
  ErrorIsError: types.isNativeError,
  JSONParse: JSON.parse,
  JSONStringify: JSON.stringify,
  Map,
  MapIteratorPrototypeNext: uncurried(new Map().entries().next) as ValueBuiltins['MapIteratorPrototypeNext'],
  MapPrototypeEntries: uncurried(Map.prototype.entries),
  MapPrototypeSet: uncurried(Map.prototype.set),
  NumberIsFinite: Number.isFinite,
  ObjectGetPrototypeOf: (value) => Object.getPrototypeOf(value),
  ObjectKeys: Object.keys,
  ObjectPrototype: Object.prototype,
  ObjectPrototypeHasOwnProperty: Object.hasOwn,
  ObjectPrototypeToString: uncurried(Object.prototype.toString),
  ReflectConstruct: Reflect.construct as ValueBuiltins['ReflectConstruct'],
  ReflectDefineProperty: Reflect.defineProperty,
  ReflectGetOwnPropertyDescriptor: Reflect.getOwnPropertyDescriptor,
  Set,
  SetIteratorPrototypeNext: uncurried(new Set().values().next) as ValueBuiltins['SetIteratorPrototypeNext'],
  SetPrototypeAdd: uncurried(Set.prototype.add),
  SetPrototypeValues: uncurried(Set.prototype.values),
  StringPrototypeCharCodeAt: (text, at) => text.charCodeAt(at),
  StringPrototypeSlice: (text, start, end) => text.slice(start, end),
  SymbolAsyncIterator: Symbol.asyncIterator,
  TypedArrayPrototypeGetBuffer: getter(typedArray, 'buffer'),
  TypedArrayPrototypeGetByteLength: getter(typedArray, 'byteLength'),
  TypedArrayPrototypeGetByteOffset: getter(typedArray, 'byteOffset'),
  TypedArrayPrototypeGetSymbolToStringTag: getter(typedArray, Symbol.toStringTag),
  TypedArrayPrototypeSet: (target, source, offset) => target.set(source, offset),
  Uint8Array,
  // Found by the names that travel.
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float16Array: Reflect.get(globalThis, 'Float16Array'),
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** A value that cannot be sent, or a message that must not be read. What it says may be told to the guest. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
  readonly refusal: 'value' | 'size' | 'malformed';

  constructor(refusal: ValueError['refusal'], message: string) {
    super(message);
    this.refusal = refusal;
  }
}

export type Channels = Pick<ForeignValues, 'channelOf' | 'stream' | 'signal'>;

export function hostCodec(channels: Channels, bytesMax: number): ValueCodec {
  return createValueCodec({
    builtins,
    limits: {
      depthMax: limits.bindingDepthMax,
      valuesMax: limits.bindingValuesMax,
      keyStepsMax: limits.bindingKeyStepsMax,
      bytesMax,
    },
    foreign: {
      ...channels,
      isDomException: (error) => error instanceof DOMException,
      domException: (message, name) => new DOMException(message, name),
    },
    refuse: (refusal, message) => new ValueError(refusal, message),
  });
}

/** For what may hold data only: values of streams, reasons, constants. */
export const noChannels: Channels = {
  channelOf(value) {
    if (!isStream(value) && !(value instanceof AbortSignal)) return undefined;
    throw new ValueError('value', 'a stream or a signal can be sent only in arguments and results');
  },
  stream: () => refuseChannel(),
  signal: () => refuseChannel(),
};

function refuseChannel(): never {
  throw new ValueError('malformed', 'a message names a channel where there is none');
}

export const dataCodec = hostCodec(noChannels, limits.bindingMessageBytesMax);

/** ReadableStream, Readable, async generators: all are iterated. */
export function isStream(value: object): value is AsyncIterable<unknown> {
  return typeof Reflect.get(value, Symbol.asyncIterator) === 'function';
}

/** A body as it travels: the text, then the bytes. */
export interface Body {
  readonly textBytes: number;
  readonly bytes: Uint8Array;
}

export function bodyOf({ text, bytes }: { readonly text: string; readonly bytes: Uint8Array }): Body {
  const head = Buffer.from(text);
  return {
    textBytes: head.byteLength,
    bytes: bytes.byteLength === 0 ? head : Buffer.concat([head, bytes]),
  };
}

export function textOf(body: Uint8Array, textBytes: number): { readonly text: string; readonly bytes: Uint8Array } {
  const text = Buffer.from(body.buffer, body.byteOffset, textBytes).toString('utf8');
  return { text, bytes: body.subarray(textBytes) };
}

/** The body of an error that the guest is given, whatever was thrown. */
export function errorBody(error: unknown, binding: string): Body {
  try {
    return bodyOf(dataCodec.encode(error, 'the error'));
  } catch {
    // A thrown value of a kind that cannot be sent, or a getter of the embedder's that throws: the guest must hear something.
    return bodyOf({ text: JSON.stringify(unsendable(binding)), bytes: new Uint8Array(0) });
  }
}

function unsendable(binding: string): unknown[] {
  return ['e', 'Error', `${binding} failed with a value that cannot be sent`, { code: bindingErrorCodes.result }];
}
