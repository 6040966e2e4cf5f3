/**
 * Whether a sandbox that has not said hello is still on its way. Time alone does not tell: on a machine with ten times more to do than
 * it has cores for, a start of 0.15 s takes ten seconds and more. So from its time limit on a start is judged by what it does.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';

export interface StartView {
  readonly elapsedMs: number;
  /** CPU time of the process so far. Undefined where that cannot be read. */
  readonly cpuMs: number | undefined;
  /** The same at the look before. */
  readonly cpuBeforeMs: number | undefined;
}

/** Why it is to be ended, or undefined: it goes on. Pure. */
export function startVerdict({ elapsedMs, cpuMs, cpuBeforeMs }: StartView): string | undefined {
  const { sandboxStartTimeoutMs, sandboxStartMsMax, startLookMs, startProgressCpuMsMin } = limits;
  if (elapsedMs >= sandboxStartMsMax) return `it was not ready within ${sandboxStartMsMax} ms (sandboxStartMsMax)`;
  if (elapsedMs < sandboxStartTimeoutMs) return undefined;
  const late = `it was not ready within ${sandboxStartTimeoutMs} ms (sandboxStartTimeoutMs)`;
  if (cpuMs === undefined || cpuBeforeMs === undefined) return late;
  // It gets what it wants, and wants more than any start needs.
  if (cpuMs >= sandboxStartTimeoutMs) return `${late}, of which it ran ${cpuMs} ms`;
  const progressMs = cpuMs - cpuBeforeMs;
  if (progressMs < startProgressCpuMsMin) return `${late}, and ran ${progressMs} ms in the last ${startLookMs} ms`;
  return undefined;
}

export class StartWatch implements Disposable {
  readonly #clock: Clock;
  readonly #cpuMs: () => number | undefined;
  readonly #onFailure: (detail: string) => void;
  readonly #afterReading: (callback: () => void) => void;
  readonly #startedMs: number;
  #isOver = false;
  #before: number | undefined;
  #timer: Disposable;

  /** @param afterReading calls back when what lies in the sockets has been read */
  constructor(
    clock: Clock,
    cpuMs: () => number | undefined,
    onFailure: (detail: string) => void,
    afterReading: (callback: () => void) => void,
  ) {
    this.#afterReading = afterReading;
    this.#clock = clock;
    this.#cpuMs = cpuMs;
    this.#onFailure = onFailure;
    this.#startedMs = clock.nowMs();
    // One look ahead of the limit, so that there is something to compare with.
    this.#timer = this.#lookIn(limits.sandboxStartTimeoutMs - limits.startLookMs);
  }

  #lookIn(delayMs: number, forgivenMs = 0): Disposable {
    const dueMs = this.#clock.nowMs() + delayMs;
    return this.#clock.after(delayMs, () => {
      const lateMs = this.#clock.nowMs() - dueMs;
      if (lateMs <= limits.ownLagMsMax || lateMs <= 2 * forgivenMs) return this.#look();
      // This process was stopped, or stuck, and hello may lie in the socket: it is read, and gets the time of a late answer.
      this.#afterReading(() => {
        if (!this.#isOver) this.#timer = this.#lookIn(Math.min(lateMs, limits.killGraceMs), lateMs);
      });
    });
  }

  #look(): void {
    const elapsedMs = this.#clock.nowMs() - this.#startedMs;
    const cpuMs = this.#cpuMs();
    const detail = startVerdict({ elapsedMs, cpuMs, cpuBeforeMs: this.#before });
    this.#before = cpuMs;
    if (detail === undefined) this.#timer = this.#lookIn(limits.startLookMs);
    else this.#onFailure(detail);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer[Symbol.dispose]();
  }
}
