/** What a load must not have left, once its engine is closed, and how well it must have been served meanwhile. */
import type { LoadResult } from './load.ts';
import type { Recovery, RecoveryPhases } from './recovery.ts';
import type { Figure } from './resources.ts';

/**
 * How much more than before there may be. Descriptors: Node opens a few when it first needs them. Threads: its pool has four. Memory is no
 * count: it is judged by its slope, where the load is long enough to tell.
 */
const slack: Readonly<Partial<Record<Figure, number>>> = {
  descriptors: 4,
  threads: 4,
  processes: 0,
  zombies: 0,
  timers: 0,
};

export function leftOver({ before, after }: Pick<LoadResult, 'before' | 'after'>): string[] {
  const left: string[] = [];
  for (const [figure, most] of Object.entries(slack) as [Figure, number][]) {
    if (after[figure] > before[figure] + most) left.push(`${figure}: ${after[figure]}, before ${before[figure]}`);
  }
  return left;
}

export function percentile(values: readonly number[], part: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return value === undefined ? undefined : Number(value.toFixed(1));
}

/** After a kill service is back so fast, because a blank sandbox is ready (DESIGN.md section 8). */
export const backMsMax = 100;

/**
 * The least that counts as service, where kills are as seldom as the machine sustains. On two cores that nothing else uses nearly every
 * kill is over within 100 ms; a test shares them with others, so that a spare may be late.
 */
export const leastService = { successShare: 0.5, backShare: 0.25 } as const;

export interface Service {
  /** Of the good calls, those that succeeded. */
  readonly successShare: number;
  /**
   * Of the kills of sandboxes that served good functions, those after which a call made then was answered within `backMsMax` and one
   * start more: how busy the machine is shows in that, and without a spare it would be a start and a first call under load.
   */
  readonly backShare: number;
}

export function serviceOf({ good, recoveries, startMs }: ServiceView): Service {
  const calls = Object.values(good).reduce((sum, count) => sum + count, 0);
  const withinMs = backMsMax + startMs;
  return {
    successShare: shareOf(good.success ?? 0, calls),
    backShare: shareOf(recoveries.filter(({ sinceLastMs }) => sinceLastMs <= withinMs).length, recoveries.length),
  };
}

export interface ServiceView extends Pick<LoadResult, 'good' | 'startMs'> {
  readonly recoveries: readonly Pick<Recovery, 'sinceLastMs'>[];
}

export function lacking(service: Service, least: Service = leastService): string[] {
  return (['successShare', 'backShare'] as const)
    .filter((name) => service[name] < least[name])
    .map((name) => `${name}: ${service[name]}, at least ${least[name]}`);
}

/** Of nothing everything is well. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 1 : Number((part / whole).toFixed(3));
}

/** How the kills went, and of those that were not over in time what it was that took longest. */
export interface Recovered {
  readonly of: number;
  /** Of all: over within `backMsMax` of their kill. */
  readonly within: number;
  readonly withinShare: number;
  /** Of those that a later kill hit before they were over. They can be over within `backMsMax` of that one at best. */
  readonly hitAgain: number;
  readonly hitAgainWithin: number;
  readonly sinceKillMs: Spread;
  readonly sinceLastMs: Spread;
  /** Late ones that no later kill had hit, by their longest phase, or that they would have been in time on cores of their own. */
  readonly late: Readonly<Record<string, number>>;
  /** Mean of each phase, of those that were in time and of the late ones. */
  readonly phaseMs: Readonly<Record<'inTime' | 'late', Readonly<Record<string, number>>>>;
  /** As `sinceKillMs`, less what its processes stood in line for a core: what a machine that nobody else uses would show at best. */
  readonly lessWaitsMs: Spread;
}

type Spread = Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number | undefined>>;

export function recovered(all: LoadResult['recoveries']): Recovered {
  const inTime = all.filter(({ backMs }) => backMs <= backMsMax);
  const hitAgain = all.filter(({ kills, backMs }) => kills > 1 && backMs > backMsMax);
  const late = all.filter(({ kills, backMs }) => kills === 1 && backMs > backMsMax);
  const reasons: Record<string, number> = {};
  for (const each of late) {
    const reason = lessWaits(each) <= backMsMax ? 'waited for a core' : longest(each.phases);
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return {
    of: all.length,
    within: inTime.length,
    withinShare: shareOf(inTime.length, all.length),
    hitAgain: hitAgain.length,
    hitAgainWithin: hitAgain.filter(({ sinceLastMs }) => sinceLastMs <= backMsMax).length,
    sinceKillMs: spread(all.map(({ backMs }) => backMs)),
    sinceLastMs: spread(all.map(({ sinceLastMs }) => sinceLastMs)),
    late: reasons,
    phaseMs: { inTime: meanPhases(inTime), late: meanPhases(late) },
    lessWaitsMs: spread(all.map(lessWaits)),
  };
}

function lessWaits({ backMs, phases, waits }: LoadResult['recoveries'][number]): number {
  // As a spare it may have waited long before anybody needed it.
  const inSandbox = phases.sandbox + phases.isolate + phases.init + phases.handler;
  return Math.max(0, backMs - waits.host - Math.min(waits.sandbox, inSandbox));
}

function longest(phases: RecoveryPhases): string {
  const [[name] = ['nothing']] = Object.entries(phases).toSorted(([, a], [, b]) => b - a);
  return name;
}

function meanPhases(all: LoadResult['recoveries']): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { phases, waits } of all) {
    for (const [name, ms] of Object.entries({ ...phases, hostWaits: waits.host, sandboxWaits: waits.sandbox })) {
      sums[name] = (sums[name] ?? 0) + ms / all.length;
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([name, ms]) => [name, Number(ms.toFixed(1))]));
}

function spread(values: readonly number[]): Spread {
  const at = (part: number): number | undefined => percentile(values, part);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
