/** What a load must not have left, once its engine is closed, and how well it must have been served meanwhile. */
import type { LoadResult } from './load.ts';
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

export function serviceOf({ good, backMs, startMs }: Pick<LoadResult, 'good' | 'backMs' | 'startMs'>): Service {
  const calls = Object.values(good).reduce((sum, count) => sum + count, 0);
  const withinMs = backMsMax + startMs;
  return {
    successShare: shareOf(good.success ?? 0, calls),
    backShare: shareOf(backMs.filter((ms) => ms <= withinMs).length, backMs.length),
  };
}

export function lacking(service: Service): string[] {
  return (['successShare', 'backShare'] as const)
    .filter((name) => service[name] < leastService[name])
    .map((name) => `${name}: ${service[name]}, at least ${leastService[name]}`);
}

/** Of nothing everything is well. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 1 : Number((part / whole).toFixed(3));
}
