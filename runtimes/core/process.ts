/**
 * The guest's `process`. Data is set at boot; whatever needs Node's library (its event emitter, ticks, streams, warnings) is
 * loaded at the first use of that property. It has no power: signals, other processes and native bindings are refused.
 */
import type { CoreContext } from './context.ts';
import { isOffered, publicModule } from './library.ts';
import { createEnvironment } from './process-env.ts';

const {
  BigInt,
  MathFloor,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectSetPrototypeOf,
  ObjectGetPrototypeOf,
  ReflectApply,
  StringPrototypeStartsWith,
  SymbolToStringTag,
} = primordials;

// The members are Node's; code of ours that names one declares it here.
export interface ProcessObject {
  [name: PropertyKey]: unknown;
  env: Record<string, string | undefined>;
  exitCode: number | string | null | undefined;
  emit(event: string, ...args: unknown[]): boolean;
  on(event: string, listener: (...args: never[]) => void): unknown;
  listenerCount(event: string): number;
  cwd(): string;
}

/** Lambda's sandbox user. */
const userId = 993;
const groupId = 990;
const startDirectory = '/var/task';

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
  addMethods(process, context);
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

function addMethods(process: ProcessObject, context: () => CoreContext): void {
  const codes = (): Record<string, new (...args: unknown[]) => Error> =>
    context().library.require<{ codes: Record<string, new (...args: unknown[]) => Error> }>('internal/errors').codes;
  const unsupported = (feature: string): Error => {
    const Unavailable = codes().ERR_FEATURE_UNAVAILABLE_ON_PLATFORM;
    return Unavailable === undefined ? new Error(`${feature} is not available`) : new Unavailable(feature);
  };
  let directory = startDirectory;
  let mask = 0o22;
  const nanoseconds = (): number => context().host.hrtime();
  const hrtime = (previous?: readonly [number, number]): [number, number] => {
    const now = nanoseconds();
    let seconds = MathFloor(now / 1e9);
    let rest = MathFloor(now % 1e9);
    if (previous !== undefined) {
      const { validateArray } = context().library.require<{ validateArray(value: unknown, name: string): void }>(
        'internal/validators',
      );
      validateArray(previous, 'time');
      if (previous.length !== 2) {
        const OutOfRange = codes().ERR_OUT_OF_RANGE;
        if (OutOfRange !== undefined) throw new OutOfRange('time', 2, (previous as readonly number[]).length);
      }
      seconds -= previous[0];
      rest -= previous[1];
      if (rest < 0) {
        seconds--;
        rest += 1e9;
      }
    }
    return [seconds, rest];
  };
  define(hrtime, 'bigint', () => BigInt(MathFloor(nanoseconds())), true);
  const memoryUsage = (): object => {
    const usage = context().host.memoryUsage();
    return {
      rss: usage[4] ?? 0,
      heapTotal: usage[1] ?? 0,
      heapUsed: usage[0] ?? 0,
      external: usage[2] ?? 0,
      arrayBuffers: usage[3] ?? 0,
    };
  };
  define(memoryUsage, 'rss', () => context().host.memoryUsage()[4] ?? 0, true);

  const methods: Record<string, unknown> = {
    hrtime,
    memoryUsage,
    cwd: () => directory,
    chdir(path: string) {
      context()
        .library.require<{ validateString(value: unknown, name: string): void }>('internal/validators')
        .validateString(path, 'directory');
      const resolved = context()
        .library.require<{ resolve(...parts: string[]): string }>('path')
        .resolve(directory, path);
      const inside = resolved === '/tmp' || resolved === startDirectory;
      if (
        !inside &&
        !StringPrototypeStartsWith(resolved, '/tmp/') &&
        !StringPrototypeStartsWith(resolved, `${startDirectory}/`)
      ) {
        throw unsupported(`process.chdir() to '${resolved}', outside /var/task and /tmp,`);
      }
      directory = resolved;
    },
    umask(next?: number | string) {
      const before = mask;
      if (next !== undefined) {
        const { parseFileMode } = context().library.require<{
          parseFileMode(value: unknown, name: string): number;
        }>('internal/validators');
        mask = parseFileMode(next, 'mask') & 0o777;
      }
      return before;
    },
    uptime: () => nanoseconds() / 1e9,
    cpuUsage(previous?: { readonly user: number; readonly system: number }) {
      const user = context().host.cpuTime() - (previous?.user ?? 0);
      return { user, system: 0 - (previous?.system ?? 0) };
    },
    threadCpuUsage: () => ({ user: context().host.cpuTime(), system: 0 }),
    resourceUsage: () => ({ userCPUTime: context().host.cpuTime(), systemCPUTime: 0, maxRSS: 0 }),
    constrainedMemory: () => context().settings.memorySize * 1024 * 1024,
    availableMemory: () => context().settings.memorySize * 1024 * 1024 - (context().host.memoryUsage()[0] ?? 0),
    getuid: () => userId,
    geteuid: () => userId,
    getgid: () => groupId,
    getegid: () => groupId,
    getgroups: () => [groupId],
    binding(name: unknown) {
      throw unsupported(`process.binding('${String(name)}')`);
    },
    _linkedBinding(name: unknown) {
      throw unsupported(`process._linkedBinding('${String(name)}')`);
    },
    dlopen() {
      throw unsupported('process.dlopen()');
    },
    kill() {
      throw unsupported('process.kill()');
    },
    abort: () => context().host.exit(134),
    reallyExit: (code: unknown) => context().host.exit(exitStatus(code)),
    exit(code?: number | string | null) {
      if (code !== undefined) process.exitCode = code;
      if (process._exiting !== true) {
        process._exiting = true;
        if (context().library.isLoaded('events')) {
          process.emit('exit', exitStatus(process.exitCode));
        }
      }
      context().host.exit(exitStatus(process.exitCode));
    },
    getActiveResourcesInfo: () => [],
    _getActiveHandles: () => [],
    _getActiveRequests: () => [],
    setSourceMapsEnabled: () => {},
    hasUncaughtExceptionCaptureCallback: () => false,
    setUncaughtExceptionCaptureCallback() {
      throw unsupported('process.setUncaughtExceptionCaptureCallback()');
    },
    _rawDebug: (...args: unknown[]) => {
      const { format } = context().library.require<{ format(...values: unknown[]): string }>('internal/util/inspect');
      context().host.log(2, `${format(...args)}\n`);
    },
  };
  for (const name in methods) define(process, name, methods[name], true);
}

