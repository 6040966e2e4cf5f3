/**
 * Compiles everything once in a live isolate and keeps V8's code cache. The cache is taken after a warm-up ran: the isolate's
 * compilation cache then hands out functions that are compiled already, so that first use in an environment compiles nothing.
 */
import { systemClock } from '../../base/clock.ts';
import type { GuestSettings, HostCalls } from '../../bridge/contract.ts';
import { bootGuest, type Guest, openGuest, type SliceArgument } from '../guest.ts';
import { Inbox } from '../inbox.ts';
import { compileWasm, compileWithCache, ExternalCopy, Isolate } from '../ivm.ts';
import { createPackageFiles } from '../package-files.ts';
import { baseScriptName, coreScriptName, type OpenedIsolate, type RuntimeImage } from '../runtime-image.ts';
import { openers, Services } from '../services.ts';
import { createBackingFile } from '../volume/backing-file.ts';
import { FileSystem } from '../volume/file-system.ts';
import { createVolume } from '../volume/volume.ts';
import { helloBundle, libraryBundle } from './warm-up.ts';

export interface CodeCaches {
  readonly base: Uint8Array;
  readonly core: Uint8Array;
  /** In the order of the modules. */
  readonly modules: readonly Uint8Array[];
}

export interface ModuleScript {
  readonly ids: readonly string[];
  readonly filename: string;
  readonly source: string;
}

export interface Scripts {
  readonly base: string;
  /** What the base left, when a snapshot could be taken. */
  readonly snapshot: Uint8Array | undefined;
  readonly core: string;
  readonly modules: readonly ModuleScript[];
  readonly wasm: ReadonlyMap<string, Uint8Array>;
}

const memoryLimitMiB = 512;
const warmUpVolumeBytes = 1024 * 1024;
const nothing = (): void => {};
const warmUpTimeoutMs = 30_000;
const warmUpTurns = 1000;

/**
 * The core's cache holds what hello world runs and no more, because each start reads all of it; a module's cache holds what its
 * users commonly run.
 */
export function compileAll(scripts: Scripts): CodeCaches {
  const small = warmedUp(scripts, helloBundle);
  alsoRun(scripts, small, helloBundle, callbackSettings);
  const base = compileWithCache(small.isolate, scripts.base, baseScriptName);
  const core = compileWithCache(small.isolate, scripts.core, coreScriptName);
  small.guest.dispose();
  const large = warmedUp(scripts, libraryBundle);
  const modules = scripts.modules.map(({ source, filename }) => compileWithCache(large.isolate, source, filename));
  large.guest.dispose();
  return { base, core, modules };
}

interface WarmedUp {
  readonly guest: Guest;
  readonly isolate: Isolate;
  readonly image: RuntimeImage;
}

/** A guest that ran init and one invocation of the bundle, all from source. */
export function warmedUp(scripts: Scripts, bundle: string, onLoad: (id: string) => void = () => {}): WarmedUp {
  let opened: Isolate | undefined;
  const find = (id: string): ModuleScript | undefined => scripts.modules.find(({ ids }) => ids.includes(id));
  const image: RuntimeImage = {
    key: '',
    kind: 'code-cache',
    reason: undefined,
    builtinIds: [],
    native: undefined,
    cryptoThread: '',
    open(memoryLimit, onCatastrophicError) {
      const unbooted = openUnbooted(scripts, memoryLimit, onCatastrophicError);
      opened = unbooted.isolate;
      return unbooted;
    },
    compileBuiltin(isolate, id) {
      const script = find(id);
      onLoad(id);
      return script && isolate.compileScriptSync(script.source, { filename: script.filename });
    },
    builtinText: find,
    scriptsOf: () => [],
    aheadOf: () => [],
    wasmModule: (id) => {
      const code = scripts.wasm.get(id);
      return code && compileWasm(code);
    },
  };
  const problems: string[] = [];
  const note = (problem: string): unknown => problems.push(problem);
  const guest = openGuest(image, warmUpSettings, warmUpHost(note), memoryLimitMiB, note);
  runOnce(guest, bundle, note);
  if (problems.length > 0 || opened === undefined) {
    throw new Error(`the runtime's warm-up failed: ${problems.join('; ')}`);
  }
  return { guest, isolate: opened, image };
}

