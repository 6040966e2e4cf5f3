/**
 * The structured clone algorithm of the HTML standard, for one thread: values are copied directly, without a serialised form.
 * Classes of Node's library take part through their clone methods, as they do under V8's serialiser.
 */
import type { Library } from '../library.ts';

const {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeGetDetached,
  ArrayBufferPrototypeSlice,
  ArrayBufferPrototypeTransfer,
  ArrayIsArray,
  ArrayPrototypePush,
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
  readonly ports: TransferablePorts;
  dataCloneError(message: string): Error;
  /** An empty object of the class that Node's library named (`module:Class`). */
  createObject(deserializeInfo: string): object;
}

/** Message ports, as far as copying has to know them. */
export interface TransferablePorts {
  isPort(value: unknown): boolean;
  isDetached(port: object): boolean;
  /** A port without an endpoint yet. */
  reserve(): object;
  move(from: object, to: object): void;
}

export interface Cloned {
  readonly value: unknown;
  /** Those that were transferred, in the order of the list. */
  readonly ports: readonly object[];
}

/** What is transferred is detached only when everything was copied: a message that fails changes nothing. */
export function cloneMessage(dependencies: CloneDependencies, value: unknown, transfers: readonly unknown[]): Cloned {
  const cloner = new Cloner(dependencies);
  cloner.expect(transfers);
  const copy = cloner.clone(value);
  return { value: copy, ports: cloner.transfer() };
}

type Checks = Readonly<Record<string, (value: unknown) => boolean>>;
type Symbols = Readonly<Record<string, symbol>>;
interface UtilBinding {
  readonly privateSymbols: Symbols;
  readonly constants: Readonly<Record<string, number>>;
}

class Cloner {
  readonly #dependencies: CloneDependencies;
  readonly #types: Checks;
  readonly #util: UtilBinding;
  readonly #symbols: Symbols;
  /** What was copied already: the same object twice is one object in the copy. */
  readonly #copies = new SafeMap<unknown, unknown>();
  /** The transfer list, with the lists of its members, and whether each was met in the value. */
  readonly #expected = new SafeMap<unknown, 'expected' | 'met'>();
  readonly #buffers: ArrayBuffer[] = [];
  readonly #ports: { readonly from: object; readonly to: object }[] = [];
  readonly #transferables: object[] = [];
  /** Restores what was transferred; its ports must have moved by then. */
  readonly #restorers: (() => void)[] = [];

  constructor(dependencies: CloneDependencies) {
    this.#dependencies = dependencies;
    const { library } = dependencies;
    this.#types = library.internalBinding('types') as Checks;
    this.#util = library.internalBinding('util') as unknown as UtilBinding;
    this.#symbols = library.internalBinding('symbols') as Symbols;
  }

  /** @throws DataCloneError when a value cannot be transferred */
  expect(values: readonly unknown[]): void {
    for (let at = 0; at < values.length; at++) this.#expectOne(values[at]);
  }

