/**
 * `internalBinding('types')` without V8's C++ API: each check asks a built-in that only works on the real thing. Of a proxy
 * nothing can be known from JavaScript; that question is the native module's.
 */
const {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  BigIntPrototypeValueOf,
  BooleanPrototypeValueOf,
  DataViewPrototypeGetByteLength,
  DatePrototypeGetTime,
  ErrorIsError,
  MapPrototypeGetSize,
  NumberPrototypeValueOf,
  ObjectGetPrototypeOf,
  ObjectIsSealed,
  ObjectPrototypeToString,
  PromisePrototype,
  ReflectGetOwnPropertyDescriptor,
  RegExpPrototype,
  RegExpPrototypeGetSource,
  SetPrototypeGetSize,
  StringPrototypeValueOf,
  SymbolPrototypeValueOf,
  SymbolToStringTag,
  WeakMapPrototypeHas,
  WeakRefPrototypeDeref,
  WeakSetPrototypeHas,
} = primordials;

type Check = (value: unknown) => boolean;
export type Types = Readonly<Record<string, Check>>;

/** True when the built-in accepts the value as its receiver. */
function accepts(builtin: (value: unknown) => unknown): Check {
  return (value) => {
    if (value === null || typeof value !== 'object') return false;
    try {
      builtin(value);
      return true;
    } catch {
      // That it throws is the answer: the value has no such internal slot.
      return false;
    }
  };
}

/** `Symbol.toStringTag` of the prototypes that have no method without side effects to ask. User code could fake it; the result is display only. */
function tagged(tag: string): Check {
  return (value) =>
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    ObjectPrototypeToString(value) === `[object ${tag}]`;
}

export function createTypes(isProxy: Check): Types {
  const sharedLength = sharedArrayBufferLength();
  const isArrayBuffer = accepts(ArrayBufferPrototypeGetByteLength);
  const isSharedArrayBuffer = accepts(sharedLength);
  const isNumberObject = accepts(NumberPrototypeValueOf);
  const isStringObject = accepts(StringPrototypeValueOf);
  const isBooleanObject = accepts(BooleanPrototypeValueOf);
  const isBigIntObject = accepts(BigIntPrototypeValueOf);
  const isSymbolObject = accepts(SymbolPrototypeValueOf);
  const isAsyncGenerator = tagged('AsyncGeneratorFunction');
  const isAsyncPlain = tagged('AsyncFunction');
  const isGeneratorPlain = tagged('GeneratorFunction');
  const isRegExpLike = accepts(RegExpPrototypeGetSource);
  const isArguments = tagged('Arguments');
  const isModule = tagged('Module');
  const key = {};
  return {
    isExternal: () => false,
    isDate: accepts(DatePrototypeGetTime),
    isArgumentsObject: (value) => isArguments(value) && !(SymbolToStringTag in (value as object)),
    isBigIntObject,
    isBooleanObject,
    isNumberObject,
    isStringObject,
    isSymbolObject,
    isBoxedPrimitive: (value) =>
      isNumberObject(value) ||
      isStringObject(value) ||
      isBooleanObject(value) ||
      isBigIntObject(value) ||
      isSymbolObject(value),
    isNativeError: (value) => ErrorIsError(value),
    isRegExp: (value) => value !== RegExpPrototype && isRegExpLike(value),
    isAsyncFunction: (value) => typeof value === 'function' && (isAsyncPlain(value) || isAsyncGenerator(value)),
    isGeneratorFunction: (value) => typeof value === 'function' && (isGeneratorPlain(value) || isAsyncGenerator(value)),
    isGeneratorObject: (value) => tagged('Generator')(value) || tagged('AsyncGenerator')(value),
    isPromise,
    isMap: accepts(MapPrototypeGetSize),
    isSet: accepts(SetPrototypeGetSize),
    isMapIterator: tagged('Map Iterator'),
    isSetIterator: tagged('Set Iterator'),
    isWeakMap: accepts((value) => WeakMapPrototypeHas(value, key)),
    isWeakSet: accepts((value) => WeakSetPrototypeHas(value, key)),
    isWeakRef: accepts(WeakRefPrototypeDeref),
    isArrayBuffer,
    isDataView: accepts(DataViewPrototypeGetByteLength),
    isSharedArrayBuffer,
    // Views are what is asked about most, and finding out by a failure takes 4 microseconds each time.
    isAnyArrayBuffer: (value) => !ArrayBufferIsView(value) && (isArrayBuffer(value) || isSharedArrayBuffer(value)),
    isProxy,
    isModuleNamespaceObject: (value) => isModule(value) && ObjectIsSealed(value as object),
    isEventTarget: () => false,
  };
}

/** Promises have no slot that a harmless built-in asks for: their prototype chain and tag must do. */
function isPromise(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  for (let at = ObjectGetPrototypeOf(value); at !== null; at = ObjectGetPrototypeOf(at)) {
    if (at === PromisePrototype) return ReflectGetOwnPropertyDescriptor(value, SymbolToStringTag) === undefined;
  }
  return false;
}

/** Read at first use: the class does not exist while a snapshot is made. */
function sharedArrayBufferLength(): (value: unknown) => unknown {
  const { get } = ReflectGetOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'byteLength') ?? {};
  return (value) => get !== undefined && primordials.ReflectApply(get, value, []);
}
