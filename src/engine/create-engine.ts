/**
 * Opens an engine: runtime, data directory, registry, sandboxes; and, when one of them cannot be opened, closes those that
 * were. The composition itself is in compose-engine.
 */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage } from '../base/error-text.ts';
import { makeDirectory } from '../base/make-directory.ts';
import { createFunctionRegistry } from '../functions/create-registry.ts';
import type { FunctionStore } from '../functions/function-store.ts';
import { MemoryStore } from '../functions/memory-store.ts';
import { LogStore, logDirectory } from '../logs/log-store.ts';
import { EngineError } from '../model/errors.ts';
import { isAtLeast } from '../model/hardening.ts';
import type { Observe } from '../model/platform-event.ts';
import { type BucketStore, MemoryBucketStore } from '../queue/buckets/bucket-store.ts';
import { MemoryScheduleStore, type ScheduleStore } from '../queue/schedules/schedule-store.ts';
import { Targets } from '../queue/target.ts';
import { openDataDirectory } from '../store/data-directory.ts';
import { eventStorage } from '../store/event-storage.ts';
import { sourceStorage } from '../store/source-storage.ts';
import { type ControlGroups, openControlGroups } from '../supervisor/control-groups.ts';
import { createFleet, type FleetOptions } from '../supervisor/fleet.ts';
import { holdJail, type Jail, type JailOptions } from '../supervisor/jail.ts';
import { findLaunchWrapper, type LaunchWrapper } from '../supervisor/launch-wrapper.ts';
import { removeLeftovers } from '../supervisor/leftovers.ts';
import { type CachedRuntime, holdRuntime } from '../supervisor/runtime-cache.ts';
import { findSandboxNode } from '../supervisor/sandbox-node.ts';
import { holdSandboxProgram } from '../supervisor/sandbox-program.ts';
import { sandboxUsers } from '../supervisor/sandbox-users.ts';
import { Templates } from '../supervisor/templates.ts';
import { createLogObserver } from '../telemetry/pino.ts';
import { composeEngine } from './compose-engine.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { type ValidOptions, validOptions } from './engine-options.ts';
import { combineObservers } from './observers.ts';
import { watchBuckets } from './watched-buckets.ts';

/**
 * Opens an engine. The first start on a machine builds the guest runtime, which takes seconds; later ones take it from the
 * cache. It does not wait for a sandbox to be ready, and the first invocation may have to, unless `hardening` demands a level.
 *
 * @throws EngineError InvalidParameterValueException, UnsupportedNode, RuntimeBuildFailed, DataDirectoryUnusable,
 *   DataDirectoryInUse, HardeningUnavailable
 *
 * @example
 * await using engine = await createEngine();
 * const greet = await engine.createFunction({
 *   functionName: 'greet',
 *   code: { source: 'export const handler = async (event) => `hello ${event.name}`' },
 * });
 * await greet({ name: 'Ada' }); // 'hello Ada'
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const valid = validOptions(options);
  const { clock, dataDirectory, isolation } = valid;
  const listeners = combineObservers([valid.logger && createLogObserver(valid.logger), valid.observe]);
  const logs = openLogs(valid, listeners);
  const observe = combineObservers([logs?.observe, listeners]);
  const tell = observe ?? ignoreEvent;

  const { path: nodePath } = findSandboxNode(valid.nodePath);
  const cacheDirectory = valid.cacheDirectory ?? defaultCacheDirectory();
  makeCacheDirectory(cacheDirectory);
  const { nativeModule } = valid;
  await using opened = new AsyncDisposableStack();
  const findingGroups = findControlGroups(valid.hardening);
  opened.defer(async () => {
    const found = await findingGroups;
    if (typeof found !== 'string') await found[Symbol.asyncDispose]();
  });
  // Both to their end, also when one fails: what the other holds is given back then.
  const holding = [
    holdRuntime({ cacheDirectory, nodePath, observe: tell, clock, nativeModule }),
    findJail(valid.hardening, { cacheDirectory, nodePath, clock, onBuild: sayBuild(tell) }),
  ] as const;
  for (const held of await Promise.allSettled(holding)) if (held.status === 'fulfilled') opened.use(held.value);
  const [{ runtime }, { jail }] = await Promise.all(holding);
  const controlGroups = await findingGroups;
  const runtimeDirectory = runtime.directory;
  const program = opened.use(await holdSandboxProgram({ cacheDirectory, nodePath, runtimeDirectory, clock }));
  const { nativeModule: found } = runtime;
  if (found.kind === 'absent' && nativeModule !== 'off') tell({ type: 'runtime.less', missing: found.reason });

  const { store, scheduleStore, bucketStore } = openStores(valid);
  opened.defer(() => store.close());
  if (logs !== undefined) opened.defer(() => logs.close());
  const targets = new Targets(valid.destinations, valid.destinationDirectory);
  const registry = await createFunctionRegistry({
    hasTarget: (arn) => targets.of(arn) !== undefined,
    store,
    clock,
    isolation,
    guestLimits: valid.guestLimits,
    concurrency: valid.limits.concurrency,
    // One engine, one runtime: its sandboxes say which in their hello, so code never meets a guest it was not prepared for.
    asyncFunctions: found.kind === 'built' ? 'native' : 'lowered',
    ...(dataDirectory !== undefined && { dataDirectory }),
  });
  opened.defer(() => registry.close());
  const { hardening } = valid;
  const templates = opened.use(new Templates(clock, tell));
  const fleet = createFleet({
    nodePath,
    mainPath: program.mainPath,
    runtime: fleetRuntime(runtime),
    guestLimits: valid.guestLimits,
    observe: tell,
    clock,
    hardening,
    jail,
    controlGroups,
    nextUser: sandboxUsers(valid.sandboxUser),
    sparesMax: valid.limits.sparesMax,
    ...(valid.templates === 'auto' && { launch: templates.launch }),
  });
  opened.defer(() => fleet.close());
  // Whoever demands a level is told now, not by an invocation; everybody else need not wait.
  if (hardening.minimumLevel === 'S0') fleet.warm();
  else await fleet.ready();
  // Beside everything else: nobody waits for it but the end of this engine.
  const cleaned = removeLeftovers({ temporaryDirectory: tmpdir(), cacheDirectory, epochMs: () => clock.epochMs() });
  opened.defer(() => cleaned);
  const engine = composeEngine({
    options: valid,
    observe,
    fleet,
    templates,
    registry,
    scheduleStore,
    eventStorage: eventStorage(dataDirectory),
    sourceStorage: sourceStorage(dataDirectory),
    ...(logs !== undefined && { logs }),
    release: () => release.disposeAsync(),
  });
  const release = opened.move();
  try {
    const invoke = engine.invoke.bind(engine);
    release.use(await watchBuckets({ buckets: valid.buckets, store: bucketStore, clock, observe, invoke }));
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

function openLogs({ clock, dataDirectory, logs }: ValidOptions, observe: Observe | undefined): LogStore | undefined {
  if (logs === 'off') return undefined;
  const { keepMiB, keepDays } = logs;
  return new LogStore({
    clock,
    ...(dataDirectory !== undefined && { directory: logDirectory(dataDirectory) }),
    ...(keepMiB !== undefined && { bytesMax: keepMiB * 1024 * 1024 }),
    ...(keepDays !== undefined && { ageMsMax: keepDays * 86_400_000 }),
    onLoss: (loss) => observe?.({ type: 'logs.lost', ...loss }),
  });
}

/** @throws EngineError RuntimeBuildFailed. One that exists and cannot be written to may hold all that is needed. */
function makeCacheDirectory(path: string): void {
  try {
    makeDirectory(path);
  } catch (error) {
    const message = `cacheDirectory ${path} cannot be made: ${errorMessage(error)}`;
    throw new EngineError('RuntimeBuildFailed', message, { cause: error });
  }
}

