/**
 * The only place that reads a clock or arms a timer. Durations come from the monotonic clock (`nowMs`); the wall clock
 * (`epochMs`) is for display and for what Lambda defines as a date.
 */
export interface Clock {
  /** Monotonic milliseconds, fractional, origin unspecified. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch. */
  epochMs(): number;
  /** Calls back once after `delayMs`; disposing before then cancels it. The timer never keeps the process alive. */
  after(delayMs: number, callback: () => void): Disposable;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, callback) {
    // setTimeout fires at once for delays over 2^31-1 ms; no deadline of ours is that long.
    const timer = setTimeout(callback, Math.max(0, Math.min(delayMs, 2_147_483_647)));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
