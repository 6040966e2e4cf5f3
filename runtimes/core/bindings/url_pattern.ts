/**
 * `internalBinding('url_pattern')`: the class `URLPattern`. Every URL loads this file, so it holds the class alone; patterns are
 * compiled by `url-pattern.ts`.
 */
import type { CoreContext } from '../context.ts';
import type { CompiledPattern, createUrlPatterns, Input } from './url-pattern.ts';

const { ObjectDefineProperty, String, SymbolToStringTag, TypeError } = primordials;

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

  class URLPattern {
    readonly #compiled: CompiledPattern;

    constructor(...args: readonly unknown[]) {
      const input =
        args[0] === undefined || args[0] === null ? {} : inputOf(args[0], 'Input must be an object or a string');
      const second = args[1];
      if (second !== undefined && typeof second !== 'string' && (typeof second !== 'object' || second === null)) {
        throw failure('ERR_INVALID_ARG_TYPE', 'second argument must be a string or object');
      }
      const base = typeof second === 'string' ? second : undefined;
      const options = typeof second === 'object' ? second : args[2];
      const ignoreCase =
        typeof options === 'object' && options !== null && Boolean((options as { ignoreCase?: unknown }).ignoreCase);
      this.#compiled = compile(input, base, ignoreCase);
    }

    static {
      for (let at = 0; at < names.length; at++) {
        const name = names[at] ?? 'hash';
        getter(URLPattern.prototype, name, (pattern) => pattern.#compiled.components[name].pattern);
      }
      getter(URLPattern.prototype, 'hasRegExpGroups', (pattern) => {
        for (let at = 0; at < names.length; at++) {
          if (pattern.#compiled.components[names[at] ?? 'hash'].hasRegExpGroups) return true;
        }
        return false;
      });
      define(URLPattern.prototype, 'exec', URLPattern.prototype.exec);
      define(URLPattern.prototype, 'test', URLPattern.prototype.test);
      ObjectDefineProperty(URLPattern.prototype, SymbolToStringTag, {
        // @ts-expect-error descriptors are read through the prototype, which the user owns
        __proto__: null,
        value: 'URLPattern',
        configurable: true,
      });
    }

    exec(...args: readonly unknown[]): object | null {
      const input = args[0] ?? {};
      const found = lookUp(this.#compiled, input, args[1], 'exec');
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
        const { groupNames } = this.#compiled.components[name];
        for (let index = 0; index < groupNames.length; index++) {
          define(groups, groupNames[index] ?? '', matches[name][index + 1]);
        }
        result[name] = { groups, input: values[name] ?? '' };
      }
      return result;
    }

    test(...args: readonly unknown[]): boolean {
      return lookUp(this.#compiled, args[0] ?? {}, args[1], 'test') !== undefined;
    }
  }
  return { url_pattern: { URLPattern } };
}

function lookUp(compiled: CompiledPattern, input: unknown, base: unknown, method: 'exec' | 'test') {
  const checked = inputOf(input, 'URLPattern input needs to be a string or an object');
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

function getter<Target extends object>(prototype: Target, name: string, read: (pattern: Target) => unknown): void {
  ObjectDefineProperty(prototype, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    get(this: Target) {
      return read(this);
    },
    enumerable: true,
    configurable: false,
  });
}

function define(target: object, name: string, value: unknown): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function failure(code: string, message: string): Error {
  const error = new TypeError(message);
  define(error, 'code', code);
  return error;
}
