/**
 * Which thread a guest's slices run on. A slice on the sandbox's main thread costs 2 microseconds instead of 100, and blocks
 * all other environments as long as it runs. So a version starts on the pool and earns the main thread by short slices. Pure
 * decisions; `pool-lane.ts` bounds what runs on the pool.
 */
import { limits } from '../model/limits.ts';

export type Lane = 'main' | 'pool';

/**
 * What a version does differs in cost: evaluating its code, its first invocation in an isolate (which compiles), the rest.
 * Each kind earns the main thread for itself.
 */
export type PhaseKind = 'init' | 'first' | 'later';

export interface LaneStanding {
  /** Clean phases in a row whose slices were all short. */
  readonly shortPhases: number;
  /** It was long on the main thread once. For good. */
  readonly isDemoted: boolean;
}

/** One version in one sandbox. */
export type LaneRecord = Readonly<Record<PhaseKind, LaneStanding>>;

const unknown: LaneStanding = { shortPhases: 0, isDemoted: false };
export const newLaneRecord: LaneRecord = { init: unknown, first: unknown, later: unknown };

/** For a version of ours that is known to be short. */
const earned: LaneStanding = { shortPhases: limits.shortInvocationsBeforeMain, isDemoted: false };
export const earnedLaneRecord: LaneRecord = { init: earned, first: earned, later: earned };

export function laneFor(record: LaneRecord, kind: PhaseKind): Lane {
  const { shortPhases, isDemoted } = record[kind];
  return !isDemoted && shortPhases >= limits.shortInvocationsBeforeMain ? 'main' : 'pool';
}

export interface PhaseEffort {
  readonly kind: PhaseKind;
  readonly lane: Lane;
  readonly longestSliceMs: number;
  /** It ended with an answer, and its isolate lives. */
  readonly isClean: boolean;
}

/** The record after a phase. The same object when nothing changed, as for nearly all warm invocations. */
export function afterPhase(record: LaneRecord, { kind, lane, longestSliceMs, isClean }: PhaseEffort): LaneRecord {
  const standing = record[kind];
  const isShort = longestSliceMs <= limits.shortSliceMsMax;
  if (isShort && isClean) {
    // Counting on would make a new record with every invocation.
    if (standing.shortPhases >= limits.shortInvocationsBeforeMain) return record;
    return { ...record, [kind]: { ...standing, shortPhases: standing.shortPhases + 1 } };
  }
  // On the pool a long slice hurts nobody: the first call of a large SDK may be long and the rest short.
  const isDemoted = standing.isDemoted || (lane === 'main' && !isShort);
  return { ...record, [kind]: { shortPhases: 0, isDemoted } };
}
