/** What the engine counts of its invocations. Plain numbers: a warm call adds to them and nothing else. */
export interface Counters {
  total: number;
  cold: number;
  throttled: number;
  /** Ended with a function error or a platform failure. */
  failed: number;
}

export function createCounters(): Counters {
  return { total: 0, cold: 0, throttled: 0, failed: 0 };
}
