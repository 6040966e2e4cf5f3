/**
 * Values between a guest and the host functions it may call (`bindings`): how they become a text and bytes, and back. One
 * implementation for both ends. In a guest it gets Node's primordials, so nothing that user code replaced can change what is
 * sent; on the host it reads what a hostile guest wrote, so depth, count and sizes are checked before anything is made.
 *
 * The text is JSON in which every array is a tag:
 *
 *     null true false 1 "text"    themselves
 *     {"a":…}                     an object; `__proto__` is a key like any other
 *     [[…]]                       an array; holes are undefined
 *     ["u"]                       undefined
 *     ["n","NaN"]                 also Infinity, -Infinity and -0
 *     ["i","-ff"]                 a bigint, in hexadecimal digits: the only radix that is read in linear time
 *     ["d",0]                     a Date; null when it is invalid
 *     ["b","Uint8Array",3]        the next 3 of the bytes that come beside the text
 *     ["m",[k,v,k,v]] ["s",[v]]   Map and Set
 *     ["e",name,message,{…},c?]   an error, its own primitive properties and its cause; ["x", the same of a DOMException
 *     ["r",0]                     a stream: the channel of that index of the same message
 *     ["a",0] ["a",0,reason]      an AbortSignal: likewise; with a reason it is aborted already
 *
 * As with structuredClone an instance of a class becomes a plain object of its own enumerable properties. Unlike there, what
 * would arrive as less than it was is refused: functions, symbols, accessors, promises, instances without a property of their own.
 */

import { Decoder } from './binding-decoder.ts';
import { Encoder } from './binding-encoder.ts';

/** The built-ins that this uses, as Node's primordials name them. */
export interface ValueBuiltins {
  readonly ArrayBuffer: ArrayBufferConstructor;
  readonly ArrayBufferIsView: (value: unknown) => value is ArrayBufferView;
  readonly ArrayBufferPrototypeGetByteLength: (buffer: unknown) => number;
  readonly ArrayIsArray: (value: unknown) => value is unknown[];
  readonly BigInt: typeof BigInt;
  readonly BigIntPrototypeToString: (value: bigint, radix?: number) => string;
  readonly DataView: DataViewConstructor;
  readonly DataViewPrototypeGetBuffer: (view: ArrayBufferView) => ArrayBuffer;
  readonly DataViewPrototypeGetByteLength: (view: unknown) => number;
  readonly DataViewPrototypeGetByteOffset: (view: ArrayBufferView) => number;
  readonly Date: DateConstructor;
  readonly DatePrototypeGetTime: (date: unknown) => number;
  readonly Error: ErrorConstructor;
  readonly ErrorIsError: (value: unknown) => value is Error;
  readonly JSONParse: (text: string) => unknown;
  readonly JSONStringify: (value: unknown) => string | undefined;
  readonly Map: MapConstructor;
  readonly MapIteratorPrototypeNext: (iterator: unknown) => IteratorResult<unknown>;
  readonly MapPrototypeEntries: (map: unknown) => unknown;
  readonly MapPrototypeSet: (map: object, key: unknown, value: unknown) => void;
  readonly NumberIsFinite: (value: unknown) => boolean;
  readonly ObjectGetPrototypeOf: (value: unknown) => object | null;
  readonly ObjectKeys: (value: object) => string[];
  readonly ObjectPrototype: object;
  readonly ObjectPrototypeHasOwnProperty: (value: object, key: PropertyKey) => boolean;
  readonly ObjectPrototypeToString: (value: unknown) => string;
  readonly ReflectConstruct: (fn: (...args: never[]) => unknown, args: readonly unknown[]) => object;
  readonly ReflectDefineProperty: (target: object, key: PropertyKey, descriptor: PropertyDescriptor) => boolean;
  readonly ReflectGetOwnPropertyDescriptor: (target: object, key: PropertyKey) => PropertyDescriptor | undefined;
  readonly Set: SetConstructor;
  readonly SetIteratorPrototypeNext: (iterator: unknown) => IteratorResult<unknown>;
  readonly SetPrototypeAdd: (set: object, value: unknown) => void;
  readonly SetPrototypeValues: (set: unknown) => unknown;
  readonly StringPrototypeCharCodeAt: (text: string, at: number) => number;
  readonly StringPrototypeSlice: (text: string, start?: number, end?: number) => string;
  readonly SymbolAsyncIterator: symbol;
  readonly TypedArrayPrototypeGetBuffer: (array: ArrayBufferView) => ArrayBuffer;
  readonly TypedArrayPrototypeGetByteLength: (array: ArrayBufferView) => number;
  readonly TypedArrayPrototypeGetByteOffset: (array: ArrayBufferView) => number;
  readonly TypedArrayPrototypeGetSymbolToStringTag: (value: unknown) => string | undefined;
  readonly TypedArrayPrototypeSet: (target: Uint8Array, source: Uint8Array, offset?: number) => void;
  readonly Uint8Array: Uint8ArrayConstructor;
}

export interface ValueLimits {
  readonly depthMax: number;
  readonly valuesMax: number;
  /** Comparisons that numbers and bigints in maps and sets of one message could take who reads it. Absent: any. */
  readonly keyStepsMax?: number;
  /** Of one message: UTF-16 units of its text and its bytes, together. */
  readonly bytesMax: number;
}

/** What this end knows of values that are more than data. */
export interface ForeignValues {
  /** The channel that a stream or a signal goes through; undefined: it is neither. `reason`: the signal is aborted. */
  channelOf(value: object): ForeignChannel | undefined;
  stream(index: number): unknown;
  signal(index: number, aborted: { readonly reason: unknown } | undefined): unknown;
  isDomException(error: object): boolean;
  domException(message: string, name: string): object;
}

export type ForeignChannel =
  | { readonly kind: 'stream'; readonly index: number }
  | { readonly kind: 'signal'; readonly index: number; readonly aborted?: { readonly reason: unknown } };

/** `value`: it is of a kind that cannot be sent. `size`: too much of it. `malformed`: the other end wrote what nobody should. */
export type Refusal = 'value' | 'size' | 'malformed';

export interface Encoded {
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface ValueCodec {
  /** `root` names the value in messages. @throws what `refuse` made */
  encode(value: unknown, root: string): Encoded;
  /** @throws what `refuse` made; SyntaxError when the text is no JSON */
  decode(text: string, bytes: Uint8Array): unknown;
}

export interface CodecOptions {
  readonly builtins: ValueBuiltins;
  readonly limits: ValueLimits;
  readonly foreign: ForeignValues;
  readonly refuse: (refusal: Refusal, message: string) => Error;
}

export function createValueCodec(options: CodecOptions): ValueCodec {
  return {
    encode: (value, root) => new Encoder(options, root).encode(value),
    decode: (text, bytes) => new Decoder(options, bytes).decode(text),
  };
}
