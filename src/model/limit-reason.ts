/**
 * Why something ended, was cut or was refused: a closed set of names for machines. An invocation that met limits lists them in its
 * report, whichever of the zones found them; texts that clients of Lambda see stay Lambda's. `docs/limits.md` has the table.
 */

/** What happens at a limit. `ended`: the invocation. `cut`: only what is over it. `refused`: the guest gets an error and goes on. */
export type LimitEffect = 'ended' | 'cut' | 'refused';

export type LimitUnit = 'ms' | 'bytes' | 'MiB' | 'lines' | 'characters' | 'count';

/** Unit, and what usually happens. */
export const limitReasons = {
  'wall-time': { unit: 'ms', effect: 'ended' },
  'cpu-time': { unit: 'ms', effect: 'ended' },
  /** Of the guest: its heap and its buffers, as V8 and isolated-vm count them. */
  heap: { unit: 'bytes', effect: 'ended' },
  /** Memories of WebAssembly and resizable buffers, which V8 does not count and the runtime does. */
  'external-memory': { unit: 'bytes', effect: 'ended' },
  /** Of the sandbox process, as the kernel counts it: what nobody else counted. */
  'resident-memory': { unit: 'bytes', effect: 'ended' },
  'tmp-bytes': { unit: 'bytes', effect: 'refused' },
  'tmp-inodes': { unit: 'count', effect: 'refused' },
  /** Names, link targets and block maps. */
  'tmp-metadata': { unit: 'bytes', effect: 'refused' },
  'log-bytes': { unit: 'bytes', effect: 'cut' },
  'log-lines': { unit: 'lines', effect: 'cut' },
  'log-line-bytes': { unit: 'bytes', effect: 'cut' },
  'response-bytes': { unit: 'bytes', effect: 'ended' },
  'response-stream-bytes': { unit: 'bytes', effect: 'ended' },
  'event-bytes': { unit: 'bytes', effect: 'refused' },
  'error-size': { unit: 'characters', effect: 'cut' },
  'open-files': { unit: 'count', effect: 'refused' },
  'open-connections': { unit: 'count', effect: 'refused' },
  'open-codecs': { unit: 'count', effect: 'refused' },
  /** What codecs use beside the guest's own memory. */
  'codec-memory': { unit: 'bytes', effect: 'refused' },
  'open-streams': { unit: 'count', effect: 'refused' },
  /** With immediates, and those that keep nothing alive. */
  timers: { unit: 'count', effect: 'refused' },
  'bridge-calls': { unit: 'count', effect: 'refused' },
  'bridge-bytes': { unit: 'bytes', effect: 'refused' },
  /** Of the engine as a whole, and of one trust domain in it. */
  environments: { unit: 'count', effect: 'refused' },
  'environments-per-domain': { unit: 'count', effect: 'refused' },
  sandboxes: { unit: 'count', effect: 'refused' },
  'sandboxes-per-domain': { unit: 'count', effect: 'refused' },
  'memory-budget': { unit: 'MiB', effect: 'refused' },
  concurrency: { unit: 'count', effect: 'refused' },
  /** New environments of one function in ten seconds. */
  'scaling-rate': { unit: 'count', effect: 'refused' },
  /** Requests a second for each of the concurrency. */
  'request-rate': { unit: 'count', effect: 'refused' },
} as const satisfies Record<string, { readonly unit: LimitUnit; readonly effect: LimitEffect }>;

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
