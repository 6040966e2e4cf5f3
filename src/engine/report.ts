/** The figures of one invocation (LAMBDA.md B4.4, E1.2, E1.5, E1.6). Pure. */
import type { InvocationReport, Phases } from '../model/invocation.ts';
import { type LimitHit, mergeHits } from '../model/limit-reason.ts';
import { limitOf, type Outcome } from '../model/outcome.ts';
import type { Target } from './target.ts';
import type { Verdict } from './verdict.ts';

export interface Figures {
  readonly target: Target;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly environmentId: string;
  readonly coldStart: boolean;
  /** As the sandbox measured it, or the host when the sandbox could not answer. */
  readonly durationMs: number;
  /** Of an init that ran ahead of the invocation and succeeded. */
  readonly initDurationMs: number | undefined;
  readonly memoryPeakBytes: number;
  readonly cpuMs: number | undefined;
  readonly limits: readonly LimitHit[] | undefined;
  readonly phases: Phases;
}

export function invocationReport(figures: Figures): InvocationReport {
  const { target, outcome, verdict, environmentId, coldStart, initDurationMs, memoryPeakBytes, phases } = figures;
  // B4.4: a timeout is reported as the limit, however long the kill took.
  const durationMs = outcome.kind === 'timeout' ? target.timeoutMs : figures.durationMs;
  const { memorySizeMB } = target;
  const { cpuMs } = figures;
  const report = {
    durationMs,
    // E1.5, the rule since August 2025: the init of a cold start is billed.
    billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
    memorySizeMB,
    // B5.4: who ran out of memory used all of it.
    maxMemoryUsedMB: outcome.kind === 'out-of-memory' ? memorySizeMB : usedMB(memoryPeakBytes, memorySizeMB),
    coldStart,
    environmentId,
    phases,
  };
  if (outcome.kind === 'success' && initDurationMs === undefined && figures.limits === undefined) {
    // As nearly always: nothing is put together from parts then.
    return cpuMs === undefined ? report : { ...report, cpuMs };
  }
  return {
    ...report,
    ...(initDurationMs !== undefined && { initDurationMs }),
    ...(verdict.reported && { status: verdict.status === 'timeout' ? 'timeout' : 'error' }),
    ...(verdict.reported && verdict.errorType !== undefined && { errorType: verdict.errorType }),
    ...(cpuMs !== undefined && { cpuMs }),
    ...hits(outcome, figures.limits),
  };
}

/** The one that ended it comes first. Absent when there was none, as nearly always. */
function hits(outcome: Outcome, met: readonly LimitHit[] | undefined): { readonly limits?: readonly LimitHit[] } {
  const ending = limitOf(outcome);
  if (ending === undefined) return met === undefined ? {} : { limits: met };
  return { limits: mergeHits([ending], met) };
}

function usedMB(bytes: number, memorySizeMB: number): number {
  return Math.min(memorySizeMB, Math.max(1, Math.ceil(bytes / (1024 * 1024))));
}
