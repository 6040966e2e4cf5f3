/**
 * What is known of a guest's event loop from outside: whether something waits there, and when its next timer is due. It only
 * says what should run next; running it is the phase's business. While no phase asks, the gate is closed and the guest is
 * frozen: due timers stay due.
 */
import type { Clock } from '../base/clock.ts';
import { decodeLoopState, type LoopState, loopBits } from '../bridge/contract.ts';
import { type GuestEvent, Inbox, type OnOverflow } from './inbox.ts';

export type LoopDemand =
  | { readonly kind: 'turn' }
  /** An event waits that the guest may have. */
  | { readonly kind: 'event' }
  /** Nothing keeps the loop alive. */
  | { readonly kind: 'empty' }
  /** For `wake`, or until a timer is due. */
  | { readonly kind: 'wait'; readonly untilMs: number };

const turn: LoopDemand = { kind: 'turn' };
const event: LoopDemand = { kind: 'event' };
const empty: LoopDemand = { kind: 'empty' };

export interface LoopView {
  readonly bits: number;
  /** Monotonic; Infinity without a timer. */
  readonly timerDueMs: number;
  readonly events: 'none' | 'wait' | 'first';
}

/** `first`: events that came while the guest was frozen, or whose turn it is: events and turns take turns. */
export function loopDemand({ bits, timerDueMs, events }: LoopView, nowMs: number): LoopDemand {
  if ((bits & loopBits.ticks) !== 0) return turn;
  if (events === 'first') return event;
  if ((bits & loopBits.immediates) !== 0) return turn;
  // A timer that is not referenced fires while something else keeps the loop alive, and only then. So do events.
  if ((bits & loopBits.alive) === 0) return empty;
  if (timerDueMs <= nowMs) return turn;
  if (events === 'wait') return event;
  return { kind: 'wait', untilMs: timerDueMs };
}

export class EventGate {
  readonly #clock: Clock;
  #bits = 0;
  #timerDueMs = Number.POSITIVE_INFINITY;
  /** The guest's report of the running slice is older than the `wake` that came during its microtasks. */
  #isWokenInSlice = false;
  #resume: (() => void) | undefined;
  readonly inbox: Inbox;
  /** Events that go before anything else. */
  #eventsFirst = 0;

  /** @param onOverflow more events than allowed wait */
  constructor(clock: Clock, onOverflow: OnOverflow) {
    this.#clock = clock;
    this.inbox = new Inbox(() => this.interrupt(), onOverflow);
  }

  /** What came while the guest was frozen goes first now. Says whether there is any. */
  thaw(): boolean {
    this.#eventsFirst = this.inbox.size;
    return this.#eventsFirst > 0;
  }

  /** The event that `demand` named. */
  takeEvent(): GuestEvent | undefined {
    this.#eventsFirst = Math.max(0, this.#eventsFirst - 1);
    return this.inbox.shift();
  }

  /** A turn ran, so that it is an event's turn. */
  preferEvent(): void {
    this.#eventsFirst = Math.max(1, this.#eventsFirst);
  }

  beginSlice(): void {
    this.#isWokenInSlice = false;
  }

  /** Says whether init is done with this slice. @param state what the slice returned */
  endSlice(state: LoopState, nowMs: number): boolean {
    if (this.#isWokenInSlice) return false;
    this.#note(state, nowMs);
    return (this.#bits & loopBits.initDone) !== 0;
  }

  wake(state: LoopState): void {
    this.#isWokenInSlice = true;
    this.#note(state, this.#clock.nowMs());
    this.interrupt();
  }

  demand(nowMs: number): LoopDemand {
    const events = this.inbox.size === 0 ? 'none' : this.#eventsFirst > 0 && this.#isAlive ? 'first' : 'wait';
    return loopDemand({ bits: this.#bits, timerDueMs: this.#timerDueMs, events }, nowMs);
  }

  /** Ticks, immediates or finished operations wait. */
  get hasImmediates(): boolean {
    return (this.#bits & (loopBits.ticks | loopBits.immediates)) !== 0;
  }

  get #isAlive(): boolean {
    return (this.#bits & loopBits.alive) !== 0;
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
