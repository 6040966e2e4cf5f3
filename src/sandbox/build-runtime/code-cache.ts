/**
 * Compiles everything once in a live isolate and keeps V8's code cache. The cache is taken after a warm-up ran: the isolate's
 * compilation cache then hands out functions that are compiled already, so that first use in an environment compiles nothing.
 */
import type { GuestSettings, HostCalls } from '../../bridge/contract.ts';
import { type Guest, openGuest, type SliceArgument } from '../guest.ts';
import { compileWithCache, ExternalCopy, Isolate } from '../ivm.ts';
import { baseScriptName, coreScriptName, type RuntimeImage } from '../runtime-image.ts';
import { warmUpBundle } from './warm-up.ts';

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
}

const memoryLimitMiB = 512;
const warmUpTimeoutMs = 30_000;
const warmUpTurns = 100;

export function compileAll({ base, snapshot, core, modules }: Scripts): CodeCaches {
  let warmed: Isolate | undefined;
  const fromSnapshot = snapshot === undefined ? {} : { snapshot: new ExternalCopy(new Uint8Array(snapshot).buffer) };
  const find = (id: string): ModuleScript | undefined => modules.find(({ ids }) => ids.includes(id));
  const image: RuntimeImage = {
    key: '',
    kind: 'code-cache',
    reason: undefined,
    builtinIds: [],
    open(memoryLimit, onCatastrophicError) {
      const isolate = new Isolate({ memoryLimit, onCatastrophicError, ...fromSnapshot });
      warmed = isolate;
      const context = isolate.createContextSync();
      if (snapshot === undefined) isolate.compileScriptSync(base, { filename: baseScriptName }).runSync(context);
      isolate.compileScriptSync(core, { filename: coreScriptName }).runSync(context);
      return { isolate, context, isCacheAccepted: true };
    },
    compileBuiltin(isolate, id) {
      const script = find(id);
      return script && isolate.compileScriptSync(script.source, { filename: script.filename });
    },
    builtinText: find,
  };
  const problems: string[] = [];
  const guest = openGuest(image, warmUpSettings, warmUpHost(problems), memoryLimitMiB, (message) =>
    problems.push(message),
  );
  warmUp(guest, problems);
  if (problems.length > 0 || warmed === undefined) {
    throw new Error(`the runtime's warm-up failed: ${problems.join('; ')}`);
  }
  const isolate = warmed;
  const caches = {
    base: compileWithCache(isolate, base, baseScriptName),
    core: compileWithCache(isolate, core, coreScriptName),
    modules: modules.map(({ source, filename }) => compileWithCache(isolate, source, filename)),
  };
  guest.dispose();
  return caches;
}

function warmUp(guest: Guest, problems: string[]): void {
  const slice = (name: 'init' | 'invoke' | 'turn', args: readonly SliceArgument[]): void => {
    const outcome = guest.call(name, args, { timeoutMs: warmUpTimeoutMs, lane: 'main' });
    if (outcome.kind !== 'state') problems.push(JSON.stringify(outcome));
  };
  const turns = (): void => {
    for (let turn = 0; turn < warmUpTurns; turn++) slice('turn', []);
  };
  slice('init', [guest.load(warmUpBundle)]);
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

/** Answers what the warm-up needs, with fixed values: nothing of this process may end up in a cache. */
function warmUpHost(problems: string[]): HostCalls {
  return {
    log: () => {},
    settle(kind, text) {
      if (kind !== 0 && kind !== 2) problems.push(text);
    },
    wake: () => {},
    exit: (code) => problems.push(`exit ${code}`),
    loadBuiltin: () => false,
    hrtime: () => 1e9,
    random: (byteCount) => new ArrayBuffer(byteCount),
    mapPosition: () => '',
    domainToAscii: (domain) => domain,
    memoryUsage: () => [0, 0, 0, 0, 0],
    cpuTime: () => 0,
    fs: () => ['!', -2, 'open'],
  };
}
