/** When calls arrive that nobody waits for: as schedules that are made before the first one starts. */

export interface Arrival {
  /** Milliseconds after the schedule begins: the intended start, from which a latency counts. */
  readonly atMs: number;
  /** Which function is called, counted from 0. */
  readonly index: number;
}

/** Arrivals that know nothing of each other, at a mean rate (a Poisson process), of one function. */
export function steadyArrivals(perSecond: number, durationMs: number, random: () => number): Arrival[] {
  const arrivals: Arrival[] = [];
  for (let atMs = gapMs(perSecond, random); atMs < durationMs; atMs += gapMs(perSecond, random)) {
    arrivals.push({ atMs, index: 0 });
  }
  return arrivals;
}

export interface DayTrace {
  readonly arrivals: readonly Arrival[];
  /** What a minute of the day lasts in the trace. */
  readonly minuteMs: number;
}

export interface DayShape {
  readonly functions: number;
  readonly calls: number;
  readonly durationMs: number;
}

/**
 * One day of many functions, compressed. Its shape is that of published traces of a large platform (Shahrad et al., USENIX ATC '20):
 * few functions have most of the calls (popularity falls with the rank), the rate follows the day, and some functions are called by
 * a timer, at the same distance all day. Each arrival of the others is drawn from the day's curve.
 */
export function dayTrace({ functions, calls, durationMs }: DayShape, random: () => number): DayTrace {
  const weights = Array.from({ length: functions }, (_, rank) => 1 / (rank + 1));
  const weight = weights.reduce((sum, each) => sum + each, 0);
  const arrivals: Arrival[] = [];
  for (const [index, each] of weights.entries()) {
    const count = Math.max(1, Math.round((calls * each) / weight));
    const isTimer = index % 4 === 3;
    const phase = random();
    for (let i = 0; i < count; i += 1) {
      const share = isTimer ? (i + phase) / count : timeOfDay(random);
      arrivals.push({ atMs: share * durationMs, index });
    }
  }
  return { arrivals: arrivals.sort((a, b) => a.atMs - b.atMs), minuteMs: durationMs / (24 * 60) };
}

/** A moment between 0 and 1, four times as likely in the afternoon as in the night: rejected until it lies below the curve. */
function timeOfDay(random: () => number): number {
  for (;;) {
    const moment = random();
    const rate = 0.625 - 0.375 * Math.cos(2 * Math.PI * (moment - 0.125));
    if (random() < rate) return moment;
  }
}

function gapMs(perSecond: number, random: () => number): number {
  return (-Math.log(1 - random()) / perSecond) * 1000;
}
