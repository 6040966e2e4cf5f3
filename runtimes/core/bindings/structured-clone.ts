/**
 * The structured clone algorithm of the HTML standard, for one thread: values are copied directly, without a serialised form.
 * Classes of Node's library take part through their clone methods, as they do under V8's serialiser.
 */
import type { Library } from '../library.ts';

const {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  ArrayBufferPrototypeTransfer,
  ArrayIsArray,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  Date,
  DatePrototypeGetTime,
  ErrorIsError,
  EvalError,
  FunctionPrototypeToString,
  Map,
  MapIteratorPrototypeNext,
  MapPrototypeEntries,
  MapPrototypeSet,
  Object,
  ObjectDefineProperty,
  ObjectKeys,
  RangeError,
  ReferenceError,
  ReflectConstruct,
  ReflectGetOwnPropertyDescriptor,
  RegExp,
  RegExpPrototypeGetFlags,
  RegExpPrototypeGetSource,
  SafeMap,
  Set,
  SetIteratorPrototypeNext,
  SetPrototypeAdd,
  SetPrototypeValues,
  String,
  SymbolPrototypeToString,
  SyntaxError,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypeError,
  URIError,
} = primordials;

export interface CloneDependencies {
  readonly library: Library;
  dataCloneError(message: string): Error;
  /** An empty object of the class that Node's library named (`module:Class`). */
  createObject(deserializeInfo: string): object;
}

export interface CloneOptions {
  readonly transfer?: readonly unknown[];
}

type Checks = Readonly<Record<string, (value: unknown) => boolean>>;
type Symbols = Readonly<Record<string, symbol>>;
interface UtilBinding {
  readonly privateSymbols: Symbols;
  readonly constants: Readonly<Record<string, number>>;
}

export function createStructuredClone(
  dependencies: CloneDependencies,
): (value: unknown, options?: CloneOptions) => unknown {
  return (value, options) => {
    const cloner = new Cloner(dependencies);
    cloner.transfer(options?.transfer ?? []);
    return cloner.clone(value);
  };
}

class Cloner {
  readonly #dependencies: CloneDependencies;
  readonly #types: Checks;
  readonly #util: UtilBinding;
  readonly #symbols: Symbols;
  /** What was copied already: the same object twice is one object in the copy. */
  readonly #copies = new SafeMap<unknown, unknown>();

  constructor(dependencies: CloneDependencies) {
    this.#dependencies = dependencies;
    const { library } = dependencies;
    this.#types = library.internalBinding('types') as Checks;
    this.#util = library.internalBinding('util') as unknown as UtilBinding;
    this.#symbols = library.internalBinding('symbols') as Symbols;
  }

  transfer(values: readonly unknown[]): void {
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (!this.#is('isArrayBuffer', value)) throw this.#refuse('Value not transferable');
      if (this.#copies.has(value)) {
        throw this.#refuse(`ArrayBuffer occurs in the transfer list more than once`);
      }
      this.#copies.set(value, ArrayBufferPrototypeTransfer(value as ArrayBuffer));
    }
  }

  clone(value: unknown): unknown {
    if (typeof value === 'symbol') throw this.#uncloneable(SymbolPrototypeToString(value));
    if (typeof value === 'function') throw this.#uncloneable(FunctionPrototypeToString(value as never));
    if (value === null || typeof value !== 'object') return value;
    if (this.#copies.has(value)) return this.#copies.get(value);
    return this.#cloneObject(value);
  }

  #is(check: string, value: unknown): boolean {
    return this.#types[check]?.(value) === true;
  }

