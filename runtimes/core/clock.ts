/**
 * The clocks of a guest whose function asked for others than real ones (`src/model/clock-policy.ts`). Everything that tells the time
 * comes here: V8's own through `modules/clock`, which is loaded for such guests only, and the sandbox's monotonic one, which the
 * rest is made of, in front of the host call.
 */
import type { HostCalls } from '../../src/bridge/contract.ts';
import { limits } from '../../src/model/limits.ts';

const { DateNow, MathFloor } = primordials;

const stepMs = limits.coarseClockStepMs;
const stepNs = stepMs * 1e6;

export interface Clock {
  /** As `Date.now` of the function. */
  epochMs(): number;
  /** Monotonic nanoseconds since the environment began. */
  hrtime(): number;
  /** Microseconds of CPU time: a clock, too. */
  cpuTime(): number;
  /** Whole milliseconds to wait until this clock shows the moment. */
  delayUntil(monotonicMs: number): number;
  sliceBegins(): void;
}

/** @param host as the sandbox gave it */
export function createClock(
  policy: 'coarse' | 'frozen',
  { hrtime, cpuTime }: Pick<HostCalls, 'hrtime' | 'cpuTime'>,
  originEpochMs: number,
): Clock {
  if (policy === 'coarse') {
    return {
      epochMs: () => floored(DateNow(), stepMs),
      hrtime: () => floored(hrtime(), stepNs),
      cpuTime: () => floored(cpuTime(), stepMs * 1e3),
      delayUntil: (monotonicMs) => -floored(-monotonicMs, stepMs) - hrtime() / 1e6,
      sliceBegins: () => {},
    };
  }
  let nowNs = hrtime();
  let usedMicros = cpuTime();
  return {
    epochMs: () => originEpochMs + MathFloor(nowNs / 1e6),
    hrtime: () => nowNs,
    cpuTime: () => usedMicros,
    delayUntil: (monotonicMs) => monotonicMs - nowNs / 1e6,
    // At its beginning and not at the first question, whose moment the function chooses.
    sliceBegins() {
      nowNs = hrtime();
      usedMicros = cpuTime();
    },
  };
}

function floored(value: number, step: number): number {
  return MathFloor(value / step) * step;
}
