/**
 * Puts the core of a guest in place, once in each new context. Leaves one global function, which removes itself when the
 * sandbox boots the guest with it.
 */
import type { GuestCalls, GuestSettings, HostCalls } from '../../src/bridge/contract.ts';
import type { NativeFunctions } from '../../src/bridge/native-module.ts';
import { bindingsModule } from '../../src/bridge/node-modules.ts';
import { type Clock, createClock } from './clock.ts';
import { installConsole } from './console.ts';
import type { CoreContext, CoreData, ModuleFactory } from './context.ts';
import type { Core, CreateHandlerLoop, HandlerLoop } from './core-api.ts';
import { finishEngine } from './engine.ts';
import { Fifo } from './fifo.ts';
import { installGlobals } from './globals.ts';
import { createBuiltinModules, Library } from './library.ts';
import { Loop, type TimerCallbacks } from './loop.ts';
import { bootProcess, createProcess, describeProcess, makeEmitter } from './process.ts';
import { Rejections } from './rejections.ts';
import { ServiceCalls } from './service-calls.ts';
import { installStackTraces } from './stack.ts';
import { limitTimers, type TimerClasses } from './timer-limit.ts';
import { createUserRequire } from './user-require.ts';

const { DateNow, JSONParse, ObjectDefineProperty, ReflectApply, ReflectDeleteProperty } = primordials;

/** Runs a script in the global scope. */
const evaluate: unknown = Reflect.get(globalThis, 'eval');

export function install(data: CoreData, createHandlerLoop: CreateHandlerLoop): void {
  const context = createContext(data);
  finishEngine(context);
  installGlobals(context);
  installConsole(context);
  leave(bootName, (host: HostCalls) => {
    ReflectDeleteProperty(globalThis, bootName);
    ReflectDeleteProperty(globalThis, aheadName);
    // Unless the native module took it.
    ReflectDeleteProperty(globalThis, rejectionName);
    context.host = host;
    return guestCalls(context, createHandlerLoop, rejections);
  });
  const rejections = new Rejections();
  leave(rejectionName, (isNew: boolean, promise: object, reason: unknown) => rejections.note(isNew, promise, reason));
  const { library } = context;
  leave(aheadName, {
    receive: (id: string, compiled: unknown) => library.receive(id, compiled as ModuleFactory),
    require(id: string) {
      library.require(id);
    },
    useNative: (native: NativeFunctions, table: number) => library.useNative(native, table),
  });
}

function endWaiting(context: Mutable<CoreContext>): void {
  const { waiting } = context;
  context.whenBooted = (callback) => callback();
  for (let callback = waiting.shift(); callback !== undefined; callback = waiting.shift()) callback();
}

/** Called once, with the host. */
const bootName = '__isothermBoot';
/** Until then, while there is no host yet: modules of Node's library can be brought in and evaluated ahead. */
const aheadName = '__isothermAhead';
/** The native module takes it when it has run the core (`TakeRejectionListener`). */
const rejectionName = '__isothermRejection';

function leave(name: string, value: unknown): void {
  ObjectDefineProperty(globalThis, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user will own
    __proto__: null,
    configurable: true,
    value,
  });
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

function createContext(data: CoreData): Mutable<CoreContext> {
  // Completed below and at boot; nothing reads a part before it is there.
  const context = { data, uncaughtException: failLoudly } as unknown as Mutable<CoreContext>;
  context.waiting = new Fifo();
  context.whenBooted = (callback) => context.waiting.push(callback);
  context.process = createProcess(() => context);
  context.loop = new Loop(context);
  describeProcess(context.process, data);
  context.library = new Library(context);
  context.services = new ServiceCalls(context);
  connect(context);
  return context;
}

/** Where Node's own start-up code, which does not run here, would have joined the modules. */
function connect(context: CoreContext): void {
  const { library, loop, process, data } = context;
  library.onceLoaded<{ readonly prototype: object }>('events', (emitter) => makeEmitter(process, emitter));
  library.onceLoaded<TimersModule>('internal/timers', (timers) => {
    limitTimers(context, timers);
    loop.useTimers(timers.getTimerCallbacks(() => loop.yieldToMicrotasks()));
  });
  library.onceLoaded<{ initializeDebugEnv(names: string): void }>('internal/util/debuglog', ({ initializeDebugEnv }) =>
    initializeDebugEnv(''),
  );
  library.onceLoaded<{ installObjectURLMethods(): void }>('internal/url', ({ installObjectURLMethods }) =>
    installObjectURLMethods(),
  );
  library.onceLoaded<NodeConsole>('internal/console/global', (console) => {
    const bind = Object.getOwnPropertySymbols(console).find((symbol) => symbol.description === 'kBindStreamsLazy');
    if (bind !== undefined) console[bind]?.(process);
  });
  library.override('process', () => process);
  library.override('module', () => {
    const { createModuleModule } = library.require<ModuleModule>('isotherm/modules/module');
    return createModuleModule(context, (file) => createUserRequire(context, file));
  });
  library.override(bindingsModule, () => {
    const { createBindingsModule } = library.require<BindingsModule>('isotherm/modules/bindings');
    return createBindingsModule(context);
  });
  // Node takes unspoilt built-ins from a fresh context; a guest has one context only.
  library.override('isotherm/realm', () => ({ runInNewContext: evaluate }));
  // Positions are mapped by the host, in `stack.ts`.
  library.override('internal/source_map/source_map_cache', () => ({
    findSourceMap: () => undefined,
    getSourceMapsSupport: () => ({ enabled: false, nodeModules: false, generatedCode: false }),
  }));
  library.override('internal/bootstrap/realm', () => ({
    BuiltinModule: createBuiltinModules(library, data.builtinIds),
  }));
}

