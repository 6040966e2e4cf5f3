/**
 * The bindings that nearly each module of Node's library takes something from: types, util, errors, options and constants.
 */
import type { CoreContext } from '../context.ts';
import { createTypes } from './types.ts';
import { createUtil } from './util.ts';

const { ArrayPrototypeIncludes, String, Symbol } = primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  const { data, library } = context;
  const constants = <Value>(id: string): Value => library.require<Value>(`isotherm/data/${id}`);
  const symbols: Record<string, symbol> = {};
  for (let at = 0; at < data.perIsolateSymbols.length; at++) {
    const name = data.perIsolateSymbols[at] ?? '';
    symbols[name] = Symbol(name);
  }
  const types = createTypes();
  return {
    types,
    util: createUtil(context, types),
    symbols,
    get constants() {
      return constants<object>('constants');
    },
    get config() {
      return { ...constants<object>('config'), getDefaultLocale: () => 'en-US' };
    },
    uv: createUv(constants('uv')),
    errors: createErrors(context, constants('exitCodes')),
    options: createOptions(constants('options'), constants('optionTypes')),
    builtins: {
      builtinIds: data.builtinIds,
      natives: {},
      config: '{"target_defaults":{},"variables":{}}',
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
    diagnostics_channel: createDiagnosticsChannels(),
    worker: {
      isInternalThread: false,
      isMainThread: true,
      ownsProcessState: true,
      resourceLimits: new Float64Array(),
      threadId: 0,
      threadName: '',
      getEnvMessagePort: () => undefined,
    },
    stream_wrap: {
      streamBaseState: new Int32Array(8),
      ShutdownWrap: class ShutdownWrap {},
      WriteWrap: class WriteWrap {},
    },
    wasm_web_api: { setImplementation: () => {} },
    v8: {},
    heap_utils: {},
    inspector: {},
  };

  function createErrors(core: CoreContext, exitCodes: object): object {
    return {
      exitCodes,
      noSideEffectsToString: (value: unknown) => String(value),
      triggerUncaughtException: (error: unknown) => core.uncaughtException(error),
      getErrorSourcePositions: () => undefined,
      setEnhanceStackForFatalException: () => {},
      setGetSourceMapErrorSource: () => {},
      setMaybeCacheGeneratedSourceMap: () => {},
      setPrepareStackTraceCallback: () => {},
      setSourceMapsEnabled: () => {},
    };
  }
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
