/**
 * `internalBinding('util')`: what Node's library asks V8 about objects. What JavaScript cannot know (a promise's state, a
 * proxy's target) the native module knows; without it the answer is "pending" and "not a proxy".
 */

import { bundlePlace } from '../bundle-place.ts';
import type { CoreContext } from '../context.ts';
import { defineLazily } from '../globals.ts';
import { nativeFunctions } from './native.ts';
import type { Types } from './types.ts';

const {
  ArrayBufferPrototypeGetDetached,
  ArrayPrototypePush,
  Error,
  ErrorCaptureStackTrace,
  MapPrototypeEntries,
  MapIteratorPrototypeNext,
  NumberParseInt,
  ObjectGetPrototypeOf,
  PromisePrototypeThen,
  ReflectConstruct,
  ReflectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  RegExpPrototypeExec,
  SetIteratorPrototypeNext,
  SetPrototypeValues,
  String,
  StringPrototypeCharCodeAt,
  StringPrototypeReplaceAll,
  StringPrototypeSlice,
  StringPrototypeToWellFormed,
  StringPrototypeTrim,
  Symbol,
  TypedArrayPrototypeGetSymbolToStringTag,
  WeakRef,
  WeakRefPrototypeDeref,
} = primordials;

export interface UtilConstants {
  readonly kPending: number;
  readonly ONLY_ENUMERABLE: number;
  readonly SKIP_SYMBOLS: number;
}

export function createUtil(context: CoreContext, types: Types, constants: UtilConstants): object {
  const { data, library } = context;
  const privateSymbols: Record<string, symbol> = {};
  for (let at = 0; at < data.privateSymbols.length; at++) {
    const name = data.privateSymbols[at] ?? '';
    privateSymbols[name] = Symbol(name);
  }
  return {
    constants,
    privateSymbols,
    shouldAbortOnUncaughtToggle: new Uint32Array(1),
    getOwnNonIndexProperties: (object: object, filter: number) =>
      ownNonIndexProperties(object, filter === constants.ONLY_ENUMERABLE),
    getConstructorName,
    getPromiseDetails: (promise: unknown) =>
      nativeFunctions(context)?.getPromiseDetails(promise) ?? [constants.kPending],
    getProxyDetails(value: unknown, withHandler = true) {
      const details = nativeFunctions(context)?.getProxyDetails(value);
      return details === undefined || withHandler ? details : details[0];
    },
    getCallerLocation: () => undefined,
    getExternalValue: () => 0n,
    previewEntries(value: unknown, isIterator = false) {
      const preview = previewEntries(types, value) ?? nativeFunctions(context)?.previewEntries(value) ?? [[], false];
      return isIterator ? preview : preview[0];
    },
    getCallSites: function binding(count: number) {
      return getCallSites(context, count, binding);
    },
    guessHandleType: (fd: number) => (fd <= 2 ? 'PIPE' : 'FILE'),
    // Whether a line of a bundle came from a package is not known; Node warns of old habits outside packages only.
    isInsideNodeModules: () => true,
    isConstructor,
    isArrayBufferDetached: (buffer: unknown) => ArrayBufferPrototypeGetDetached(buffer),
    arrayBufferViewHasBuffer: () => true,
    getSharedArrayBufferGrowable: () => false,
    // Node shares it with other threads, of which there are none.
    constructSharedArrayBuffer: (byteLength: number) => new primordials.ArrayBuffer(byteLength),
    markPromiseAsHandled: (promise: Promise<unknown>) => {
      PromisePrototypeThen(promise, undefined, () => undefined);
    },
    sleep: () => {},
    parseEnv: (text: string) => parseEnvironmentFile(text),
    toUSVString: (value: unknown) => StringPrototypeToWellFormed(String(value)),
    defineLazyProperties(target: object, id: string, keys: readonly string[], enumerable = true) {
      for (let at = 0; at < keys.length; at++) {
        const key = keys[at] ?? '';
        defineLazily(target, key, enumerable, () => library.require<Record<string, unknown>>(id)[key]);
      }
    },
    WeakReference,
    isTypedArray: (value: unknown) => TypedArrayPrototypeGetSymbolToStringTag(value) !== undefined,
    isUint8Array: (value: unknown) => TypedArrayPrototypeGetSymbolToStringTag(value) === 'Uint8Array',
    isArrayBufferView: primordials.ArrayBufferIsView,
    ...types,
  };
}

const arrayIndex = /^(?:0|[1-9]\d{0,9})$/;
const arrayIndexMax = 4_294_967_294;

function ownNonIndexProperties(object: object, onlyEnumerable: boolean): (string | symbol)[] {
  const found: (string | symbol)[] = [];
  const keys = ReflectOwnKeys(object);
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    if (key === undefined) continue;
    if (typeof key === 'string' && isArrayIndex(key)) continue;
    if (onlyEnumerable && ReflectGetOwnPropertyDescriptor(object, key)?.enumerable !== true) continue;
    ArrayPrototypePush(found, key);
  }
  return found;
}

