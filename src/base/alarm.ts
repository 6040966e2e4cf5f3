/**
 * One timer for many deadlines. Its owner names the earliest moment it cares for; the alarm then rings at that moment or
 * earlier, never later, and the owner looks at everything that may be due. Naming a moment after the one that is armed
 * already costs nothing, so deadlines that are nearly always met (one for each invocation) cost no timer of their own.
 */
import type { Clock } from './clock.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (lateMs: number) => void;
  #armedForMs = Number.POSITIVE_INFINITY;
  #timer: Disposable | undefined;

  /** @param ring gets how late it is: the lag of this process's own event loop. */
  constructor(clock: Clock, ring: (lateMs: number) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Makes sure that it rings at `atMs` or before. */
  ensure(atMs: number, nowMs: number = this.#clock.nowMs()): void {
    if (atMs >= this.#armedForMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#armedForMs = atMs;
    this.#timer = this.#clock.after(atMs - nowMs, () => {
      const lateMs = this.#clock.nowMs() - this.#armedForMs;
      this.#armedForMs = Number.POSITIVE_INFINITY;
      this.#timer = undefined;
      this.#ring(Math.max(0, lateMs));
    });
  }

  cancel(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
  }
}