  #expectOne(value: unknown): void {
    const isBuffer = this.#is('isArrayBuffer', value);
    const isPort = this.#dependencies.ports.isPort(value);
    if (this.#expected.has(value)) {
      throw this.#refuse(
        `Transfer list contains duplicate ${isPort ? 'MessagePort' : isBuffer ? 'ArrayBuffer' : 'host object'}`,
      );
    }
    const mark = this.#util.privateSymbols.untransferable_object_private_symbol ?? Symbol();
    const isMarked = (isBuffer || isPort) && (value as Record<symbol, unknown>)[mark] === true;
    if (isMarked) throw this.#refuse('Cannot transfer object of unsupported type.');
    if (isBuffer) {
      if (ArrayBufferPrototypeGetDetached(value as ArrayBuffer)) {
        throw this.#refuse('Cannot transfer object of unsupported type.');
      }
      ArrayPrototypePush(this.#buffers, value as ArrayBuffer);
    } else if (isPort) {
      if (this.#dependencies.ports.isDetached(value as object)) {
        throw this.#refuse('MessagePort in transfer list is already detached');
      }
      const to = this.#dependencies.ports.reserve();
      ArrayPrototypePush(this.#ports, { from: value as object, to });
      this.#copies.set(value, to);
    } else if (this.#isTransferable(value)) {
      ArrayPrototypePush(this.#transferables, value as object);
    } else {
      throw this.#refuse('Found invalid value in transferList.');
    }
    this.#expected.set(value, 'expected');
    if (isBuffer || isPort) return;
    // Node's library says what its object consists of. Its native parts are ours here, and stay where they are.
    const list = this.#callSymbol(value as object, 'messaging_transfer_list_symbol') as readonly unknown[] | undefined;
    for (let at = 0; list !== undefined && at < list.length; at++) {
      const part = list[at];
      if (this.#is('isArrayBuffer', part) || this.#dependencies.ports.isPort(part) || this.#isTransferable(part)) {
        this.#expectOne(part);
      } else this.#copies.set(part, part);
    }
  }

  #isTransferable(value: unknown): boolean {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    return isObject && (this.#modeOf(value as object) & (this.#util.constants.kTransferable ?? 1)) !== 0;
  }

  #modeOf(value: object): number {
    const mode = (value as Record<symbol, unknown>)[this.#util.privateSymbols.transfer_mode_private_symbol ?? Symbol()];
    return typeof mode === 'number' ? mode : 0;
  }

  #callSymbol(value: object, name: string): unknown {
    const symbol = this.#symbols[name];
    const method = symbol === undefined ? undefined : (value as Record<symbol, unknown>)[symbol];
    return typeof method === 'function' ? primordials.ReflectApply(method as never, value, []) : undefined;
  }

  /** Detaches the originals. Returns the ports that took their place. */
  transfer(): object[] {
    for (let at = 0; at < this.#transferables.length; at++) {
      const value = this.#transferables[at];
      // One that is only named is gone nevertheless.
      if (value !== undefined && this.#expected.get(value) === 'expected') this.clone(value);
    }
    for (let at = 0; at < this.#buffers.length; at++) {
      const buffer = this.#buffers[at];
      if (buffer !== undefined) ArrayBufferPrototypeTransfer(buffer);
    }
    const moved: object[] = [];
    for (let at = 0; at < this.#ports.length; at++) {
      const port = this.#ports[at];
      if (port === undefined) continue;
      this.#dependencies.ports.move(port.from, port.to);
      ArrayPrototypePush(moved, port.to);
    }
    for (let at = 0; at < this.#restorers.length; at++) this.#restorers[at]?.();
    return moved;
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
    if (this.#dependencies.ports.isPort(value)) throw this.#missing();
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
    const mode = (value as Record<symbol, unknown>)[this.#util.privateSymbols.transfer_mode_private_symbol ?? Symbol()];
    if (mode !== undefined) return this.#cloneLibraryObject(value, mode);
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
    if (ArrayBufferPrototypeGetDetached(value)) {
      throw this.#refuse('An ArrayBuffer is detached and could not be cloned.');
    }
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
    const isExpected = this.#expected.has(value);
    if (!isExpected && (Number(mode) & (this.#util.constants.kCloneable ?? 2)) === 0) {
      throw this.#isTransferable(value) ? this.#missing() : this.#refuse('Cannot clone object of unsupported type.');
    }
    const parts = this.#callSymbol(value, isExpected ? 'messaging_transfer_symbol' : 'messaging_clone_symbol');
    if (parts === undefined) throw this.#refuse('Cannot clone object of unsupported type.');
    const { data, deserializeInfo } = parts as { data: unknown; deserializeInfo: string };
    const copy = this.#remember(value, this.#dependencies.createObject(deserializeInfo));
    const { messaging_deserialize_symbol: deserialize = Symbol() } = this.#symbols;
    const restore = (from: unknown): void => {
      primordials.ReflectApply((copy as Record<symbol, never>)[deserialize] as never, copy, [from]);
    };
    if (isExpected) {
      this.#expected.set(value, 'met');
      const moved = this.clone(data);
      ArrayPrototypePush(this.#restorers, () => restore(moved));
    } else {
      // The parts are of the library, and bytes of a blob are never written to: they are shared.
      restore(data);
    }
    return copy;
  }

  #missing(): Error {
    return this.#refuse('Object that needs transfer was found in message but not listed in transferList');
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
