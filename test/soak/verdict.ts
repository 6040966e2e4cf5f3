/** What a load must not have left, once its engine is closed. */
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
