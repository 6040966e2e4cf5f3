/**
 * Runs one init or one invocation in an incarnation: slice after slice under one deadline, until the guest settles or its
 * isolate is gone; then the little that may still run before the freeze. It decides nothing about the environment.
 */
import type { Clock } from '../base/clock.ts';
import { type LimitHit, limitHit } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';
import type { SliceArgument, SliceOutcome } from './guest.ts';
import type { Incarnation, IncarnationEnd, Settled } from './incarnation.ts';
import type { Lane } from './lane.ts';
import type { PoolLane } from './pool-lane.ts';

export type PhaseEnd =
  /** The first settlement counts, also when the isolate went down later in the same slice (LAMBDA.md B5.5). */
  { readonly kind: 'settled'; readonly settled: Settled } | IncarnationEnd;

export interface Slice {
  readonly name: 'init' | 'invoke' | 'turn' | 'event' | 'loopEmpty' | 'unhandledRejection';
  readonly args: readonly SliceArgument[];
}

export interface PhaseOptions {
  readonly incarnation: Incarnation;
  /** What the version has earned. */
  readonly lane: Lane;
  /** Whether a slice on the main thread would make nobody else wait. */
  readonly isAlone: () => boolean;
  readonly pool: PoolLane;
  readonly clock: Clock;
  /** Monotonic. */
  readonly deadlineMs: number;
  /** Resolves in a later task: events of the sandbox come in between. */
  readonly nextTask: () => Promise<void>;
  /** Of this phase; at least its time when there is no limit of its own. */
  readonly cpuTimeMs: number;
  /** The guest was ended for a limit and runs on all the same. */
  readonly onOverrun: (limit: LimitHit) => void;
  /** CPU time that slices of this lane used so far; `recent` may be a few milliseconds old, which makes it nearly free. */
  readonly cpuMs: (age: 'recent' | 'now') => number;
}

const turnSlice: Slice = { name: 'turn', args: [] };
const loopEmptySlice: Slice = { name: 'loopEmpty', args: [] };
const disposed: SliceOutcome = { kind: 'disposed' };

export class Phase {
  readonly #options: PhaseOptions;
  readonly #incarnation: Incarnation;
  #longestSliceMs = 0;
  /** The end of the last slice, or the begin: clock readings are shared, as they cost a tenth of a slice. */
  #nowMs: number;
  #yieldedMs: number;
  #cpuMs: number;
  /** Of the guest, when the phase began; only looked at when there is a limit. */
  readonly #cpuFromMs: number;

  constructor(options: PhaseOptions) {
    this.#options = options;
    this.#incarnation = options.incarnation;
    this.#nowMs = options.clock.nowMs();
    this.#yieldedMs = this.#nowMs;
    this.#cpuMs = options.cpuMs('recent');
    this.#cpuFromMs = this.#isCpuLimited ? options.incarnation.cpuMs : 0;
  }

  /** Time without the processor is not the function's, and does not count for long slices. */
  get longestSliceMs(): number {
    return this.#longestSliceMs;
  }

  /** Runs `first`, then the event loop until something settles or ends the phase. */
  async settle(first: Slice): Promise<PhaseEnd> {
    let slice: Slice | undefined = first;
    while (slice !== undefined && this.#isRunning()) {
      // Awaiting on the main thread would cost a warm invocation a microtask for nothing.
      const run = this.#run(slice);
      if (run !== undefined) await run;
      if (!this.#isRunning()) break;
      slice = await this.#nextSlice(slice);
    }
    return this.#end();
  }

  /**
   * After the answer Lambda's runtime lets what is due already run before it asks for the next event (A3.15). How often it
   * comes to that before the freeze is chance there; here it is a number.
   */
  async drain(): Promise<void> {
    const { gate } = this.#incarnation;
    for (let turns = 0; turns < limits.turnsAfterAnswerMax && gate.hasImmediates; turns++) {
      if (this.#incarnation.ended !== undefined) return;
      const run = this.#run(turnSlice);
      if (run !== undefined) await run;
    }
  }

  #isRunning(): boolean {
    return this.#incarnation.settled === undefined && this.#incarnation.ended === undefined;
  }

  #end(): PhaseEnd {
    const { settled, ended } = this.#incarnation;
    if (settled !== undefined) return { kind: 'settled', settled };
    if (ended !== undefined) return ended;
    // The loop is empty, `beforeExit` changed nothing: Node exits here.
    const exit: IncarnationEnd = { kind: 'exit', code: 0 };
    this.#incarnation.end(exit);
    return exit;
  }

