/**
 * How many blank sandboxes are to be ready, and how many starts to begin now. Pure decisions over what was asked for lately. One spare
 * is always kept; while sandboxes are taken faster than they start, so many more as are taken during one start: else whoever comes
 * waits for a start. While they go fast there are two at least, so that the older one, which is taken first, has prepared itself. They go
 * when the demand does.
 */
import { limits } from '../model/limits.ts';

export interface Demand {
  /** When sandboxes were taken, oldest first. Not more than matter. */
  readonly takenMs: readonly number[];
  /** What a start took lately. Under load it takes longer, and more are needed. */
  readonly startMs: number;
}

export const noDemand: Demand = { takenMs: [], startMs: 0 };

export function afterTaken(demand: Demand, nowMs: number): Demand {
  const recent = demand.takenMs.filter((takenMs) => nowMs - takenMs < limits.spareDemandWindowMs);
  return { ...demand, takenMs: [...recent, nowMs].slice(-takenCountMax) };
}

/** The first start of a machine may be an outlier, and so may any. */
export function afterStart(demand: Demand, startMs: number): Demand {
  return { ...demand, startMs: demand.startMs === 0 ? startMs : (demand.startMs + startMs) / 2 };
}

/** More than any number of spares calls for. */
const takenCountMax = 1_000;

/** Between 1 and `sparesMax`; 0 where none is wanted at all. */
export function sparesWanted({ takenMs, startMs }: Demand, nowMs: number, sparesMax: number): number {
  const { spareDemandWindowMs: windowMs, spareBurstWindowMs: burstMs } = limits;
  const count = (withinMs: number): number => takenMs.filter((atMs) => nowMs - atMs < withinMs).length;
  // By both: a burst calls for more at once, and a pause between two kills is no end of them.
  const taken = Math.max(count(windowMs) / windowMs, count(burstMs) / burstMs) * startMs;
  const least = count(burstMs) >= limits.spareBurstTakenMin ? 2 : 1;
  return Math.min(Math.max(least, 1 + Math.floor(taken)), sparesMax);
}

/** When fewer may be wanted than now, if nothing is taken meanwhile. Undefined: not by the passing of time. */
export function demandEndsMs({ takenMs }: Demand): number | undefined {
  const last = takenMs.at(-1);
  return last === undefined ? undefined : last + limits.spareDemandWindowMs;
}

export interface SparesView {
  /** Callers who have none. */
  readonly waiting: number;
  readonly ready: number;
  readonly starting: number;
  readonly wanted: number;
  readonly startsAtOnceMax: number;
}

/** Who waits comes first: nothing is started for later that would share the cores with what is started for now. */
export function startsNow({ waiting, ready, starting, wanted, startsAtOnceMax }: SparesView): number {
  const needed = waiting > 0 ? waiting : wanted - ready;
  return Math.max(0, Math.min(needed, startsAtOnceMax) - starting);
}

/** More than there are cores would only make each of them late. */
export function startsAtOnce(cores: number): number {
  return Math.max(startsAtOnceMin, Math.min(cores, limits.sandboxStartsAtOnceMax));
}

/** A start also waits: for files, for the other process. */
const startsAtOnceMin = 2;
