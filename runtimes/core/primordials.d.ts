/**
 * Node's primordials as far as our own guest code uses them: the built-ins, captured before any user code ran, with `this`
 * as the first parameter. In scope in every script of the runtime. Never call a method on a value that user code can reach
 * the prototype of; call one of these.
 */
type AnyFunction = (...args: never[]) => unknown;

interface Primordials {
  readonly ArrayBufferIsView: (value: unknown) => value is ArrayBufferView;
  readonly ArrayBufferPrototypeGetByteLength: (buffer: unknown) => number;
  readonly ArrayBufferPrototypeGetDetached: (buffer: unknown) => boolean;
  readonly ArrayBufferPrototypeGetMaxByteLength: (buffer: unknown) => number;
  readonly ArrayBufferPrototypeGetResizable: (buffer: unknown) => boolean;
  readonly ArrayBufferPrototypeSlice: (buffer: ArrayBuffer, start: number, end: number) => ArrayBuffer;
  readonly ArrayBufferPrototypeTransfer: (buffer: ArrayBuffer, newLength?: number) => ArrayBuffer;
  readonly ArrayIsArray: (value: unknown) => value is unknown[];
  readonly ArrayPrototype: Record<symbol, unknown>;
  readonly ArrayPrototypeIncludes: <T>(array: readonly T[], value: unknown) => boolean;
  readonly ArrayPrototypeJoin: (array: readonly unknown[], separator: string) => string;
  readonly ArrayPrototypePush: <T>(array: T[], ...items: T[]) => number;
  readonly ArrayPrototypeShift: <T>(array: T[]) => T | undefined;
  readonly ArrayPrototypeSort: <T>(array: T[], compare: (a: T, b: T) => number) => T[];
  readonly ArrayPrototypeSlice: <T>(array: readonly T[], start?: number, end?: number) => T[];
  readonly BigInt: typeof BigInt;
  readonly BigIntPrototypeValueOf: (value: unknown) => bigint;
  readonly BooleanPrototypeValueOf: (value: unknown) => boolean;
  readonly DataViewPrototypeGetBuffer: (view: ArrayBufferView) => ArrayBuffer;
  readonly DataViewPrototypeGetByteLength: (view: unknown) => number;
  readonly DataViewPrototypeGetByteOffset: (view: ArrayBufferView) => number;
  readonly Date: DateConstructor;
  readonly DateNow: () => number;
  readonly DatePrototypeToString: (date: Date) => string;
  readonly DatePrototypeGetTime: (date: unknown) => number;
  readonly Error: ErrorConstructor;
  readonly ErrorCaptureStackTrace: (target: object, below?: AnyFunction) => void;
  readonly ErrorIsError: (value: unknown) => value is Error;
  readonly EvalError: EvalErrorConstructor;
  readonly FinalizationRegistry: typeof FinalizationRegistry;
  readonly FinalizationRegistryPrototypeRegister: <T>(
    registry: FinalizationRegistry<T>,
    target: WeakKey,
    held: T,
    token?: WeakKey,
  ) => void;
  readonly FinalizationRegistryPrototypeUnregister: <T>(registry: FinalizationRegistry<T>, token: WeakKey) => boolean;
  readonly FunctionPrototypeBind: <F extends AnyFunction>(fn: F, receiver: unknown) => F;
  readonly FunctionPrototypeCall: (fn: AnyFunction, receiver: unknown, ...args: unknown[]) => unknown;
  readonly FunctionPrototypeToString: (fn: AnyFunction) => string;
  readonly JSONParse: (text: string) => unknown;
  readonly JSONStringify: (value: unknown) => string | undefined;
  readonly Map: MapConstructor;
  readonly MapIteratorPrototypeNext: (iterator: unknown) => IteratorResult<unknown>;
  readonly MapPrototypeEntries: (map: unknown) => unknown;
  readonly MapPrototypeGetSize: (map: unknown) => number;
  readonly MapPrototypeSet: (map: object, key: unknown, value: unknown) => void;
  readonly MathCeil: (value: number) => number;
  readonly MathFloor: (value: number) => number;
  readonly MathMax: (...values: number[]) => number;
  readonly MathMin: (...values: number[]) => number;
  readonly MathTrunc: (value: number) => number;
  readonly NumberIsInteger: (value: unknown) => value is number;
  readonly NumberParseInt: (text: string, radix?: number) => number;
  readonly NumberPrototypeValueOf: (value: unknown) => number;
  readonly Object: ObjectConstructor;
  readonly ObjectCreate: (prototype: object | null) => object;
  readonly ObjectDefineProperty: (target: object, key: PropertyKey, descriptor: PropertyDescriptor) => object;
  readonly ObjectFreeze: <Value extends object>(value: Value) => Readonly<Value>;
  readonly ObjectGetOwnPropertyDescriptor: (target: object, key: PropertyKey) => PropertyDescriptor | undefined;
  readonly ObjectGetPrototypeOf: (value: unknown) => object | null;
  readonly ObjectIsSealed: (value: object) => boolean;
  readonly ObjectKeys: (value: object) => string[];
  readonly ObjectPrototype: object;
  readonly ObjectPrototypeHasOwnProperty: (value: object, key: PropertyKey) => boolean;
  readonly ObjectPrototypeToString: (value: unknown) => string;
  readonly ObjectSetPrototypeOf: (value: object, prototype: object | null) => object;
  readonly Promise: PromiseConstructor;
  readonly PromisePrototype: object;
  readonly PromisePrototypeThen: (
    promise: Promise<unknown>,
    fulfilled?: (value: unknown) => unknown,
    rejected?: (reason: unknown) => unknown,
  ) => Promise<unknown>;
  readonly PromiseResolve: (value?: unknown) => Promise<unknown>;
  readonly Proxy: ProxyConstructor;
  readonly RangeError: RangeErrorConstructor;
  readonly ReferenceError: ReferenceErrorConstructor;
  readonly ReflectApply: (fn: AnyFunction, receiver: unknown, args: readonly unknown[]) => unknown;
  readonly ReflectConstruct: (fn: AnyFunction, args: readonly unknown[], newTarget?: AnyFunction) => object;
  readonly ReflectDefineProperty: (target: object, key: PropertyKey, descriptor: PropertyDescriptor) => boolean;
  readonly ReflectDeleteProperty: (target: object, key: PropertyKey) => boolean;
  readonly ReflectGet: (target: object, key: PropertyKey) => unknown;
  readonly ReflectGetOwnPropertyDescriptor: (target: object, key: PropertyKey) => PropertyDescriptor | undefined;
  readonly ReflectOwnKeys: (target: object) => (string | symbol)[];
  readonly RegExp: RegExpConstructor;
  readonly RegExpPrototype: object;
  readonly RegExpPrototypeExec: (expression: RegExp, text: string) => RegExpExecArray | null;
  readonly RegExpPrototypeGetFlags: (expression: unknown) => string;
  readonly RegExpPrototypeGetSource: (expression: unknown) => string;
  readonly SafeFinalizationRegistry: typeof FinalizationRegistry;
  readonly SafeMap: MapConstructor;
  readonly SafeSet: SetConstructor;
  readonly Set: SetConstructor;
  readonly SetIteratorPrototypeNext: (iterator: unknown) => IteratorResult<unknown>;
  readonly SetPrototypeAdd: (set: object, value: unknown) => void;
  readonly SetPrototypeDelete: (set: unknown, value: unknown) => boolean;
  readonly SetPrototypeGetSize: (set: unknown) => number;
  readonly SetPrototypeValues: (set: unknown) => unknown;
  readonly String: StringConstructor;
  readonly StringFromCharCode: (...units: number[]) => string;
  readonly StringFromCharCodeApply: (units: Uint8Array | Uint16Array) => string;
  readonly StringFromCodePoint: (...points: number[]) => string;
  readonly StringPrototypeCharCodeAt: (text: string, at: number) => number;
  readonly StringPrototypeCodePointAt: (text: string, at: number) => number | undefined;
  readonly StringPrototypeEndsWith: (text: string, end: string) => boolean;
  readonly StringPrototypeIncludes: (text: string, part: string) => boolean;
  readonly StringPrototypeIndexOf: (text: string, part: string, from?: number) => number;
  readonly StringPrototypeReplace: (text: string, what: RegExp, by: string | ((found: string) => string)) => string;
  readonly StringPrototypeReplaceAll: (text: string, what: string, by: string) => string;
  readonly StringPrototypeSlice: (text: string, start?: number, end?: number) => string;
  readonly StringPrototypeSplit: (text: string, separator: string) => string[];
  readonly StringPrototypeStartsWith: (text: string, start: string) => boolean;
  readonly StringPrototypeToLowerCase: (text: string) => string;
  readonly StringPrototypeToWellFormed: (text: string) => string;
  readonly StringPrototypeTrim: (text: string) => string;
  readonly StringPrototypeValueOf: (value: unknown) => string;
  readonly Symbol: SymbolConstructor;
  readonly SymbolIterator: typeof Symbol.iterator;
  readonly SymbolPrototypeToString: (symbol: symbol) => string;
  readonly SymbolPrototypeValueOf: (value: unknown) => symbol;
  readonly SymbolToStringTag: typeof Symbol.toStringTag;
  readonly SyntaxError: SyntaxErrorConstructor;
  readonly TypedArrayPrototypeFill: (array: ArrayBufferView, value: number, start?: number, end?: number) => void;
  readonly TypedArrayPrototypeGetBuffer: (array: ArrayBufferView) => ArrayBuffer;
  readonly TypedArrayPrototypeGetByteLength: (array: ArrayBufferView) => number;
  readonly TypedArrayPrototypeGetByteOffset: (array: ArrayBufferView) => number;
  readonly TypedArrayPrototypeGetLength: (array: ArrayBufferView) => number;
  readonly TypedArrayPrototypeGetSymbolToStringTag: (value: unknown) => string | undefined;
  readonly TypedArrayPrototypeIndexOf: (array: Uint8Array, value: number, from?: number) => number;
  readonly TypedArrayPrototypeLastIndexOf: (array: Uint8Array, value: number, from?: number) => number;
  readonly TypedArrayPrototypeReverse: (array: Uint8Array) => void;
  readonly TypedArrayPrototypeSlice: (array: Uint8Array, start?: number, end?: number) => Uint8Array;
  readonly Uint32Array: Uint32ArrayConstructor;
  readonly URIError: URIErrorConstructor;
  readonly Uint8Array: Uint8ArrayConstructor;
  readonly Uint8ArrayPrototypeToBase64: (
    bytes: Uint8Array,
    options?: { alphabet?: 'base64' | 'base64url'; omitPadding?: boolean },
  ) => string;
  readonly Uint8ArrayPrototypeToHex: (bytes: Uint8Array) => string;
  readonly WebAssemblyInstance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly WeakMapPrototypeHas: (map: unknown, key: object) => boolean;
  readonly SafeWeakSet: WeakSetConstructor;
  readonly WeakRef: WeakRefConstructor;
  readonly WeakRefPrototypeDeref: <T extends WeakKey>(reference: WeakRef<T> | unknown) => T | undefined;
  readonly WeakSetPrototypeHas: (set: unknown, value: object) => boolean;
}

declare const primordials: Primordials;

/** V8's, which TypeScript knows of Node's types only. */
interface ErrorConstructor {
  stackTraceLimit: number;
  prepareStackTrace: ((error: unknown, sites: readonly object[]) => unknown) | undefined;
}