/** The same in a second context of its isolate, with other settings: V8 keeps what it compiles for both. */
function alsoRun(scripts: Scripts, { isolate, image }: WarmedUp, bundle: string, settings: GuestSettings): void {
  const problems: string[] = [];
  const note = (problem: string): unknown => problems.push(problem);
  const guest = bootGuest(image, unbootedIn(isolate, scripts), settings, warmUpHost(note));
  runOnce(guest, bundle, note);
  if (problems.length > 0) throw new Error(`the runtime's warm-up failed: ${problems.join('; ')}`);
}

/** An isolate with the core in it, run from source. */
export function openUnbooted(
  scripts: Omit<Scripts, 'modules'>,
  memoryLimit = memoryLimitMiB,
  onCatastrophicError: (message: string) => void = () => {},
): OpenedIsolate {
  return unbootedIn(openFromSource(scripts, memoryLimit, onCatastrophicError), scripts);
}

function unbootedIn(isolate: Isolate, scripts: Omit<Scripts, 'modules'>): OpenedIsolate {
  const context = isolate.createContextSync();
  if (scripts.snapshot === undefined) {
    isolate.compileScriptSync(scripts.base, { filename: baseScriptName }).runSync(context);
  }
  isolate.compileScriptSync(scripts.core, { filename: coreScriptName }).runSync(context);
  return { isolate, context, isCacheAccepted: true };
}

function openFromSource(
  { snapshot }: Omit<Scripts, 'modules'>,
  memoryLimit: number,
  onCatastrophicError: (message: string) => void,
): Isolate {
  if (snapshot === undefined) return new Isolate({ memoryLimit, onCatastrophicError });
  return new Isolate({
    memoryLimit,
    onCatastrophicError,
    snapshot: new ExternalCopy(new Uint8Array(snapshot).buffer),
  });
}

function runOnce(guest: Guest, bundle: string, note: (problem: string) => unknown): void {
  const slice = (name: 'init' | 'invoke' | 'turn', args: readonly SliceArgument[]): void => {
    const outcome = guest.call(name, args, { timeoutMs: warmUpTimeoutMs, lane: 'main' });
    if (outcome.kind !== 'state') note(JSON.stringify(outcome));
  };
  const turns = (): void => {
    for (let turn = 0; turn < warmUpTurns; turn++) slice('turn', []);
  };
  slice('init', [guest.load(bundle)]);
  turns();
  slice('invoke', ['{}', JSON.stringify({ requestId: 'warm-up', deadlineEpochMs: 0, invokedFunctionArn: 'warm-up' })]);
  turns();
}

const warmUpSettings: GuestSettings = {
  programmingModel: 'promise',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  functionName: 'warm-up',
  functionVersion: '$LATEST',
  memorySize: 128,
  logGroupName: '/aws/lambda/warm-up',
  logStreamName: 'warm-up',
  logFormat: 'Text',
  logLevel: 'TRACE',
  environment: {},
  initializationType: 'on-demand',
  entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  clockOriginEpochMs: 0,
};

/** Handlers of Node 18 to 22 are called in another way than those of Node 24: without this each first call compiled that anew. */
const callbackSettings: GuestSettings = { ...warmUpSettings, programmingModel: 'callback', runtime: 'nodejs22.x' };

/** Answers what the warm-up needs. Caches hold code and none of these values. */
function warmUpHost(note: (problem: string) => unknown): HostCalls {
  const clock = systemClock;
  // Small files stay in memory, so there is no file behind them.
  const volume = createVolume({ backing: createBackingFile({ fd: -1 }), quotaBytes: warmUpVolumeBytes, clock });
  const files = new FileSystem({ volume, packageFiles: createPackageFiles({ fd: -1, clock }) });
  const services = new Services({ openers, clock, inbox: new Inbox(nothing, nothing), request: nothing });
  return {
    log: () => {},
    settle(kind, text) {
      if (kind !== 0 && kind !== 2) note(text);
    },
    wake: () => {},
    exit: (code) => note(`exit ${code}`),
    loadBuiltin: () => false,
    nativeModule: () => undefined,
    uncounted: () => {},
    limit: () => {},
    hrtime: () => 1e9,
    random: (byteCount) => new ArrayBuffer(byteCount),
    mapPosition: () => '',
    domainToAscii: (domain) => domain,
    memoryUsage: () => [0, 0, 0, 0, 0],
    cpuTime: () => 0,
    fs: (operation, a, b, c, d) => files.call(operation, a, b, c, d),
    ask: (service, operation, ...values) => services.ask(service, operation, values),
    start: () => {},
  };
}