function isArrayIndex(key: string): boolean {
  const first = StringPrototypeCharCodeAt(key, 0);
  // Most keys are names: no need to run the expression on them.
  if (!(first >= 48 && first <= 57)) return false;
  return RegExpPrototypeExec(arrayIndex, key) !== null && NumberParseInt(key, 10) <= arrayIndexMax;
}

function getConstructorName(object: object): string {
  for (let at: object | null = object; at !== null; at = ObjectGetPrototypeOf(at)) {
    const constructor: unknown = ReflectGetOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof constructor === 'function') {
      const name: unknown = ReflectGetOwnPropertyDescriptor(constructor, 'name')?.value;
      if (typeof name === 'string' && name !== '') return name;
    }
  }
  return '';
}

/** Entries of a map or set for inspection, and whether they are keys and values in turn. */
function previewEntries(types: Types, value: unknown): [entries: unknown[], isKeyValue: boolean] | undefined {
  const entries: unknown[] = [];
  if (types.isMap?.(value)) {
    const iterator = MapPrototypeEntries(value);
    for (let step = MapIteratorPrototypeNext(iterator); !step.done; step = MapIteratorPrototypeNext(iterator)) {
      const entry = step.value as [unknown, unknown];
      ArrayPrototypePush(entries, entry[0], entry[1]);
    }
    return [entries, true];
  }
  if (!types.isSet?.(value)) return undefined;
  const iterator = SetPrototypeValues(value);
  for (let step = SetIteratorPrototypeNext(iterator); !step.done; step = SetIteratorPrototypeNext(iterator)) {
    ArrayPrototypePush(entries, step.value);
  }
  return [entries, false];
}

function isConstructor(value: never): boolean {
  try {
    ReflectConstruct(String as never, [], value);
    return true;
  } catch {
    // Only a constructor may be a new target.
    return false;
  }
}

interface CallSite {
  getFunctionName(): string | null;
  /** `getFileName` is null for what was compiled from a code cache. */
  getScriptNameOrSourceURL(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

function getCallSites(context: CoreContext, count: number, binding: AnyFunction): object[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = count + 1;
    Error.prepareStackTrace = (_, sites) => sites;
    ErrorCaptureStackTrace(holder, binding);
    const sites = (holder.stack ?? []) as readonly CallSite[];
    const found: object[] = [];
    // The first frame is the function of Node's library that asks.
    for (let at = 1; at < sites.length; at++) {
      const site = sites[at];
      if (site === undefined) continue;
      const script = site.getScriptNameOrSourceURL() ?? '';
      const place = bundlePlace(context, script, site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0);
      const mapped = place === undefined ? null : RegExpPrototypeExec(/^(.*):(\d+):(\d+)$/, place);
      const scriptName = mapped?.[1] ?? script;
      const lineNumber = +(mapped?.[2] ?? site.getLineNumber() ?? 0);
      const columnNumber = +(mapped?.[3] ?? site.getColumnNumber() ?? 0);
      ArrayPrototypePush(found, {
        functionName: site.getFunctionName() ?? '',
        scriptId: '0',
        scriptName,
        lineNumber,
        columnNumber,
        column: columnNumber,
      });
    }
    return found;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** Strong while someone counts on it, weak otherwise, as Node's of that name. */
class WeakReference {
  readonly #weak: WeakRef<object>;
  #strong: object | undefined;
  #count = 0;

  constructor(target: object) {
    this.#weak = new WeakRef(target);
  }

  get(): object | undefined {
    return WeakRefPrototypeDeref(this.#weak);
  }

  incRef(): void {
    this.#count++;
    this.#strong ??= WeakRefPrototypeDeref(this.#weak);
  }

  decRef(): void {
    this.#count--;
    if (this.#count === 0) this.#strong = undefined;
  }
}

const environmentLine =
  /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

/** `util.parseEnv`: lines of `NAME=value`, quotes removed, `\n` meant inside double quotes. */
function parseEnvironmentFile(text: string): Record<string, string> {
  // @ts-expect-error a null prototype, which Node's has too
  const found: Record<string, string> = { __proto__: null };
  environmentLine.lastIndex = 0;
  for (
    let match = RegExpPrototypeExec(environmentLine, text);
    match;
    match = RegExpPrototypeExec(environmentLine, text)
  ) {
    const name = match[1] ?? '';
    const value = StringPrototypeTrim(match[2] ?? '');
    const quote = value[0];
    const isQuote = quote === '"' || quote === "'" || quote === '`';
    const quoted = isQuote && value.length > 1 && value[value.length - 1] === quote;
    const inner = quoted ? StringPrototypeSlice(value, 1, -1) : value;
    found[name] = quote === '"' && quoted ? StringPrototypeReplaceAll(inner, '\\n', '\n') : inner;
  }
  return found;
}
