/**
 * Compiles everything once in a live isolate and keeps V8's code cache. The cache is taken after a warm-up ran: the isolate's
 * compilation cache then hands out functions that are compiled already, so that first use in an environment compiles nothing.
 */
import type { GuestSettings, HostCalls } from '../../bridge/contract.ts';
import { openGuest } from '../guest.ts';
import { compileWithCache, Isolate } from '../ivm.ts';
import { coreScriptName, type RuntimeImage } from '../runtime-image.ts';
import { warmUpBundle } from './warm-up.ts';

export interface CodeCaches {
  readonly core: Uint8Array;
  readonly modules: ReadonlyMap<string, Uint8Array>;
}

export interface ModuleScript {
  readonly filename: string;
  readonly source: string;
}

const memoryLimitMiB = 512;
const warmUpTimeoutMs = 30_000;

export function compileAll(core: string, modules: ReadonlyMap<string, ModuleScript>): CodeCaches {
  let warmed: Isolate | undefined;
  const image: RuntimeImage = {
    key: '',
    kind: 'code-cache',
    reason: undefined,
    builtinIds: [],
    open(memoryLimit, onCatastrophicError) {
      const isolate = new Isolate({ memoryLimit, onCatastrophicError });
      warmed = isolate;
      const context = isolate.createContextSync();
      isolate.compileScriptSync(core, { filename: coreScriptName }).runSync(context);
      return { isolate, context };
    },
    compileBuiltin(isolate, id) {
      const script = modules.get(id);
      return script && isolate.compileScriptSync(script.source, { filename: script.filename });
    },
  };
  const problems: string[] = [];
  const guest = openGuest(image, warmUpSettings, warmUpHost(problems), memoryLimitMiB, (message) =>
    problems.push(message),
  );
  const outcome = guest.call('init', [guest.load(warmUpBundle)], { timeoutMs: warmUpTimeoutMs, lane: 'main' });
  if (outcome.kind !== 'state' || problems.length > 0 || warmed === undefined) {
    throw new Error(`the runtime's warm-up failed: ${JSON.stringify(outcome)} ${problems.join('; ')}`);
  }
  const isolate = warmed;
  const compiled = [...modules].map(
    ([id, { source, filename }]) => [id, compileWithCache(isolate, source, filename)] as const,
  );
  const caches = { core: compileWithCache(isolate, core, coreScriptName), modules: new Map(compiled) };
  guest.dispose();
  return caches;
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
