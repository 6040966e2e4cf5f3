/**
 * Constants that Node's library expects from C++: read once from the running binary, so that they are those of exactly the
 * Node whose library runs in the guests. Each becomes a small module of the guest, loaded when a binding first needs it.
 */
import { readCryptoConstants } from './crypto-constants.ts';
import { refusedShapes } from './module-shapes.ts';
import type { NodeLibrary } from './node-library.ts';

/** By module id: a value for JSON. Only bindings of `runtimes/core` require these. */
export function readConstants({ internalBinding, requireInternal }: NodeLibrary): Map<string, unknown> {
  const plain = (binding: string): Record<string, unknown> => data(internalBinding(binding));
  const uv = internalBinding('uv');
  const options = internalBinding('options');
  const stringDecoder = internalBinding('string_decoder');
  const asyncWrap = internalBinding('async_wrap');
  const v8 = internalBinding('v8');
  return new Map<string, unknown>([
    [
      'base',
      {
        util: data(internalBinding('util').constants),
        string_decoder: { ...data(stringDecoder), encodings: [...(stringDecoder.encodings as Iterable<unknown>)] },
        exitCodes: data(internalBinding('errors').exitCodes),
        config: { ...plain('config'), hasInspector: false, hasTracing: false },
        optionTypes: { envSettings: data(options.envSettings), types: data(options.types) },
        asyncWrap: { constants: data(asyncWrap.constants), Providers: data(asyncWrap.Providers) },
        performance: allOf(internalBinding('performance').constants),
        urlUpdateActions: data(requireInternal('internal/url').urlUpdateActions),
      },
    ],
    ['constants', plain('constants')],
    ['http2', http2(requireInternal('http2'))],
    ['http-parser', httpParser(internalBinding('http_parser'))],
    ['crypto', readCryptoConstants(internalBinding('crypto'))],
    [
      'machine',
      {
        contextify: { constants: data(internalBinding('contextify').constants) },
        v8: { ...plain('v8'), cachedDataVersionTag: call(v8, 'cachedDataVersionTag') },
        locks: plain('locks'),
      },
    ],
    ['refused', refusedShapes()],
    ['uv', { constants: plain('uv'), errors: [...call<Iterable<unknown>>(uv, 'getErrorMap')] }],
    ['options', optionValues(call(options, 'getCLIOptionsValues'))],
  ]);
}

/** Parsed from a string: a literal of that size would be code to compile, cache and run. */
export function dataModule(value: unknown): string {
  return `module.exports = primordials.JSONParse(${JSON.stringify(JSON.stringify(value))});`;
}

/** What the core itself needs before anything is loaded. */
export interface CoreData {
  readonly privateSymbols: readonly string[];
  readonly perIsolateSymbols: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly builtinIds: readonly string[];
}

export function readCoreData({ internalBinding, sources }: NodeLibrary): CoreData {
  const names = (object: unknown): string[] => Reflect.ownKeys(object as object).map(String);
  return {
    privateSymbols: names(internalBinding('util').privateSymbols),
    perIsolateSymbols: names(internalBinding('symbols')),
    versions: data(process.versions) as Record<string, string>,
    builtinIds: [...sources.keys()],
  };
}

function optionValues(values: unknown): Record<string, unknown> {
  const entries = values instanceof Map ? Object.fromEntries(values) : data(values);
  return {
    ...entries,
    '--pending-deprecation': false,
    '--expose-internals': false,
    '--warnings': true,
    '--async-context-frame': true,
  };
}

function call<Result>(binding: Record<string, unknown>, name: string): Result {
  return (binding[name] as () => Result)();
}

function http2({ constants, getDefaultSettings }: Record<string, unknown>): object {
  return { constants, defaultSettings: (getDefaultSettings as () => object)() };
}

/** Numbers that the parser's class carries, and the methods that it knows. */
function httpParser({ HTTPParser, methods, allMethods }: Record<string, unknown>): object {
  return { constants: { ...(HTTPParser as object) }, methods, allMethods };
}

/** Also what is not enumerable, as some of these constants. */
function allOf(value: unknown): Record<string, unknown> {
  const object = value as Record<string, unknown>;
  return data(Object.fromEntries(Object.getOwnPropertyNames(object).map((name) => [name, object[name]])));
}

/** Own values that JSON can carry. Functions fall away; big integers are small enough for numbers. */
function data(value: unknown): Record<string, unknown> {
  const json = JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member));
  return JSON.parse(json) as Record<string, unknown>;
}
