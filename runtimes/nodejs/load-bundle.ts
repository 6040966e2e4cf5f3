/**
 * Evaluates the user's code (LAMBDA.md A2.7, A2.10). The bundle arrives compiled, as a function of what Node gives to a module.
 * Which file it was made from, the host has decided; files that it requires at run time are the core's.
 */
import type { EntryPoint } from '../../src/bridge/contract.ts';
import type { Core } from '../core/core-api.ts';
import { type ErrorDialect, isError } from './error-json.ts';
import {
  apply,
  asString,
  BuiltinError,
  BuiltinSyntaxError,
  encodeUri,
  getProperty,
  indexOf,
  isInstance,
  lastIndexOf,
  slice,
} from './primordials.ts';
import { RuntimeError } from './runtime-error.ts';

export type Bundle = Extract<EntryPoint, { kind: 'bundle' }>;

/** Returns `module.exports`. @throws what the module throws */
export function loadCommonJs(core: Core, { file }: Bundle, load: unknown): unknown {
  const { require, directory } = surroundings(core, file);
  const module = { id: file, path: directory, exports: {}, filename: file, loaded: false, children: [], paths: [] };
  const { exports } = module;
  evaluate(load, exports, [
    exports,
    require,
    module,
    file,
    directory,
    importMeta(core, file, directory),
    core.offerModules,
  ]);
  module.loaded = true;
  return module.exports;
}

/** Resolves with the namespace, after top-level await. */
export async function loadModule(core: Core, { file }: Bundle, load: unknown): Promise<object> {
  const { require, directory } = surroundings(core, file);
  const namespace = {};
  const meta = importMeta(core, file, directory);
  await evaluate(load, undefined, [namespace, require, undefined, file, directory, meta]);
  return namespace;
}

/** What init reports for an error that the user's code threw while it was loaded (A2.10). Never throws. */
export function asInitError(error: unknown, dialect: ErrorDialect): unknown {
  try {
    if (dialect === '2014') return error;
    if (isInstance(BuiltinSyntaxError, error)) {
      return renamed('Runtime.UserCodeSyntaxError', error, dialect === 'promise' ? stackOf(error) : undefined);
    }
    if (typeof error !== 'object' || error === null) return error;
    if (dialect === 'promise' && !isError(error)) return error;
    return getProperty(error, 'code') === 'MODULE_NOT_FOUND' ? renamed('Runtime.ImportModuleError', error) : error;
  } catch {
    // A getter or a Proxy of the user threw: then it is none of the two.
    return error;
  }
}

function renamed(type: string, error: unknown, ownStack?: string): RuntimeError {
  const message = asString(error);
  const stack = stackOf(error);
  const frames = indexOf(stack, '\n    at ');
  return new RuntimeError(type, message, ownStack ?? `${type}: ${message}${frames === -1 ? '' : slice(stack, frames)}`);
}

function stackOf(error: unknown): string {
  const stack: unknown = typeof error === 'object' && error !== null ? getProperty(error, 'stack') : undefined;
  return typeof stack === 'string' ? stack : '';
}

function surroundings(core: Core, file: string): { require: (id: string) => unknown; directory: string } {
  return { require: core.createUserRequire(file), directory: slice(file, 0, lastIndexOf(file, '/')) || '/' };
}

function importMeta(core: Core, filename: string, dirname: string): object {
  const url = `file://${encodeUri(filename)}`;
  const resolve = (specifier: string): string => {
    const { URL } = core.builtin('url') as { URL: new (specifier: string, base: string) => { readonly href: string } };
    return new URL(specifier, url).href;
  };
  return { __proto__: null, dirname, filename, main: false, resolve, url };
}

function evaluate(load: unknown, self: unknown, args: readonly unknown[]): unknown {
  if (typeof load !== 'function') throw new BuiltinError(`The bundle is ${typeof load}, not a function`);
  return apply(load as (...args: readonly unknown[]) => unknown, self, args);
}