  async #nextSlice(before: Slice): Promise<Slice | undefined> {
    const { gate } = this.#incarnation;
    for (;;) {
      const demand = gate.demand(this.#nowMs);
      switch (demand.kind) {
        case 'turn':
          gate.preferEvent();
          await this.#yieldIfLong();
          return turnSlice;
        case 'event': {
          const event = gate.takeEvent();
          if (event === undefined) break;
          await this.#yieldIfLong();
          return { name: 'event', args: [event.service, event.id, event.kind, ...event.values] };
        }
        case 'empty':
          return before === loopEmptySlice ? undefined : loopEmptySlice;
        case 'wait':
          await gate.changed(Math.min(demand.untilMs, this.#options.deadlineMs));
          this.#nowMs = this.#yieldedMs = this.#options.clock.nowMs();
          if (this.#nowMs >= this.#options.deadlineMs) this.#incarnation.end({ kind: 'timeout' });
          if (!this.#isRunning()) return undefined;
          break;
        default:
          demand satisfies never;
      }
    }
  }

  /** A loop of short slices on the main thread would starve everything else in the process. */
  async #yieldIfLong(): Promise<void> {
    if (this.#nowMs - this.#yieldedMs < limits.mainThreadTurnMsMax) return;
    await this.#options.nextTask();
    this.#nowMs = this.#yieldedMs = this.#options.clock.nowMs();
  }

  /** One slice, and the report of the rejection that it ended with. A promise only when something had to be waited for. */
  #run(slice: Slice): Promise<void> | undefined {
    const { lane, isAlone } = this.#options;
    if (lane === 'pool' || !isAlone()) return this.#runOnPool(slice);
    let next: Slice | undefined = slice;
    while (next !== undefined) next = this.#take(this.#callOnMain(next));
    return undefined;
  }

  async #runOnPool(slice: Slice): Promise<void> {
    let next: Slice | undefined = slice;
    while (next !== undefined) next = this.#take(await this.#callOnPool(next));
  }

  #callOnMain({ name, args }: Slice): SliceOutcome {
    const { incarnation, clock, deadlineMs } = this.#options;
    const fromMs = clock.nowMs();
    if (fromMs >= deadlineMs) return { kind: 'timeout' };
    incarnation.gate.beginSlice();
    const outcome = incarnation.guest.call(name, args, { timeoutMs: deadlineMs - fromMs, lane: 'main' });
    this.#measure(fromMs);
    return outcome;
  }

  async #callOnPool({ name, args }: Slice): Promise<SliceOutcome> {
    const { incarnation, pool, clock, deadlineMs } = this.#options;
    // Waiting for a place is the invocation's time, so its deadline holds from here.
    using _deadline = this.#armDeadline();
    using _cpu = this.#isCpuLimited ? this.#armCpu() : undefined;
    const waiting = pool.enter();
    if (waiting !== undefined) {
      incarnation.onEnd = () => waiting.cancel();
      const ended = await waiting.ended;
      incarnation.onEnd = undefined;
      if (ended === 'cancelled') return disposed;
    }
    try {
      if (incarnation.ended !== undefined) return disposed;
      const fromMs = clock.nowMs();
      if (fromMs >= deadlineMs) return { kind: 'timeout' };
      incarnation.gate.beginSlice();
      using _stuck = this.#watchEnd();
      incarnation.isRunning = true;
      const outcome = await incarnation.guest.call(name, args, { timeoutMs: deadlineMs - fromMs, lane: 'pool' });
      this.#measure(fromMs);
      return outcome;
    } finally {
      incarnation.isRunning = false;
      pool.leave();
      this.#yieldedMs = this.#nowMs;
    }
  }

