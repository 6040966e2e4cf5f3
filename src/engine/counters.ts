import { EngineError } from '../model/errors.ts';
import type { LimitHit, LimitReason } from '../model/limit-reason.ts';

/** What the engine counts of its invocations. Plain numbers: a warm call adds to them and nothing else. */
export interface Counters {
  total: number;
  cold: number;
  throttled: number;
  /** Ended with a function error or a platform failure. */
  failed: number;
  /** CPU time of guests, as far as it is known. */
  cpuMs: number;
  /** Invocations that met each limit, those included that were refused because of it. */
  readonly limits: Map<LimitReason, number>;
}

export function createCounters(): Counters {
  return { total: 0, cold: 0, throttled: 0, failed: 0, cpuMs: 0, limits: new Map() };
}

export function countHits({ limits }: Counters, hits: readonly LimitHit[]): void {
  for (const limit of new Set(hits.map((hit) => hit.limit))) limits.set(limit, (limits.get(limit) ?? 0) + 1);
}

/** An invocation that a limit kept from running has no report. */
export function countRefusal({ limits }: Counters, error: unknown): void {
  const reason = error instanceof EngineError ? error.limit?.reason : undefined;
  if (reason !== undefined) limits.set(reason, (limits.get(reason) ?? 0) + 1);
}
