/**
 * The bindings that nearly each module of Node's library takes something from: types, util, errors, options and constants.
 */
import type { CoreContext } from '../context.ts';
import type * as Blob from './blob.ts';
import type * as Encoding from './encoding.ts';
import type * as ErrorSource from './error-source.ts';
import { nativeFunctions } from './native.ts';
import type * as StringDecoder from './string-decoder.ts';
import { createTypes } from './types.ts';
import { createUtil, type UtilConstants } from './util.ts';

const { ArrayPrototypeIncludes, ReflectApply, String, Symbol } = primordials;

/** Constants of the node binary that the builder read, as far as bindings of the core need them. */
export interface BaseData {
  readonly util: UtilConstants;
  readonly string_decoder: StringDecoder.StringDecoderData;
  readonly exitCodes: object;
  readonly config: object;
  readonly optionTypes: { readonly envSettings: object; readonly types: object };
  readonly asyncWrap: { readonly constants: Readonly<Record<string, number>>; readonly Providers: object };
  readonly performance: Readonly<Record<string, number>>;
  readonly urlUpdateActions: Readonly<Record<string, number>>;
}

export function createBindings(context: CoreContext): Record<string, object> {
  const { data, library } = context;
  const constants = library.require<BaseData>('isotherm/data/base');
  const types = createTypes((value) => isObject(value) && nativeFunctions(context)?.isProxy(value) === true);
  // Getters: what is large or seldom asked for is made when it is.
  return {
    types,
    util: createUtil(context, types, constants.util),
    symbols: createSymbols(data.perIsolateSymbols),
    config: { ...constants.config, getDefaultLocale: () => 'en-US' },
    errors: createErrors(context, constants.exitCodes),
    string_decoder: {
      ...constants.string_decoder,
      ...deferred(['decode', 'flush'], () =>
        library
          .require<typeof StringDecoder>('isotherm/bindings/string-decoder')
          .createStringDecoder(context, constants.string_decoder),
      ),
    },
    icu: deferred(icuFunctions, () =>
      library.require<typeof Encoding>('isotherm/bindings/encoding').createIcu(context),
    ),
    blob: deferred(blobFunctions, () =>
      library.require<typeof Blob>('isotherm/bindings/blob').createBlobBinding(context),
    ),
    get constants() {
      return library.require<object>('isotherm/data/constants');
    },
    get uv() {
      return createUv(library.require('isotherm/data/uv'));
    },
    get options() {
      const values = { ...library.require<Record<string, unknown>>('isotherm/data/options') };
      // Node keeps this object and looks an option up when it is asked for.
      context.whenBooted(() => takeEnvironmentOptions(values, context));
      return createOptions(values, constants.optionTypes);
    },
    get diagnostics_channel() {
      return createDiagnosticsChannels();
    },
    builtins: {
      builtinIds: data.builtinIds,
      natives: {},
      config: '{"target_defaults":{},"variables":{"v8_enable_i18n_support":1}}',
      hasCachedBuiltins: () => true,
    },
    trace_events: {
      available: false,
      getCategoryEnabledBuffer: () => new Uint8Array(1),
      getEnabledCategories: () => undefined,
      isTraceCategoryEnabled: () => false,
      setLog: () => {},
      setTraceCategoryStateUpdateHandler: () => {},
      trace: () => {},
    },
    mksnapshot: {
      anonymousMainPath: '__node_anonymous_main',
      isBuildingSnapshotBuffer: new Uint8Array(1),
      setDeserializeCallback: () => {},
      setDeserializeMainFunction: () => {},
      setSerializeCallback: () => {},
    },
    module_wrap: {
      kEvaluated: 4,
      kEvaluationPhase: 2,
      kInstantiated: 2,
      kSourcePhase: 1,
      ModuleWrap: class ModuleWrap {},
    },
    permission: { has: () => true },
    wasm_web_api: { setImplementation: () => {} },
    inspector: {},
  };
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

const icuFunctions = [
  'decode',
  'getConverter',
  'getStringWidth',
  'hasConverter',
  'icuErrName',
  'toASCII',
  'toUnicode',
  'transcode',
];

const blobFunctions = [
  'createBlob',
  'createBlobFromFilePath',
  'concat',
  'getDataObject',
  'revokeObjectURL',
  'storeDataObject',
];

/** Functions that are made (and whose file is loaded) when one of them is first called. */
function deferred(names: readonly string[], make: () => Readonly<Record<string, AnyFunction>>): object {
  const functions: Record<string, AnyFunction> = {};
  let made: Readonly<Record<string, AnyFunction>> | undefined;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    functions[name] = (...args: never[]) => {
      made ??= make();
      const run = made[name];
      return run && ReflectApply(run, undefined, args);
    };
  }
  return functions;
}