/** What a process would end with: Node takes integers and strings of them, anything else is 1. */
export function exitStatus(code: unknown): number {
  const value = typeof code === 'string' ? +code : code;
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' && value === MathFloor(value) ? value & 255 : 1;
}

function addLazyParts(process: ProcessObject, context: () => CoreContext): void {
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
  part('allowedNodeEnvironmentFlags', () => new Set());
}

interface StandardStreams {
  createStandardStream(fd: number, context: CoreContext): object;
}

const standardStreams = [
  ['stdin', 0],
  ['stdout', 1],
  ['stderr', 2],
] as const;

/** What is known only when an environment begins. */
export function bootProcess(process: ProcessObject, { settings, data }: CoreContext, entryFile: string): void {
  const { versions } = data;
  const values: Record<string, unknown> = {
    version: `v${versions.node}`,
    versions,
    arch: 'x64',
    platform: 'linux',
    release: { name: 'node' },
    argv: [execPath, entryFile],
    argv0: 'node',
    execArgv: [],
    execPath,
    pid: 8,
    ppid: 1,
    title: 'node',
    debugPort: 9229,
    exitCode: undefined,
    features: { inspector: false, debug: false, uv: true, ipv6: true, tls: false, typescript: false },
    config: { target_defaults: {}, variables: {} },
    env: createEnvironment(settings.environment),
  };
  for (const name in values) define(process, name, values[name], true);
  define(process, '_exiting', false);
}

const execPath = '/var/lang/bin/node';
