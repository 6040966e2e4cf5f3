/**
 * What is known of a guest's event loop from outside: whether something waits there, and when its next timer is due. It only
 * says what should run next; running it is the phase's business. While no phase asks, the gate is closed and the guest is
 * frozen: due timers stay due.
 */
import type { Clock } from '../base/clock.ts';
import { decodeLoopState, type LoopState, loopBits } from '../bridge/contract.ts';

export type LoopDemand =
  | { readonly kind: 'turn' }
  /** Nothing keeps the loop alive. */
  | { readonly kind: 'empty' }
  /** For `wake`, or until a timer is due. */
  | { readonly kind: 'wait'; readonly untilMs: number };

const turn: LoopDemand = { kind: 'turn' };
const empty: LoopDemand = { kind: 'empty' };

export interface LoopView {
  readonly bits: number;
  /** Monotonic; Infinity without a timer. */
  readonly timerDueMs: number;
}

export function loopDemand({ bits, timerDueMs }: LoopView, nowMs: number): LoopDemand {
  if ((bits & (loopBits.ticks | loopBits.immediates)) !== 0 || timerDueMs <= nowMs) return turn;
  // A timer that is not referenced fires while something else keeps the loop alive, and only then.
  if ((bits & loopBits.alive) === 0) return empty;
  return { kind: 'wait', untilMs: timerDueMs };
}

export class EventGate {
  readonly #clock: Clock;
  #bits = 0;
  #timerDueMs = Number.POSITIVE_INFINITY;
  /** The guest's report of the running slice is older than the `wake` that came during its microtasks. */
  #isWokenInSlice = false;
  #resume: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  beginSlice(): void {
    this.#isWokenInSlice = false;
  }

  /** @param state what the slice returned */
  endSlice(state: LoopState, nowMs: number): void {
    if (!this.#isWokenInSlice) this.#note(state, nowMs);
  }

  wake(state: LoopState): void {
    this.#isWokenInSlice = true;
    this.#note(state, this.#clock.nowMs());
    this.interrupt();
  }

  demand(nowMs: number): LoopDemand {
    return loopDemand({ bits: this.#bits, timerDueMs: this.#timerDueMs }, nowMs);
  }

  /** Ticks, immediates or finished operations wait. */
  get hasImmediates(): boolean {
    return (this.#bits & (loopBits.ticks | loopBits.immediates)) !== 0;
  }

  /** Resolves at `untilMs`, or earlier. One timer, only while someone waits. */
  changed(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const delayMs = Math.ceil(untilMs - this.#clock.nowMs());
      const timer = Number.isFinite(delayMs) ? this.#clock.after(delayMs, () => this.interrupt()) : undefined;
      this.#resume = () => {
        timer?.[Symbol.dispose]();
        resolve();
      };
    });
  }

  /** Whoever waits looks again. */
  interrupt(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #note(state: LoopState, nowMs: number): void {
    const { bits, delayMs } = decodeLoopState(state);
    this.#bits = bits;
    this.#timerDueMs = delayMs === undefined ? Number.POSITIVE_INFINITY : nowMs + delayMs;
  }
}