function fleetRuntime({ directory, key, kind, reason, nativeModule }: CachedRuntime): FleetOptions['runtime'] {
  return {
    directory,
    key,
    kind,
    ...(reason !== undefined && { reason }),
    ...(nativeModule.kind === 'absent' && { nativeModuleMissing: nativeModule.reason }),
  };
}

async function findJail(
  { jail: mode }: ValidOptions['hardening'],
  options: JailOptions,
): Promise<{ readonly jail: Jail } & AsyncDisposable> {
  const { clock } = options;
  await using opened = new AsyncDisposableStack();
  if (mode === 'off') {
    const jail = absentJail('hardening is off', await findLaunchWrapper({ clock, wanted: 'leash' }));
    return { jail, [Symbol.asyncDispose]: async () => {} };
  }
  const held = opened.use(await holdJail(options));
  const jail =
    held.jail.kind === 'built'
      ? held.jail
      : absentJail(held.jail.reason, await findLaunchWrapper({ clock, wanted: 'bounds' }));
  const moved = opened.move();
  return { jail, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** Whoever demands S4 says that the group of this process is for isotherm. */
async function findControlGroups(hardening: ValidOptions['hardening']): Promise<ControlGroups | string> {
  if (hardening.jail === 'off') return 'hardening is off';
  return await openControlGroups({ use: isAtLeast(hardening.minimumLevel, 'S4') ? 'must' : 'may' });
}

function absentJail(reason: string, wrapper: LaunchWrapper | undefined): Jail {
  return { kind: 'absent', reason, ...(wrapper !== undefined && { wrapper }) };
}

function sayBuild(tell: Observe): () => void {
  const detail = 'compiling the jail of sandboxes';
  return () => tell({ type: 'runtime.build', stage: 'native', detail, elapsedMs: 0 });
}

function openStores({ dataDirectory }: ValidOptions): {
  readonly store: FunctionStore;
  readonly scheduleStore: ScheduleStore;
  readonly bucketStore: BucketStore;
} {
  if (dataDirectory === undefined) {
    return {
      store: new MemoryStore(),
      scheduleStore: new MemoryScheduleStore(),
      bucketStore: new MemoryBucketStore(),
    };
  }
  const { functions, schedules, buckets } = openDataDirectory(dataDirectory);
  return { store: functions, scheduleStore: schedules, bucketStore: buckets };
}

/** Where built runtimes are kept when `cacheDirectory` says nothing. */
export function defaultCacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME;
  // An empty variable counts as unset, by the XDG specification.
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'isotherm');
}

function ignoreEvent(): void {}
