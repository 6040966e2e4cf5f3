/**
 * Why something ended, was cut or was refused: a closed set of names for machines. An invocation that met limits lists them in its
 * report, whichever of the zones found them; texts that clients of Lambda see stay Lambda's. `docs/limits.md` has the table.
 */

/** What happens at a limit. `ended`: the invocation. `cut`: only what is over it. `refused`: the guest gets an error and goes on. */
export type LimitEffect = 'ended' | 'cut' | 'refused';

export type LimitUnit = 'ms' | 'bytes' | 'MiB' | 'lines' | 'characters' | 'count';

/** Unit, what usually happens, and the option that sets it: of the function, or, as `limits.x`, of the engine. */
export const limitReasons = {
  'wall-time': { unit: 'ms', effect: 'ended', option: 'timeout' },
  'cpu-time': { unit: 'ms', effect: 'ended', option: 'limits.cpuTimeMs' },
  /** Of the guest: its heap and its buffers, as V8 and isolated-vm count them. */
  heap: { unit: 'bytes', effect: 'ended', option: 'memorySize' },
  /** Memories of WebAssembly and resizable buffers, which V8 does not count and the runtime does. */
  'external-memory': { unit: 'bytes', effect: 'ended', option: 'memorySize' },
  /** Of the sandbox process, as the kernel counts it: what nobody else counted. */
  'resident-memory': { unit: 'bytes', effect: 'ended', option: 'memorySize' },
  'tmp-bytes': { unit: 'bytes', effect: 'refused', option: 'ephemeralStorage' },
  /** Of the file of a sandbox process that its guests' `/tmp` lie in, as the kernel counts it: what its sandbox did not refuse. */
  'volume-bytes': { unit: 'bytes', effect: 'ended', option: 'ephemeralStorage' },
  'tmp-inodes': { unit: 'count', effect: 'refused', option: 'limits.tmpInodes' },
  /** Names, link targets and block maps. */
  'tmp-metadata': { unit: 'bytes', effect: 'refused', option: 'limits.tmpMetadataBytes' },
  'log-bytes': { unit: 'bytes', effect: 'cut', option: 'limits.logBytes' },
  'log-lines': { unit: 'lines', effect: 'cut', option: 'limits.logLines' },
  'log-line-bytes': { unit: 'bytes', effect: 'cut', option: 'limits.logLineBytes' },
  'response-bytes': { unit: 'bytes', effect: 'ended', option: 'limits.responseBytes' },
  'response-stream-bytes': { unit: 'bytes', effect: 'ended', option: 'limits.responseStreamBytes' },
  'event-bytes': { unit: 'bytes', effect: 'refused', option: 'limits.eventBytes' },
  'error-size': { unit: 'characters', effect: 'cut', option: 'limits.errorChars' },
  'open-files': { unit: 'count', effect: 'refused', option: 'limits.openFiles' },
  'open-connections': { unit: 'count', effect: 'refused', option: 'limits.openConnections' },
  'open-codecs': { unit: 'count', effect: 'refused', option: 'limits.openCodecs' },
  /** What codecs use beside the guest's own memory. */
  'codec-memory': { unit: 'bytes', effect: 'refused', option: 'limits.codecMemoryBytes' },
  'open-streams': { unit: 'count', effect: 'refused', option: 'limits.openStreams' },
  /** With immediates, and those that keep nothing alive. */
  timers: { unit: 'count', effect: 'refused', option: 'limits.timers' },
  'bridge-calls': { unit: 'count', effect: 'refused', option: 'limits.bridgeCalls' },
  'bridge-bytes': { unit: 'bytes', effect: 'refused', option: 'limits.bridgeBytes' },
  /** Of the engine as a whole, and of one trust domain in it. */
  environments: { unit: 'count', effect: 'refused', option: 'limits.environmentsMax' },
  'environments-per-domain': { unit: 'count', effect: 'refused', option: 'limits.environmentsPerDomain' },
  sandboxes: { unit: 'count', effect: 'refused', option: 'limits.sandboxesMax' },
  'sandboxes-per-domain': { unit: 'count', effect: 'refused', option: 'limits.sandboxesPerDomain' },
  'memory-budget': { unit: 'MiB', effect: 'refused', option: 'limits.memoryBudgetMiB' },
  concurrency: { unit: 'count', effect: 'refused', option: 'limits.concurrency' },
  /** New environments of one function in ten seconds. */
  'scaling-rate': { unit: 'count', effect: 'refused', option: 'limits.environmentsPer10s' },
  /** Requests a second for each of the concurrency. */
  'request-rate': { unit: 'count', effect: 'refused', option: 'limits.requestsPerConcurrency' },
} as const satisfies Record<
  string,
  { readonly unit: LimitUnit; readonly effect: LimitEffect; readonly option: string }
>;

export type LimitReason = keyof typeof limitReasons;

export interface LimitHit {
  readonly limit: LimitReason;
  readonly effect: LimitEffect;
  /** The limit's value, in its unit. */
  readonly value: number;
  /** What was found or asked for, in the same unit. Where nobody could count to the end: at least this. */
  readonly found: number;
}

export function isLimitReason(name: unknown): name is LimitReason {
  return typeof name === 'string' && Object.hasOwn(limitReasons, name);
}

export function limitHit(
  limit: LimitReason,
  value: number,
  found: number,
  effect: LimitEffect = limitReasons[limit].effect,
): LimitHit {
  return { limit, effect, value, found };
}

/** One entry for each limit and effect, with the most that was found. */
export function mergeHits(...lists: readonly (readonly LimitHit[] | undefined)[]): readonly LimitHit[] {
  const merged = new Map<string, LimitHit>();
  for (const list of lists) {
    for (const hit of list ?? []) {
      const key = `${hit.limit} ${hit.effect}`;
      const known = merged.get(key);
      if (known === undefined || known.found < hit.found) merged.set(key, hit);
    }
  }
  return [...merged.values()];
}