  get #isCpuLimited(): boolean {
    return this.#options.cpuTimeMs < limits.cpuTimeMsDefault;
  }

  /** Ends the incarnation when it has used its CPU time, which passes no faster than time: one timer for what is left of it. */
  #armCpu(): Disposable {
    const { incarnation, clock, cpuTimeMs } = this.#options;
    let timer: Disposable | undefined;
    const look = (): void => {
      if (incarnation.ended !== undefined) return;
      const usedMs = incarnation.cpuMs - this.#cpuFromMs;
      if (usedMs < cpuTimeMs) timer = clock.after(Math.max(limits.cpuLookMsMin, Math.ceil(cpuTimeMs - usedMs)), look);
      else incarnation.end({ kind: 'killed', limit: limitHit('cpu-time', cpuTimeMs, usedMs) });
    };
    look();
    return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
  }

  /** A guest that was ended for a limit has the grace to stop; at the deadline it is the host that waits for it. */
  #watchEnd(): Disposable {
    const { incarnation, clock, onOverrun } = this.#options;
    let timer: Disposable | undefined;
    incarnation.onEnd = () => {
      const { ended } = incarnation;
      if (ended === undefined || !('limit' in ended) || ended.limit === undefined) return;
      const { limit } = ended;
      timer = clock.after(limits.killGraceMs, () => onOverrun(limit));
    };
    return {
      [Symbol.dispose]: () => {
        incarnation.onEnd = undefined;
        timer?.[Symbol.dispose]();
      },
    };
  }

  /** Ends the incarnation at the deadline. Node counts from the time of its last look at the clock and can ring early. */
  #armDeadline(): Disposable {
    const { incarnation, clock, deadlineMs } = this.#options;
    let timer: Disposable;
    const arm = (): void => {
      timer = clock.after(Math.ceil(deadlineMs - clock.nowMs()), () => {
        if (clock.nowMs() < deadlineMs) arm();
        else incarnation.end({ kind: 'timeout' });
      });
    };
    arm();
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  #measure(fromMs: number): void {
    this.#nowMs = this.#options.clock.nowMs();
    let sliceMs = this.#nowMs - fromMs;
    if (sliceMs > limits.shortSliceMsMax) {
      // Long, or kept waiting by others: asking costs as much as a short slice, so only now.
      const cpuMs = this.#options.cpuMs('now');
      sliceMs = Math.min(sliceMs, cpuMs - this.#cpuMs);
      this.#cpuMs = cpuMs;
    }
    this.#longestSliceMs = Math.max(this.#longestSliceMs, sliceMs);
  }

  /** Notes how a slice ended. Returns what must run before anything else. */
  #take(outcome: SliceOutcome): Slice | undefined {
    const { incarnation } = this.#options;
    switch (outcome.kind) {
      case 'state':
        if (incarnation.gate.endSlice(outcome.state, this.#nowMs)) incarnation.settleInit();
        return undefined;
      case 'rejection': {
        // isolated-vm reports it by failing the slice; the guest decides what an unhandled rejection means.
        const { isError, name, message, stack } = outcome;
        return { name: 'unhandledRejection', args: [isError, name, message, stack] };
      }
      case 'rejections':
        return { name: 'unhandledRejection', args: [] };
      case 'timeout':
      case 'out-of-memory':
        incarnation.end({ kind: outcome.kind });
        return undefined;
      case 'disposed':
        // By us, with the reason noted. Anything else isolated-vm does with an isolate, it does for lack of memory.
        incarnation.end({ kind: 'out-of-memory' });
        return undefined;
      default:
        return outcome satisfies never;
    }
  }
}