  #remember<Copy>(original: object, copy: Copy): Copy {
    this.#copies.set(original, copy);
    return copy;
  }

  #cloneObject(value: object): unknown {
    const mode = (value as Record<symbol, unknown>)[this.#util.privateSymbols.transfer_mode_private_symbol ?? Symbol()];
    if (mode !== undefined) return this.#cloneLibraryObject(value, mode);
    if (ArrayIsArray(value)) return this.#cloneProperties(value, this.#remember(value, arrayOf(value.length)));
    if (this.#is('isDate', value)) return this.#remember(value, new Date(DatePrototypeGetTime(value)));
    if (this.#is('isRegExp', value)) {
      return this.#remember(value, new RegExp(RegExpPrototypeGetSource(value), RegExpPrototypeGetFlags(value)));
    }
    if (this.#is('isBoxedPrimitive', value)) return this.#cloneBoxed(value);
    if (this.#is('isMap', value)) return this.#cloneMap(value);
    if (this.#is('isSet', value)) return this.#cloneSet(value);
    if (this.#is('isSharedArrayBuffer', value)) return value;
    if (this.#is('isArrayBuffer', value)) return this.#cloneBuffer(value as ArrayBuffer);
    if (ArrayBufferIsView(value)) return this.#cloneView(value);
    if (ErrorIsError(value)) return this.#cloneError(value);
    if (
      this.#is('isPromise', value) ||
      this.#is('isWeakMap', value) ||
      this.#is('isWeakSet', value) ||
      this.#is('isWeakRef', value) ||
      this.#is('isGeneratorObject', value)
    ) {
      const { getConstructorName } = this.#util as unknown as { getConstructorName(object: object): string };
      throw this.#uncloneable(`#<${getConstructorName(value)}>`);
    }
    return this.#cloneProperties(value, this.#remember(value, {}));
  }

  #cloneProperties<Copy extends object>(value: object, copy: Copy): Copy {
    const keys = ObjectKeys(value);
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? '';
      // A getter may have removed a later property.
      if (ReflectGetOwnPropertyDescriptor(value, key) === undefined) continue;
      setOwn(copy, key, this.clone((value as Record<string, unknown>)[key]), true);
    }
    return copy;
  }

  #cloneBoxed(value: object): unknown {
    if (this.#is('isSymbolObject', value)) throw this.#uncloneable('#<Symbol>');
    const primitive = this.#is('isNumberObject', value)
      ? primordials.NumberPrototypeValueOf(value)
      : this.#is('isStringObject', value)
        ? primordials.StringPrototypeValueOf(value)
        : this.#is('isBooleanObject', value)
          ? primordials.BooleanPrototypeValueOf(value)
          : primordials.BigIntPrototypeValueOf(value);
    return this.#remember(value, Object(primitive));
  }

  #cloneMap(value: object): unknown {
    const copy = this.#remember(value, new Map<unknown, unknown>());
    // Collected first: cloning runs getters, which may change the map.
    const entries: [unknown, unknown][] = [];
    const iterator = MapPrototypeEntries(value);
    for (let step = MapIteratorPrototypeNext(iterator); !step.done; step = MapIteratorPrototypeNext(iterator)) {
      entries[entries.length] = step.value as [unknown, unknown];
    }
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at];
      if (entry !== undefined) MapPrototypeSet(copy, this.clone(entry[0]), this.clone(entry[1]));
    }
    return copy;
  }

  #cloneSet(value: object): unknown {
    const copy = this.#remember(value, new Set<unknown>());
    const members: unknown[] = [];
    const iterator = SetPrototypeValues(value);
    for (let step = SetIteratorPrototypeNext(iterator); !step.done; step = SetIteratorPrototypeNext(iterator)) {
      members[members.length] = step.value;
    }
    for (let at = 0; at < members.length; at++) SetPrototypeAdd(copy, this.clone(members[at]));
    return copy;
  }

  #cloneBuffer(value: ArrayBuffer): unknown {
    return this.#remember(value, ArrayBufferPrototypeSlice(value, 0, ArrayBufferPrototypeGetByteLength(value)));
  }

  #cloneView(value: ArrayBufferView): unknown {
    const tag = TypedArrayPrototypeGetSymbolToStringTag(value);
    if (tag === undefined) {
      const buffer = this.clone(DataViewPrototypeGetBuffer(value));
      return this.#remember(
        value,
        new DataView(
          buffer as ArrayBuffer,
          DataViewPrototypeGetByteOffset(value),
          DataViewPrototypeGetByteLength(value),
        ),
      );
    }
    const buffer = this.clone(TypedArrayPrototypeGetBuffer(value));
    // A Buffer becomes a Uint8Array: the tag names the built-in, whatever the subclass.
    const type = (primordials as unknown as Record<string, never>)[tag] as never;
    const args = [buffer, TypedArrayPrototypeGetByteOffset(value), TypedArrayPrototypeGetLength(value)];
    return this.#remember(value, ReflectConstruct(type, args));
  }

  #cloneError(value: Error): unknown {
    const name = String(value.name);
    const copy = this.#remember(value, ReflectConstruct(nativeErrors[name] ?? (primordials.Error as never), []));
    const message = ReflectGetOwnPropertyDescriptor(value, 'message');
    if (message !== undefined && 'value' in message) setOwn(copy, 'message', String(message.value), false);
    const stack: unknown = value.stack;
    setOwn(copy, 'stack', typeof stack === 'string' ? stack : undefined, false);
    const cause = ReflectGetOwnPropertyDescriptor(value, 'cause');
    if (cause !== undefined && 'value' in cause) setOwn(copy, 'cause', this.clone(cause.value), false);
    return copy;
  }

  /** Objects such as DOMException or Blob say themselves what they consist of. */
  #cloneLibraryObject(value: object, mode: unknown): unknown {
    const { messaging_clone_symbol: cloneSymbol, messaging_deserialize_symbol: deserializeSymbol } = this.#symbols;
    const clone = cloneSymbol === undefined ? undefined : (value as Record<symbol, unknown>)[cloneSymbol];
    const cloneable = (Number(mode) & (this.#util.constants.kCloneable ?? 2)) !== 0;
    if (!cloneable || typeof clone !== 'function' || deserializeSymbol === undefined) {
      throw this.#refuse(`Cannot clone object of unsupported type.`);
    }
    const { data, deserializeInfo } = primordials.ReflectApply(clone as never, value, []) as {
      data: Record<string, unknown>;
      deserializeInfo: string;
    };
    const copy = this.#remember(value, this.#dependencies.createObject(deserializeInfo));
    const deserialize = (copy as Record<symbol, unknown>)[deserializeSymbol];
    // The parts are of the library, and bytes of a blob are never written to: they are shared.
    primordials.ReflectApply(deserialize as never, copy, [data]);
    return copy;
  }

  #uncloneable(what: string): Error {
    return this.#refuse(`${what} could not be cloned.`);
  }

  #refuse(message: string): Error {
    return this.#dependencies.dataCloneError(message);
  }
}

/** Errors that keep their type in a copy; all others become plain errors. */
const nativeErrors: Readonly<Record<string, never>> = {
  // @ts-expect-error a null prototype, so that a name like 'constructor' is not found
  __proto__: null,
  EvalError: EvalError as never,
  RangeError: RangeError as never,
  ReferenceError: ReferenceError as never,
  SyntaxError: SyntaxError as never,
  TypeError: TypeError as never,
  URIError: URIError as never,
};

function arrayOf(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  return array;
}

function setOwn(target: object, key: string, value: unknown, enumerable: boolean): void {
  ObjectDefineProperty(target, key, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable,
    configurable: true,
    writable: true,
  });
}
