/**
 * The event loop as the guest keeps it: Node's own timers, immediates and tick queue, run one callback at a time.
 *
 * Microtasks drain only when a slice returns. So between two callbacks, where Node would run them, we throw `yielded` out of
 * Node's list walkers (they are written to survive a throwing callback and to be called again) and ask for another turn: the
 * order of callback A, its ticks, its microtasks and callback B is exactly Node's.
 */
import { type HostCalls, type LoopState, loopBits } from '../../src/bridge/contract.ts';
import type { Clock } from './clock.ts';
import { Fifo } from './fifo.ts';

const { DateNow, MathCeil, MathFloor, MathMax, MathMin } = primordials;

/** Thrown through Node's list walkers, never seen by a user. */
const yielded = { yielded: true };

type Phase = 'timers' | 'operations' | 'immediates';

/** Indexes of `immediateInfo` and `tickInfo`, as in Node's `env.h`. */
const immediateCount = 0;
const immediateRefCount = 1;
const immediateHasOutstanding = 2;
const tickScheduled = 0;

export interface TimerCallbacks {
  /** Next expiry, negative when nothing referenced waits, 0 when nothing waits at all. */
  processTimers(nowMs: number): number;
  processImmediate(): void;
}

export interface LoopHost {
  readonly host: Pick<HostCalls, 'hrtime' | 'wake'>;
  readonly clock: Clock | undefined;
  uncaughtException(error: unknown): void;
}

export class Loop {
  readonly #context: LoopHost;
  readonly tickInfo = new Uint8Array(2);
  readonly immediateInfo = new Uint32Array(3);
  /** Timers that keep the loop alive, as Node counts them, and behind them all that wait. */
  readonly timeoutInfo = new Int32Array(2);
  #callbacks: TimerCallbacks | undefined;
  #runTicks: (() => void) | undefined;
  /** Set by the async bindings: no slice begins in the context that the one before it ended in, none goes on in that of an error. */
  onSliceBegin: (() => void) | undefined;
  onUncaught: (() => void) | undefined;
  /** While the platform makes an immediate of its own, which no number of the user's may keep away. */
  isPlatformsTimer = false;
  /** Set while somebody must look at what a slice left behind. */
  onSliceEnd: (() => void) | undefined;

  #phase: Phase = 'timers';
  /** Operations that were finished when the loop came to them; later ones wait for the next round. */
  #operationsInRound = 0;
  readonly #operations = new Fifo<() => void>();
  readonly #coreImmediates = new Fifo<() => void>();
  /** Ends an init that left nothing to wait for; like an immediate, where microtasks bring work after all. */
  #endOfInit: (() => void) | undefined;
  readonly #finalizers = new Fifo<() => void>();
  #nextExpiryMs = Infinity;
  /** The time for which due timers are being run: one for all of them, however long each takes, as in Node. Negative: none are. */
  #roundMs = -1;

  /** Sockets, native operations and the like that keep the loop alive. */
  #holds = 0;

  #inSlice = false;
  #announcedBits = 0;
  #announcedExpiryMs = Infinity;
  /** Monotonic and wall clock at the first question of a slice; later questions of the slice need no host call. */
  #anchorMs = -1;
  #anchorEpochMs = 0;
  #latestMs = 0;

  constructor(context: LoopHost) {
    this.#context = context;
    this.yieldToMicrotasks = this.yieldToMicrotasks.bind(this);
  }

  useTimers(callbacks: TimerCallbacks): void {
    this.#callbacks = callbacks;
  }

  useTicks(runTicks: () => void): void {
    this.#runTicks = runTicks;
  }

  /** Stands where Node runs ticks and microtasks between two callbacks. */
  yieldToMicrotasks(): void {
    throw yielded;
  }

