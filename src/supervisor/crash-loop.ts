/**
 * When to stop starting sandboxes for a while. Pure decisions over a history. The fleet keeps one history for starts, where only a
 * successful start forgives, and one for each trust domain, where time does: a domain whose functions crash their sandboxes again
 * and again waits, and the others do not (SECURITY.md R14). The engine keeps one for each function that costs processes.
 */
import { type BackoffLimits, backoffMs } from '../base/backoff.ts';
import { limits } from '../model/limits.ts';

export interface CrashHistory {
  /** When the unexpected exits were that still count, oldest first. At most as many as the policy names. */
  readonly exitsMs: readonly number[];
  /** Back-offs one behind the other. */
  readonly backoffs: number;
  readonly blockedUntilMs: number;
  readonly lastCause: string;
}

export const cleanHistory: CrashHistory = {
  exitsMs: [],
  backoffs: 0,
  blockedUntilMs: Number.NEGATIVE_INFINITY,
  lastCause: '',
};

export interface CrashPolicy {
  /** Exits older than this are forgotten. */
  readonly windowMs: number;
  /** As many within the window are a loop. */
  readonly exitsMax: number;
  readonly backoff: BackoffLimits;
}

const backoff: BackoffLimits = { minMs: limits.crashBackoffMsMin, maxMs: limits.crashBackoffMsMax };

/** Of sandboxes that do not start. */
export const startPolicy: CrashPolicy = {
  windowMs: Number.POSITIVE_INFINITY,
  exitsMax: limits.crashLoopExitsMax,
  backoff,
};

/** Of sandboxes of one trust domain. */
export const domainPolicy: CrashPolicy = { ...startPolicy, windowMs: limits.crashLoopWindowMs };

export function afterCrash(history: CrashHistory, atMs: number, cause: string, policy: CrashPolicy): CrashHistory {
  const { windowMs, exitsMax, backoff } = policy;
  // A process that was being started when the gate closed tells nothing new.
  if (atMs < history.blockedUntilMs) return { ...history, lastCause: cause };

  // Quiet for a whole window after the gate opened: that loop is over.
  const isRelapse = history.backoffs > 0 && atMs - history.blockedUntilMs < windowMs;
  const exitsMs = [...history.exitsMs.filter((exitMs) => atMs - exitMs < windowMs), atMs];
  // Straight after a back-off one more crash is enough: the try failed.
  if (!isRelapse && exitsMs.length < exitsMax) {
    return { ...history, exitsMs, backoffs: 0, lastCause: cause };
  }
  const backoffs = isRelapse ? history.backoffs : 0;
  return {
    exitsMs: [],
    backoffs: backoffs + 1,
    blockedUntilMs: atMs + backoffMs(backoffs, backoff),
    lastCause: cause,
  };
}

/** Milliseconds until a start is allowed again; 0 when it is allowed now. */
export function retryAfterMs(history: CrashHistory, nowMs: number): number {
  return Math.max(0, history.blockedUntilMs - nowMs);
}

/** Whether nothing of it matters any more, so that it need not be kept. */
export function isForgotten(history: CrashHistory, nowMs: number, windowMs: number): boolean {
  const lastMs = Math.max(history.blockedUntilMs, history.exitsMs.at(-1) ?? Number.NEGATIVE_INFINITY);
  return nowMs - lastMs >= windowMs;
}
