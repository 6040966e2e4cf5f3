/**
 * What each function did since the engine began, out of platform events: counts, and how long invocations took, in buckets. For
 * `isotherm top`; whoever looks twice sees what happened in between.
 */
import { limits } from '../model/limits.ts';
import type { PlatformEvent } from '../model/platform-event.ts';

export interface FunctionFigure {
  readonly functionName: string;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  /** Of the last invocation. */
  readonly memorySizeMB: number;
  readonly maxMemoryUsedMB: number;
  /** Number of a bucket -> invocations; `bucketMs` says how long those were. */
  readonly durations: Readonly<Record<string, number>>;
}

interface Counts {
  invocations: number;
  errors: number;
  throttles: number;
  coldStarts: number;
  memorySizeMB: number;
  maxMemoryUsedMB: number;
  readonly durations: Uint32Array;
}

export class FunctionFigures {
  readonly #functions = new Map<string, Counts>();

  readonly observe = (event: PlatformEvent): void => {
    if (event.type === 'invocation.throttled') {
      const counts = this.#of(event.functionName);
      if (counts !== undefined) counts.throttles += 1;
    }
    if (event.type !== 'platform.report') return;
    const counts = this.#of(event.functionName);
    if (counts === undefined) return;
    const { durationMs, coldStart, memorySizeMB, maxMemoryUsedMB } = event.report;
    counts.invocations += 1;
    if (event.status !== 'success') counts.errors += 1;
    if (coldStart) counts.coldStarts += 1;
    counts.memorySizeMB = memorySizeMB;
    counts.maxMemoryUsedMB = maxMemoryUsedMB;
    const bucket = bucketOf(durationMs);
    counts.durations[bucket] = (counts.durations[bucket] ?? 0) + 1;
  };

  all(): readonly FunctionFigure[] {
    return [...this.#functions].map(([functionName, { durations, ...counts }]) => {
      const met = [...durations].flatMap((count, bucket) => (count === 0 ? [] : [[bucket, count] as const]));
      return { functionName, ...counts, durations: Object.fromEntries(met) };
    });
  }

  /** The one that was heard of first makes room: a name may come back and count from nothing. */
  #of(functionName: string): Counts | undefined {
    const known = this.#functions.get(functionName);
    if (known !== undefined) return known;
    if (this.#functions.size >= limits.functionFiguresMax) {
      const [oldest] = this.#functions.keys();
      if (oldest !== undefined) this.#functions.delete(oldest);
    }
    const counts: Counts = {
      invocations: 0,
      errors: 0,
      throttles: 0,
      coldStarts: 0,
      memorySizeMB: 0,
      maxMemoryUsedMB: 0,
      durations: new Uint32Array(buckets),
    };
    this.#functions.set(functionName, counts);
    return counts;
  }
}

/** Each bucket ends a tenth above the one before: 0.01 ms to more than an invocation may take. */
const firstMs = 0.01;
const ratio = 1.1;
const buckets = 200;

function bucketOf(durationMs: number): number {
  if (!(durationMs > firstMs)) return 0;
  return Math.min(buckets - 1, Math.ceil(Math.log(durationMs / firstMs) / Math.log(ratio)));
}

/** The longest that is counted there. */
export function bucketMs(bucket: number): number {
  return firstMs * ratio ** bucket;
}