interface ModuleModule {
  createModuleModule(context: CoreContext, createRequire: (file: string) => (id: string) => unknown): object;
}

interface BindingsModule {
  createBindingsModule(context: CoreContext): object;
}

interface TimersModule extends TimerClasses {
  getTimerCallbacks(runNextTicks: () => void): TimerCallbacks;
}

type NodeConsole = Record<symbol, ((process: object) => void) | undefined>;

/** Before the handler loop exists there is no user code that could throw. */
function failLoudly(error: unknown): never {
  throw error;
}

function boot(context: Mutable<CoreContext>, settings: GuestSettings): void {
  context.settings = settings;
  endWaiting(context);
  if (settings.clock !== undefined) useClock(context, settings.clock);
  bootProcess(context.process, context, settings.entry.kind === 'bundle' ? settings.entry.file : '');
}

function guestCalls(
  context: Mutable<CoreContext>,
  createHandlerLoop: CreateHandlerLoop,
  rejections: Rejections,
): GuestCalls {
  const { library, loop, services } = context;
  installStackTraces(context);

  // Made in the first slice, not here: only from then on can modules be loaded.
  let made: HandlerLoop | undefined;
  const handlerLoop = (): HandlerLoop => {
    if (made === undefined) {
      const { clock, settings } = context;
      if (clock !== undefined) library.require<ClockModule>('isotherm/modules/clock').installClock(clock);
      const created = createHandlerLoop(createCore(context), settings);
      context.uncaughtException = (error) => created.uncaughtException(error);
      made = created;
    }
    return made;
  };
  return {
    boot: (settingsJson) => boot(context, JSONParse(settingsJson) as GuestSettings),
    receive: (id, compiled) => library.receive(id, compiled as ModuleFactory),
    init: (load) =>
      loop.slice(() => {
        const { settings } = context;
        if (settings.entry.kind === 'bundle' && settings.entry.importsLate === true)
          library.internalBinding('importer');
        handlerLoop().init(load);
      }),
    invoke: (eventJson, contextJson, eventsWait) =>
      loop.slice(() => {
        loop.initEnded();
        handlerLoop().begin(contextJson);
        loop.afterDueTimers(() => handlerLoop().invoke(eventJson), eventsWait);
      }),
    turn: () => loop.turn(),
    event: (service, id, kind, ...values) => loop.slice(() => services.deliver(service, id, kind, values)),
    loopEmpty: () => loop.slice(() => handlerLoop().loopEmpty()),
    unhandledRejection: (isError, name = '', message = '', stack = '') =>
      loop.slice(() => {
        if (isError !== undefined) {
          handlerLoop().unhandledRejection({ isError, name, message, stack });
          return;
        }
        for (let next = rejections.take(); next !== undefined; next = rejections.take()) {
          handlerLoop().unhandledRejection(next);
        }
      }),
  };
}

interface ClockModule {
  installClock(clock: Clock): void;
}

function useClock(context: Mutable<CoreContext>, policy: 'coarse' | 'frozen'): void {
  const { host, settings } = context;
  const clock = createClock(policy, host, settings.clockOriginEpochMs);
  context.clock = clock;
  context.host = { ...host, hrtime: clock.hrtime, cpuTime: clock.cpuTime };
}

function createCore(context: CoreContext): Core {
  const { host, library, loop, process, services } = context;
  const setImmediate = (callback: () => void): void => {
    if (!library.isLoaded('timers')) {
      loop.enqueueImmediate(callback);
      return;
    }
    loop.isPlatformsTimer = true;
    library.require<{ setImmediate(run: () => void): void }>('timers').setImmediate(callback);
    loop.isPlatformsTimer = false;
  };
  return {
    host,
    services,
    epochMs: context.clock?.epochMs ?? DateNow,
    primordials: primordials as unknown as Record<string, unknown>,
    process,
    builtin: (id) => library.require(id),
    format: (...args) => formatted(context, args),
    createUserRequire: (file) => createUserRequire(context, file),
    offerModules(modules) {
      context.lateModules = modules;
    },
    setImmediate,
    endInit(callback) {
      if (!loop.endInit(callback)) setImmediate(callback);
    },
    turnWithoutTimers: () => loop.turnWithoutTimers(),
    hold: () => loop.hold(),
    release: () => loop.release(),
    exit(code) {
      host.exit(code);
      throw new Error('exit returned');
    },
  };
}

/** Lines of plain text are most of what is logged; they need no inspect. */
function formatted({ library }: CoreContext, args: readonly unknown[]): string {
  // By index: destructuring would ask the array's iterator, which is the user's.
  const only = args[0];
  if (args.length === 1 && typeof only === 'string') return only;
  const { format } = library.require<{ format: (...values: never[]) => unknown }>('internal/util/inspect');
  return ReflectApply(format, undefined, args) as string;
}
