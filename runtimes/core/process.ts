/**
 * The guest's `process`. Data is set at boot; whatever needs Node's library (its event emitter, ticks, streams, warnings) is
 * loaded at the first use of that property. It has no power: signals, other processes and native bindings are refused.
 */
import type { CoreContext, CoreData } from './context.ts';
import type { GuestProcess } from './core-api.ts';
import { isOffered, publicModule } from './library.ts';
import { createEnvironment } from './process-env.ts';
import { createProcessMethods } from './process-methods.ts';

const {
  ObjectCreate,
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectGetPrototypeOf,
  ObjectSetPrototypeOf,
  ReflectApply,
  SymbolToStringTag,
} = primordials;

/** The members are Node's; what code of ours names is declared where the handler loop sees it. */
export interface ProcessObject extends GuestProcess {
  argv: readonly string[];
  [name: PropertyKey]: unknown;
}

/** Methods of EventEmitter that make `process` one. Taking any of them loads `events`. */
const emitterMethods = [
  'addListener',
  'emit',
  'eventNames',
  'getMaxListeners',
  'listenerCount',
  'listeners',
  'off',
  'on',
  'once',
  'prependListener',
  'prependOnceListener',
  'rawListeners',
  'removeAllListeners',
  'removeListener',
  'setMaxListeners',
];

export function createProcess(context: () => CoreContext): ProcessObject {
  const gate = ObjectCreate(null);
  const prototype = ObjectCreate(gate);
  // Node names the constructor `process`; inspect prints it.
  const named = { process() {} };
  define(prototype, 'constructor', named.process);
  define(named.process, 'prototype', prototype);
  const process = ObjectCreate(prototype) as ProcessObject;

  const becomeEmitter = (): void => {
    context().library.require('events');
  };
  for (let at = 0; at < emitterMethods.length; at++) {
    const name = emitterMethods[at] ?? '';
    lazily(gate, process, name, () => {
      becomeEmitter();
      return process[name];
    });
  }
  ObjectDefineProperty(process, SymbolToStringTag, { ...plain, value: 'process', configurable: true });
  // Plain assignments: no user code has put a setter anywhere yet.
  const methods = createProcessMethods(process, context);
  for (const name in methods) process[name] = methods[name];
  addLazyParts(process, context);
  return process;
}

/** Called when `events` was loaded, by whomever: from here on `process` is an emitter like any other. */
export function makeEmitter(process: ProcessObject, emitter: { readonly prototype: object }): void {
  const prototype = ObjectGetPrototypeOf(process);
  if (prototype !== null) ObjectSetPrototypeOf(prototype, emitter.prototype);
  ReflectApply(emitter as never, process, []);
}

const plain = { __proto__: null, writable: true } as unknown as PropertyDescriptor;

function define(target: object, name: string, value: unknown, enumerable = false): void {
  ObjectDefineProperty(target, name, { ...plain, value, enumerable, configurable: true });
}

/** A property of `target` that computes itself at first use and becomes plain data of `owner`. */
function lazily(target: object, owner: object, name: string, make: () => unknown): void {
  const settle = (value: unknown): void => define(owner, name, value, true);
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    get() {
      const value = make();
      if (target === owner) settle(value);
      return value;
    },
    set: settle,
    enumerable: true,
    configurable: true,
  });
}

function addLazyParts(process: ProcessObject, context: () => CoreContext): void {
  let made: Record<string, unknown> | undefined;
  const part = (name: string, make: (core: CoreContext) => unknown): void =>
    lazily(process, process, name, () => make(context()));
  part('nextTick', ({ loop, library }) => {
    const { setupTaskQueue } = library.require<{
      setupTaskQueue(): { nextTick: (...args: unknown[]) => void };
    }>('internal/process/task_queues');
    const { nextTick } = setupTaskQueue();
    return {
      nextTick(...args: unknown[]) {
        ReflectApply(nextTick as never, process, args);
        // One that was queued by a microtask: no slice is running whose result could say so.
        loop.announce();
      },
    }.nextTick;
  });
  part('emitWarning', ({ library }) => {
    const { emitWarning, onWarning } = library.require<{ emitWarning: unknown; onWarning: (warning: unknown) => void }>(
      'internal/process/warning',
    );
    process.on('warning', onWarning);
    return emitWarning;
  });
  part('getBuiltinModule', ({ library }) => (id: unknown) => {
    const name = typeof id === 'string' ? publicModule(id) : undefined;
    return name !== undefined && isOffered(name) ? library.require(name) : undefined;
  });
  for (const [name, fd] of standardStreams) {
    part(name, ({ library }) =>
      library.require<StandardStreams>('isotherm/modules/streams').createStandardStream(fd, context()),
    );
  }
  for (let at = 0; at < extras.length; at++) {
    const name = extras[at] ?? '';
    part(name, ({ library }) => {
      made ??= library.require<ProcessExtras>('isotherm/modules/process-extras').createProcessExtras(context());
      return made[name];
    });
  }
  part('allowedNodeEnvironmentFlags', () => new Set());
}

const extras = [
  'finalization',
  'getActiveResourcesInfo',
  'hasUncaughtExceptionCaptureCallback',
  'loadEnvFile',
  'ref',
  'report',
  'setUncaughtExceptionCaptureCallback',
  'unref',
];

interface ProcessExtras {
  createProcessExtras(context: CoreContext): Record<string, unknown>;
}

interface StandardStreams {
  createStandardStream(fd: number, context: CoreContext): object;
}

const standardStreams = [
  ['stdin', 0],
  ['stdout', 1],
  ['stderr', 2],
] as const;

/** What is the same in every guest. */
export function describeProcess(process: ProcessObject, { versions }: CoreData): void {
  const values: Record<string, unknown> = {
    version: `v${versions.node}`,
    versions,
    arch: 'x64',
    platform: 'linux',
    release: { name: 'node' },
    argv0: 'node',
    execArgv: [],
    execPath,
    pid: 8,
    ppid: 1,
    title: 'node',
    debugPort: 9229,
    features,
    sourceMapsEnabled: false,
    config: ObjectFreeze({
      target_defaults: ObjectFreeze({ default_configuration: 'Release' }),
      variables: ObjectFreeze({
        v8_enable_i18n_support: 1,
        node_shared: false,
        asan: 0,
        napi_build_version: versions.napi,
      }),
    }),
  };
  for (const name in values) process[name] = values[name];
  define(process, '_exiting', false);
}

/** What is known only when an environment begins. */
export function bootProcess(process: ProcessObject, { settings }: CoreContext, entryFile: string): void {
  process.argv = [execPath, entryFile];
  process.exitCode = undefined;
  process.env = createEnvironment(settings.environment);
}

const features = {
  inspector: false,
  debug: false,
  uv: true,
  ipv6: true,
  tls_alpn: true,
  tls_sni: true,
  tls_ocsp: true,
  tls: true,
  openssl_is_boringssl: false,
  cached_builtins: true,
  require_module: false,
  typescript: false,
};

const execPath = '/var/lang/bin/node';
