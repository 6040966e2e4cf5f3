/**
 * `internalBinding('url_pattern')`: the class `URLPattern`. Every URL loads this file, so it holds the class alone; patterns are
 * compiled by `url-pattern.ts`.
 */
import type { CoreContext } from '../context.ts';
import type { CompiledPattern, createUrlPatterns, Input } from './url-pattern.ts';

const { ObjectDefineProperty, SafeWeakMap, String, SymbolToStringTag, TypeError } = primordials;

const names = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
const inOrder = [
  'hash',
  'hostname',
  'inputs',
  'password',
  'pathname',
  'port',
  'protocol',
  'search',
  'username',
] as const;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  let patterns: ReturnType<typeof createUrlPatterns> | undefined;

  const compile = (input: Input, base: string | undefined, ignoreCase: boolean): CompiledPattern => {
    patterns ??= library
      .require<{ createUrlPatterns: typeof createUrlPatterns }>('isotherm/bindings/url-pattern')
      .createUrlPatterns(context);
    try {
      return patterns.compile(input, base, ignoreCase);
    } catch {
      // Whatever is wrong with it, Node says no more.
      throw failure('ERR_INVALID_URL_PATTERN', 'Failed to construct URLPattern');
    }
  };

  const compiledForms = new SafeWeakMap<object, CompiledPattern>();
  const formOf = (pattern: unknown): CompiledPattern => {
    const form = typeof pattern === 'object' && pattern !== null ? compiledForms.get(pattern) : undefined;
    if (form === undefined) throw new TypeError('Illegal invocation');
    return form;
  };

  function URLPattern(this: object, ...args: readonly unknown[]): void {
    if (new.target === undefined) {
      throw failure('ERR_CONSTRUCT_CALL_REQUIRED', 'Cannot call constructor without `new`');
    }
    const input =
      args[0] === undefined || args[0] === null ? {} : inputOf(args[0], 'Input must be an object or a string');
    const { base, options } = baseAndOptions(args[1], args[2]);
    const ignoreCase = options !== undefined && !!(options as { ignoreCase?: unknown }).ignoreCase;
    compiledForms.set(this, compile(input, base, ignoreCase));
  }
  define(URLPattern, 'length', 0, 'hidden');

  const { prototype } = URLPattern as unknown as { prototype: object };
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? 'hash';
    getter(prototype, name, (pattern) => formOf(pattern).components[name].pattern);
  }
  getter(prototype, 'hasRegExpGroups', (pattern) => {
    const { components } = formOf(pattern);
    for (let at = 0; at < names.length; at++) if (components[names[at] ?? 'hash'].hasRegExpGroups) return true;
    return false;
  });
  const methods = {
    exec(this: unknown, ...args: readonly unknown[]): object | null {
      const form = formOf(this);
      const input = args[0] ?? {};
      const found = lookUp(form, input, args[1], 'exec');
      if (found === undefined) return null;
      const { values, matches } = found;
      const result: Record<string, unknown> = { __proto__: null };
      for (let at = 0; at < inOrder.length; at++) {
        const name = inOrder[at] ?? 'hash';
        if (name === 'inputs') {
          result.inputs = typeof args[1] === 'string' ? [input, args[1]] : [input];
          continue;
        }
        const groups: Record<string, unknown> = {};
        const { groupNames } = form.components[name];
        for (let index = 0; index < groupNames.length; index++) {
          define(groups, groupNames[index] ?? '', matches[name][index + 1], 'shown');
        }
        result[name] = { groups, input: values[name] ?? '' };
      }
      return result;
    },
    test(this: unknown, ...args: readonly unknown[]): boolean {
      return lookUp(formOf(this), args[0] ?? {}, args[1], 'test') !== undefined;
    },
  };
  define(prototype, 'exec', methods.exec, 'shown');
  define(prototype, 'test', methods.test, 'shown');
  define(prototype, SymbolToStringTag, 'URLPattern', 'hidden');
  return { url_pattern: { URLPattern } };
}

/** Two arguments: a base or options. Three: a base, which then cannot be missing, and options. */
function baseAndOptions(second: unknown, third: unknown): { base: string | undefined; options: object | undefined } {
  if (third === undefined || third === null) {
    if (typeof second === 'string') return { base: second, options: undefined };
    if (second === undefined || second === null) return { base: undefined, options: undefined };
    if (typeof second === 'object') return { base: undefined, options: second };
    throw failure('ERR_INVALID_ARG_TYPE', 'second argument must be a string or object');
  }
  if (second !== undefined && second !== null && typeof second !== 'string') {
    throw failure('ERR_INVALID_ARG_TYPE', 'second argument must be a string');
  }
  if (typeof third !== 'object') throw failure('ERR_INVALID_ARG_TYPE', 'options must be an object');
  return { base: second ?? '', options: third };
}

function lookUp(compiled: CompiledPattern, input: unknown, base: unknown, method: 'exec' | 'test') {
  const checked = inputOf(input, 'URLPattern input needs to be a string or an object');
  if (base === null) return undefined;
  if (base !== undefined && typeof base !== 'string') {
    throw failure('ERR_INVALID_ARG_TYPE', 'baseURL must be a string');
  }
  if (typeof checked !== 'string' && base !== undefined) {
    throw failure('ERR_OPERATION_FAILED', `Failed to ${method} URLPattern`);
  }
  const values = compiled.urlOf(checked, base);
  const matches = values === undefined ? undefined : compiled.match(values);
  return values === undefined || matches === undefined ? undefined : { values, matches };
}

/** Members that are no strings count as absent. */
function inputOf(value: unknown, message: string): Input {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) throw failure('ERR_INVALID_ARG_TYPE', message);
  const input: Record<string, string> = { __proto__: null } as unknown as Record<string, string>;
  const read = (name: string): void => {
    const member = (value as Record<string, unknown>)[name];
    if (typeof member === 'string') input[name] = String(member);
  };
  for (let at = 0; at < names.length; at++) read(names[at] ?? '');
  read('baseURL');
  return input;
}

/** Without a name, as V8 makes those of its own classes. */
function getter(prototype: object, name: string, read: (pattern: unknown) => unknown): void {
  ObjectDefineProperty(prototype, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    get: unnamed(read),
    enumerable: true,
    configurable: false,
  });
}

function unnamed(read: (pattern: unknown) => unknown): () => unknown {
  return function (this: unknown) {
    return read(this);
  };
}

function define(target: object, name: PropertyKey, value: unknown, visibility: 'shown' | 'hidden'): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable: visibility === 'shown',
    configurable: true,
    writable: true,
  });
}

function failure(code: string, message: string): Error {
  const error = new TypeError(message);
  define(error, 'code', code, 'shown');
  return error;
}
