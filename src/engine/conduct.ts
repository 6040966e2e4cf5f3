/**
 * What each function has cost others, and what follows from it: one that hogs its sandbox gets one of its own, and one that ends
 * process after process is refused for a while, growing with each try (SECURITY.md 6.2, R14). Only the engine holds one; it is asked
 * with every invocation and knows nothing of those that behave.
 */
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import {
  afterCrash,
  type CrashHistory,
  type CrashPolicy,
  cleanHistory,
  isForgotten,
  retryAfterMs,
} from '../supervisor/crash-loop.ts';

interface Costs {
  readonly history: CrashHistory;
  /** The process counted last. All invocations that ran in it tell of its end, and it counts once. */
  readonly slotId: number;
}

export interface ProcessLoss {
  readonly functionName: string;
  readonly slotId: number;
  readonly reason: string;
}

export class Conduct {
  readonly #clock: Clock;
  readonly #observe: Observe | undefined;
  readonly #costs = new Map<string, Costs>();
  /** When its last strikes were, oldest first. */
  readonly #strikes = new Map<string, readonly number[]>();

  constructor(clock: Clock, observe: Observe | undefined) {
    this.#clock = clock;
    this.#observe = observe;
  }

  /** @throws EngineError FunctionSuspended */
  requireCalm(functionName: string): void {
    // Nearly always there is nobody to look up.
    if (this.#costs.size === 0) return;
    const history = this.#costs.get(functionName)?.history;
    if (history === undefined) return;
    const waitMs = Math.ceil(retryAfterMs(history, this.#clock.nowMs()));
    if (waitMs === 0) return;
    throw new EngineError(
      'FunctionSuspended',
      `${functionName} is suspended because it ended one sandbox process after the other, the last because ${history.lastCause}; next try in ${waitMs} ms`,
      {
        retryAfterMs: waitMs,
        limit: { name: 'functionProcessesLostMax', value: limits.functionProcessesLostMax },
      },
    );
  }

  /** A process ended, and the function is the only one that can have done it. */
  costProcess({ functionName, slotId, reason }: ProcessLoss): void {
    const nowMs = this.#clock.nowMs();
    const before = this.#costs.get(functionName);
    if (before?.slotId === slotId) return;
    for (const [name, { history }] of this.#costs) {
      if (isForgotten(history, nowMs, processPolicy.windowMs)) this.#costs.delete(name);
    }
    const history = afterCrash(before?.history ?? cleanHistory, nowMs, reason, processPolicy);
    this.#costs.set(functionName, { history, slotId });
    const waitMs = retryAfterMs(history, nowMs);
    if (waitMs === 0 || history.blockedUntilMs === before?.history.blockedUntilMs) return;
    this.#observe?.({ type: 'function.suspended', functionName, reason, retryAfterMs: waitMs });
  }

  /** It hogged its sandbox once more. True when that is enough. */
  strike(functionName: string): boolean {
    const nowMs = this.#clock.nowMs();
    for (const [name, struckMs] of this.#strikes) {
      if (nowMs - (struckMs.at(-1) ?? nowMs) >= limits.hogWindowMs) this.#strikes.delete(name);
    }
    const recent = (this.#strikes.get(functionName) ?? []).filter((struckMs) => nowMs - struckMs < limits.hogWindowMs);
    if (recent.length + 1 >= limits.hogStrikesMax) {
      this.#strikes.delete(functionName);
      return true;
    }
    this.#strikes.set(functionName, [...recent, nowMs]);
    return false;
  }

  /** It was deleted, or has other code: what was found out about it does not hold any more. */
  forget(functionName: string): void {
    this.#costs.delete(functionName);
    this.#strikes.delete(functionName);
  }
}

const processPolicy: CrashPolicy = {
  windowMs: limits.functionProcessesWindowMs,
  exitsMax: limits.functionProcessesLostMax,
  backoff: { minMs: limits.functionBackoffMsMin, maxMs: limits.functionBackoffMsMax },
};
