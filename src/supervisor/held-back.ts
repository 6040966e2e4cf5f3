/**
 * How long a sandbox was not read because it sent faster than it may, and when that is told: seldom, and not for a pause or two, which a
 * host that was stuck itself may cause.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';

export class HeldBack {
  readonly #clock: Clock;
  #totalMs = 0;
  #toldMs = 0;
  #tellAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  /** For how long since it was last told, if it is to be told now. */
  note(pauseMs: number): number | undefined {
    this.#totalMs += pauseMs;
    const untoldMs = this.#totalMs - this.#toldMs;
    const nowMs = this.#clock.nowMs();
    if (untoldMs < limits.heldBackToldMsMin || nowMs < this.#tellAtMs) return undefined;
    this.#toldMs = this.#totalMs;
    this.#tellAtMs = nowMs + limits.heldBackTellMs;
    return untoldMs;
  }
}