  /** Whole monotonic milliseconds. The wall clock only bridges the time since the slice began, so its jumps do no harm. */
  nowMs(): number {
    const { clock } = this.#context;
    if (clock !== undefined) return MathFloor(clock.hrtime() / 1e6);
    const epochMs = DateNow();
    if (this.#anchorMs < 0) {
      this.#anchorMs = this.#context.host.hrtime() / 1e6;
      this.#anchorEpochMs = epochMs;
    }
    const now = MathFloor(this.#anchorMs + MathMax(0, epochMs - this.#anchorEpochMs));
    this.#latestMs = MathMax(this.#latestMs, now);
    return this.#latestMs;
  }

  /** Completes a file operation in a later turn. It keeps the loop alive until then. */
  enqueueOperation(callback: () => void): void {
    this.#operations.push(callback);
    this.announce();
  }

  /** Called by an operation: what follows belongs to it, so it does not wait for the next round. */
  continueOperation(callback: () => void): void {
    if (this.#phase === 'operations') this.#operationsInRound++;
    this.enqueueOperation(callback);
  }

  /** Something waits for an event and keeps the loop alive until `release`: a referenced handle, a pending operation. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.announce();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.announce();
  }

  /** `setImmediate` of the runtime itself, without Node's timers while no user needs them. */
  enqueueImmediate(callback: () => void): void {
    this.#coreImmediates.push(callback);
    this.announce();
  }

  /** False: something waits, so that the callback must take its turn. */
  endInit(callback: () => void): boolean {
    if (!this.#isIdle) return false;
    this.#endOfInit = callback;
    return true;
  }

  /** An invocation begins: the sandbox took init for done. */
  initEnded(): void {
    this.#endOfInit = undefined;
  }

  /** One turn for what microtasks have still to do, in which no timer runs. */
  turnWithoutTimers(): void {
    this.#phase = 'immediates';
    this.enqueueImmediate(() => {
      this.#phase = 'timers';
    });
  }

  /** What a FinalizationRegistry is to be told, in the next slice. As in Node, it keeps nothing alive. */
  enqueueFinalizer(callback: () => void): void {
    this.#finalizers.push(callback);
  }

  /** Node inserted a timer that is due before all others. */
  scheduleTimer(delayMs: number): void {
    this.#nextExpiryMs = MathMin(this.#nextExpiryMs, this.nowMs() + delayMs);
    this.announce();
  }

  /** The first immediate that counts was added (Node adds it to the queue right after), or the last one went. */
  immediateReferenced(referenced: boolean): void {
    this.announce(referenced ? loopBits.immediates | loopBits.alive : 0);
  }

  /** Something changed. Inside a slice its result says so; afterwards, in microtasks, the host must be told. */
  announce(forcedBits = 0): void {
    if (this.#inSlice) return;
    const bits = this.#bits() | forcedBits;
    if (bits === this.#announcedBits && this.#nextExpiryMs >= this.#announcedExpiryMs) return;
    this.#context.host.wake(this.#state(bits));
  }

  /** Runs `work` as a slice: errors go to the handler loop, ticks drain, microtasks follow when we return. */
  slice(work: () => void): LoopState {
    this.#inSlice = true;
    this.#anchorMs = -1;
    this.#context.clock?.sliceBegins();
    this.onSliceBegin?.();
    this.#guarded(work);
    this.#drainTicks();
    if (this.#finalizers.length > 0) this.#runFinalizers();
    if (this.onSliceEnd !== undefined) this.onSliceEnd();
    const endsInit = this.#endOfInit !== undefined && this.#isIdle;
    const state = this.#state(endsInit ? this.#bits() | loopBits.initDone : this.#bits());
    this.#inSlice = false;
    return state;
  }

  /**
   * An event came in: Node would be in its poll phase now, so immediates go before timers. But timers that became due while
   * the guest was frozen have waited longer than the event: they run first, one in each turn.
   */
  afterDueTimers(work: () => void, eventsWait: boolean): void {
    if (!eventsWait && (this.#nextExpiryMs === Infinity || this.#nextExpiryMs > this.nowMs())) {
      if (this.#phase === 'timers') this.#phase = 'operations';
      work();
      return;
    }
    this.#phase = 'timers';
    // A round that the freeze cut short must not go on with a time that is long past.
    this.#roundMs = -1;
    this.enqueueImmediate(work);
  }

  turn(): LoopState {
    return this.slice(() => {
      // Ticks that were queued by microtasks run before any other callback.
      if (this.tickInfo[tickScheduled] === 1) return;
      // A whole round at most: each phase once, and the one we began in again.
      for (let steps = 0; steps < 4; steps++) {
        if (this.#runPhase()) return;
      }
    });
  }

  /** Runs at most one callback of the current phase; false when it had none and the next phase is entered. */
  #runPhase(): boolean {
    switch (this.#phase) {
      case 'timers':
        if (this.#callbacks !== undefined && this.#nextExpiryMs <= this.nowMs()) {
          this.#runTimers(this.#callbacks);
          return true;
        }
        this.#phase = 'operations';
        this.#operationsInRound = this.#operations.length;
        return false;
      case 'operations': {
        const operation = this.#operationsInRound > 0 ? this.#operations.shift() : undefined;
        if (operation !== undefined) {
          this.#operationsInRound--;
          operation();
          return true;
        }
        this.#phase = 'immediates';
        return false;
      }
      case 'immediates':
        return this.#runImmediates();
      default:
        return this.#phase satisfies never;
    }
  }

  #runTimers(callbacks: TimerCallbacks): void {
    this.#nextExpiryMs = Infinity;
    if (this.#roundMs < 0) this.#roundMs = this.nowMs();
    try {
      const next = callbacks.processTimers(this.#roundMs);
      this.#roundMs = -1;
      this.#nextExpiryMs = next === 0 ? Infinity : next < 0 ? -next : next;
      this.#phase = 'operations';
      this.#operationsInRound = this.#operations.length;
    } catch (error) {
      // More timers are due: either we yielded, or one threw and Node calls again.
      this.#nextExpiryMs = 0;
      if (error !== yielded) throw error;
    }
  }

  #runImmediates(): boolean {
    const own = this.#coreImmediates.shift() ?? this.#endOfInit;
    if (own !== undefined) {
      if (own === this.#endOfInit) this.#endOfInit = undefined;
      own();
      return true;
    }
    const waits = this.immediateInfo[immediateCount] !== 0 || this.immediateInfo[immediateHasOutstanding] !== 0;
    if (this.#callbacks === undefined || !waits) {
      this.#phase = 'timers';
      return false;
    }
    try {
      this.#callbacks.processImmediate();
      this.#phase = 'timers';
    } catch (error) {
      if (error !== yielded) throw error;
    }
    return true;
  }

  /** Where Node runs ticks within an operation; not for callers that may be within a tick. */
  runTicks(): void {
    this.#drainTicks();
  }

  #runFinalizers(): void {
    for (let run = this.#finalizers.shift(); run !== undefined; run = this.#finalizers.shift()) {
      this.#guarded(run);
      this.#drainTicks();
    }
  }

  #drainTicks(): void {
    // One that threw ends the walk; the others still get their turn, as in Node.
    while (this.tickInfo[tickScheduled] === 1 && this.#runTicks !== undefined) this.#guarded(this.#runTicks);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onUncaught?.();
      this.#context.uncaughtException(error);
    }
  }

  /** No tick, timer, operation or immediate waits. Handles that keep the loop alive may be there. */
  get #isIdle(): boolean {
    return (
      this.tickInfo[tickScheduled] === 0 &&
      this.#nextExpiryMs === Infinity &&
      this.#operations.length === 0 &&
      this.#coreImmediates.length === 0 &&
      this.immediateInfo[immediateCount] === 0 &&
      this.immediateInfo[immediateHasOutstanding] === 0
    );
  }

  #bits(): number {
    const alive =
      this.timeoutInfo[0] !== 0 ||
      this.immediateInfo[immediateRefCount] !== 0 ||
      this.#holds > 0 ||
      this.#operations.length > 0 ||
      this.#coreImmediates.length > 0 ||
      this.#endOfInit !== undefined;
    // As in Node, immediates that nothing referenced goes with are never reached.
    const again =
      this.#operations.length > 0 ||
      this.#coreImmediates.length > 0 ||
      this.#endOfInit !== undefined ||
      (alive && (this.immediateInfo[immediateCount] !== 0 || this.immediateInfo[immediateHasOutstanding] !== 0));
    return (
      (this.tickInfo[tickScheduled] === 1 ? loopBits.ticks : 0) |
      (again ? loopBits.immediates : 0) |
      (alive ? loopBits.alive : 0)
    );
  }

  #state(bits: number): LoopState {
    this.#announcedBits = bits;
    this.#announcedExpiryMs = this.#nextExpiryMs;
    if (this.#nextExpiryMs === Infinity) return bits;
    // As `encodeLoopState`, without the user's Math.
    const { clock } = this.#context;
    const waitMs = clock === undefined ? this.#nextExpiryMs - this.nowMs() : clock.delayUntil(this.#nextExpiryMs);
    const delayMs = this.#nextExpiryMs === 0 ? 0 : MathMax(0, MathCeil(waitMs));
    return bits + 16 * (delayMs + 1);
  }
}