function createSymbols(names: readonly string[]): object {
  const symbols: Record<string, symbol> = {};
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    symbols[name] = Symbol(name);
  }
  return symbols;
}

function createErrors(core: CoreContext, exitCodes: object): object {
  return {
    exitCodes,
    noSideEffectsToString: (value: unknown) => String(value),
    triggerUncaughtException: (error: unknown) => core.uncaughtException(error),
    getErrorSourcePositions: (error: object) =>
      core.library.require<typeof ErrorSource>('isotherm/bindings/error-source').errorSource(core, error),
    setEnhanceStackForFatalException: () => {},
    setGetSourceMapErrorSource: () => {},
    setMaybeCacheGeneratedSourceMap: () => {},
    setPrepareStackTraceCallback: () => {},
    setSourceMapsEnabled: () => {},
  };
}

interface UvData {
  readonly constants: object;
  readonly errors: readonly (readonly [number, readonly [string, string]])[];
}

function createUv({ constants, errors }: UvData): object {
  const find = (code: number): readonly [string, string] | undefined => {
    for (let at = 0; at < errors.length; at++) {
      const entry = errors[at];
      if (entry !== undefined && entry[0] === code) return entry[1];
    }
    return undefined;
  };
  return {
    ...constants,
    errname: (code: number) => find(code)?.[0] ?? `Unknown system error ${code}`,
    getErrorMap: () => new Map(errors),
    getErrorMessage: (code: number) => find(code)?.[1] ?? `Unknown system error ${code}`,
  };
}

/** Options that Node takes from the environment it starts in. */
function takeEnvironmentOptions(values: Record<string, unknown>, { settings }: CoreContext): void {
  values['--use-env-proxy'] = settings.environment.NODE_USE_ENV_PROXY === '1';
}

function createOptions(values: object, optionTypes: { envSettings: object; types: object }): object {
  return {
    envSettings: optionTypes.envSettings,
    types: optionTypes.types,
    noGlobalSearchPaths: true,
    shouldNotRegisterESMLoader: true,
    getCLIOptionsValues: () => values,
    getCLIOptionsInfo: () => ({ options: new Map(), aliases: new Map() }),
    getOptionsAsFlags: () => [],
    getEmbedderOptions: () => ({
      shouldNotRegisterESMLoader: true,
      noGlobalSearchPaths: true,
      noBrowserGlobals: false,
      hasEmbedderPreload: false,
    }),
    getEnvOptionsInputType: () => new Map(),
    getNamespaceOptionsInputType: () => new Map(),
  };
}

/** Native code subscribes to nothing here. */
function createDiagnosticsChannels(): object {
  const names: string[] = [];
  return {
    subscribers: new Uint32Array(1024),
    getOrCreateChannelIndex(name: string) {
      if (!ArrayPrototypeIncludes(names, name)) names[names.length] = name;
      for (let at = 0; at < names.length; at++) if (names[at] === name) return at % 1024;
      return 0;
    },
    linkNativeChannel: () => {},
    notifyChannelActive: () => {},
    notifyChannelInactive: () => {},
  };
}
