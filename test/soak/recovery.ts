/**
 * What comes of each kill: from the signal until a call that was made right behind it, or again after it was lost, is answered with
 * success, and where that time went. A kill that hits what another one has just made back up lengthens a recovery that is not its own:
 * it is told apart.
 */
import { readFileSync } from 'node:fs';
import type { InvocationReport } from '../../src/index.ts';

export interface Recovery {
  /** From its kill until service was back. */
  readonly backMs: number;
  /** From the last kill that hit what served the same function meanwhile. */
  readonly sinceLastMs: number;
  /** Its own and those. */
  readonly kills: number;
  readonly phases: RecoveryPhases;
}

/** One behind the other; together what it took. */
export interface RecoveryPhases {
  /** Until the call that succeeded was made: an earlier one was told that it is lost. */
  readonly lost: number;
  /** Until it was given to a sandbox that was there: the loss noticed, a blank sandbox. */
  readonly placed: number;
  /** There and back, without what follows. */
  readonly sandbox: number;
  readonly isolate: number;
  readonly init: number;
  readonly handler: number;
}

/** What is no part of the product: how long the processes that it took stood in line for a core of this machine. */
export interface Waits {
  readonly host: number;
  readonly sandbox: number;
}

export interface Attempt {
  readonly how: string;
  readonly report: InvocationReport | undefined;
}

export class Recoveries {
  readonly #call: (functionName: string) => Promise<Attempt>;
  readonly #pidOf: (functionName: string) => number | undefined;
  readonly #open = new Map<string, Set<{ lastMs: number; kills: number }>>();
  readonly #pending = new Set<Promise<void>>();
  readonly all: (Recovery & { readonly waits: Waits })[] = [];

  constructor(call: (functionName: string) => Promise<Attempt>, pidOf: (functionName: string) => number | undefined) {
    this.#call = call;
    this.#pidOf = pidOf;
  }

  /** A sandbox that served all of these was killed in this turn; the first of them is called until it is served again. */
  killed(functionNames: readonly string[]): void {
    const nowMs = performance.now();
    for (const functionName of functionNames) {
      for (const open of this.#open.get(functionName) ?? []) {
        open.lastMs = nowMs;
        open.kills += 1;
      }
    }
    const [functionName] = functionNames;
    if (functionName === undefined) return;
    const pending = this.#untilServed(functionName, nowMs).then(() => void this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #untilServed(functionName: string, killedMs: number): Promise<void> {
    const concerned = { lastMs: killedMs, kills: 1 };
    const open = this.#open.get(functionName) ?? new Set();
    this.#open.set(functionName, open.add(concerned));
    const waitedMs = waitedForCoreMs(process.pid);
    let calledMs = killedMs;
    let attempt = await this.#call(functionName);
    while (attempt.how !== 'success') {
      // Who calls again at once finds the same: a turn of the loop lies between.
      await new Promise((resolve) => setImmediate(resolve));
      calledMs = performance.now();
      attempt = await this.#call(functionName);
    }
    const nowMs = performance.now();
    open.delete(concerned);
    const pid = this.#pidOf(functionName);
    this.all.push({
      backMs: nowMs - killedMs,
      sinceLastMs: nowMs - concerned.lastMs,
      kills: concerned.kills,
      phases: phasesOf(attempt.report, calledMs - killedMs, nowMs - calledMs),
      waits: {
        host: waitedForCoreMs(process.pid) - waitedMs,
        sandbox: pid === undefined ? 0 : waitedForCoreMs(pid),
      },
    });
  }
}

function phasesOf(report: InvocationReport | undefined, lost: number, tookMs: number): RecoveryPhases {
  const { queuedMs = 0, placedMs = 0, isolateMs = 0, initMs = 0, handlerMs = 0 } = report?.phases ?? {};
  const placed = queuedMs + placedMs;
  const sandbox = Math.max(0, tookMs - placed - isolateMs - initMs - handlerMs);
  return { lost, placed, sandbox, isolate: isolateMs, init: initMs, handler: handlerMs };
}

/** Since the process began, of its main thread. 0 where the kernel does not tell. */
function waitedForCoreMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1] ?? 0) / 1e6;
  } catch {
    // It ended, or the kernel keeps no such figures.
    return 0;
  }
}
