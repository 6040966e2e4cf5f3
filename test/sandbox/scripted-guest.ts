/**
 * A guest whose slices are functions of the test, and an environment host around it with a fake clock. Host calls are made from
 * inside a slice, as a real guest makes them.
 */
import type { LoopState } from '../../src/bridge/contract.ts';
import { loopBits, settleKinds } from '../../src/bridge/contract.ts';
import type { AnswerChunkHead, GuestRequestHead, LogHead, OverrunHead } from '../../src/protocol/messages.ts';
import type { SandboxCalls } from '../../src/sandbox/door.ts';
import type { EnvironmentHost } from '../../src/sandbox/environment.ts';
import type { Guest, SliceOutcome } from '../../src/sandbox/guest.ts';
import { PoolLane } from '../../src/sandbox/pool-lane.ts';
import type { Openers } from '../../src/sandbox/services.ts';
import { Tidier } from '../../src/sandbox/tidier.ts';
import { Traffic } from '../../src/sandbox/traffic.ts';
import { Turns } from '../../src/sandbox/turns.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

/** What one slice does. Without a result nothing waits in the loop afterwards. */
export type SliceScript = (
  calls: SandboxCalls,
  args: readonly unknown[],
) => SliceOutcome | LoopState | Promise<SliceOutcome> | undefined;

export interface Script {
  readonly init?: SliceScript;
  readonly invoke?: SliceScript;
  readonly turn?: SliceScript;
  readonly event?: SliceScript;
  readonly loopEmpty?: SliceScript;
  readonly unhandledRejection?: SliceScript;
  readonly load?: () => void;
}

export interface CalledSlice {
  readonly guest: number;
  readonly name: string;
  readonly lane: 'main' | 'pool';
  readonly timeoutMs: number;
}

export const { alive, immediates } = loopBits;
export const initDone: SliceScript = (calls) => void calls.settle(settleKinds.initDone, '', '');
export const answer =
  (text: string): SliceScript =>
  (calls) =>
    void calls.settle(settleKinds.answer, text, '');

/** Ends a slice that never returns by itself, as disposal does. */
class ScriptedGuest implements Guest {
  readonly #calls: SandboxCalls;
  readonly #script: Script;
  readonly #onCall: (call: Omit<CalledSlice, 'guest'>) => void;
  readonly #disposed = Promise.withResolvers<SliceOutcome>();
  isDisposed = false;
  cpuMicros = 0;

  constructor(calls: SandboxCalls, script: Script, onCall: (call: Omit<CalledSlice, 'guest'>) => void) {
    this.#calls = calls;
    this.#script = script;
    this.#onCall = onCall;
  }

  call(name: keyof Script, args: readonly unknown[], options: { timeoutMs: number; lane: 'main' }): SliceOutcome;
  call(
    name: keyof Script,
    args: readonly unknown[],
    options: { timeoutMs: number; lane: 'pool' },
  ): Promise<SliceOutcome>;
  call(
    name: keyof Script,
    args: readonly unknown[],
    { timeoutMs, lane }: { timeoutMs: number; lane: 'main' | 'pool' },
  ): SliceOutcome | Promise<SliceOutcome> {
    this.#onCall({ name, lane, timeoutMs });
    const slice = name === 'load' ? undefined : this.#script[name];
    const result = slice?.(this.#calls, args);
    if (result instanceof Promise) return Promise.race([result, this.#disposed.promise]);
    const outcome: SliceOutcome = this.isDisposed
      ? { kind: 'disposed' }
      : typeof result === 'object'
        ? result
        : { kind: 'state', state: result ?? 0 };
    return lane === 'main' ? outcome : Promise.resolve(outcome);
  }

  readonly askedOnPool = new Set<string>();
  readonly preloaded: string[] = [];

  preload(modules: readonly string[], ids: Iterable<string>): void {
    this.preloaded.push(...modules, ...ids);
  }

  load(): ReturnType<Guest['load']> {
    this.#script.load?.();
    return undefined as never;
  }

  codeCache(): undefined {
    return undefined;
  }

  /** Resolved by the test when garbage was asked to be collected. */
  tidying: PromiseWithResolvers<void> | undefined;
  heapTotalBytes = 2_000;

  tidy(): Promise<void> {
    this.tidying = Promise.withResolvers();
    return this.tidying.promise;
  }

  dispose(): void {
    this.isDisposed = true;
    this.#disposed.resolve({ kind: 'disposed' });
  }

  memory() {
    return { heapUsedBytes: 1_000, heapTotalBytes: this.heapTotalBytes, externalBytes: 24 };
  }

  cpuTimeMicros(): number {
    return this.cpuMicros;
  }
}

export const endless: SliceScript = () => new Promise<SliceOutcome>(() => {});

/** @param scripts the guests to be opened, in order; the last one again and again */
export function scriptedHost(...scripts: readonly Script[]) {
  const openers: Openers = {};
  const clock = createFakeClock();
  const calls: CalledSlice[] = [];
  const logs: { readonly head: LogHead; readonly text: string }[] = [];
  const requests: GuestRequestHead[] = [];
  const overruns: OverrunHead[] = [];
  const chunks: (AnswerChunkHead & { readonly text: string })[] = [];
  const deferred: (() => void)[] = [];
  const guests: ScriptedGuest[] = [];
  const traffic = new Traffic();
  /** Of its own, so that the timers of `clock` are those of environments. */
  const tidyClock = createFakeClock();
  let opened = 0;
  const host: EnvironmentHost = {
    openGuest: (_settings, sandboxCalls) => {
      const guest = opened;
      opened += 1;
      const made = new ScriptedGuest(sandboxCalls, scripts[Math.min(guest, scripts.length - 1)] ?? {}, (call) =>
        calls.push({ guest, ...call }),
      );
      guests.push(made);
      return made;
    },
    pool: new PoolLane(2),
    turns: new Turns((callback) => void setImmediate(callback)),
    traffic,
    tidier: new Tidier({ isIdle: () => traffic.isIdle, trimHeap: () => {}, clock: tidyClock }),
    clock,
    random: (byteCount) => new ArrayBuffer(byteCount),
    residentBytes: () => 0,
    threadCpuMs: () => clock.nowMs(),
    sendLog: (head, body) => logs.push({ head, text: Buffer.from(body).toString() }),
    sendAnswer: (head, body) => chunks.push({ ...head, text: Buffer.from(body).toString() }),
    sendOverrun: (head) => overruns.push(head),
    sendRequest: (head) => requests.push(head),
    openers,
    defer: (callback) => deferred.push(callback),
  };
  return {
    host,
    clock,
    tidyClock,
    calls,
    logs,
    requests,
    overruns,
    chunks,
    guests,
    openers,
    runDeferred(): void {
      for (const callback of deferred.splice(0)) callback();
    },
    get opened() {
      return opened;
    },
  };
}

/** Lets everything that is not waiting for time run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
