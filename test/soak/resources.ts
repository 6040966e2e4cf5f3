/** What this process holds, as the kernel and Node count it: what must be the same after a load as before. Linux only. */
import { readdirSync } from 'node:fs';
import { processStat } from '../../src/base/process-stat.ts';

export interface Resources {
  readonly atMs: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly processes: number;
  readonly zombies: number;
  readonly timers: number;
  readonly rssMiB: number;
  /** After a collection, where the process was started with --expose-gc. */
  readonly heapMiB: number;
}

export type Figure = Exclude<keyof Resources, 'atMs'>;

export const figures: readonly Figure[] = [
  'descriptors',
  'threads',
  'processes',
  'zombies',
  'timers',
  'rssMiB',
  'heapMiB',
];

export function resources(): Resources {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const children = childrenOf(process.pid);
  return {
    atMs: performance.now(),
    // Without the one that reads the folder.
    descriptors: readdirSync('/proc/self/fd').length - 1,
    threads: readdirSync('/proc/self/task').length,
    processes: children.length,
    zombies: children.filter(({ state }) => state === 'Z').length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate').length,
    rssMiB: Math.round(rss / 1024 ** 2),
    heapMiB: Math.round(heapUsed / 1024 ** 2),
  };
}

/** How a figure changed for each minute, over all samples: the slope of the line that fits them best. */
export function slopePerMinute(samples: readonly Resources[], figure: Figure): number {
  const meanMs = mean(samples.map(({ atMs }) => atMs));
  const meanValue = mean(samples.map((sample) => sample[figure]));
  let covariance = 0;
  let variance = 0;
  for (const sample of samples) {
    covariance += (sample.atMs - meanMs) * (sample[figure] - meanValue);
    variance += (sample.atMs - meanMs) ** 2;
  }
  return variance === 0 ? 0 : (covariance / variance) * 60_000;
}

/** Direct children and, behind a launcher, theirs. */
export function childrenOf(parent: number): readonly { readonly pid: number; readonly state: string }[] {
  const parents = new Map<number, { readonly parent: number; readonly state: string }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = processStat(name);
    // Else it ended between the two looks.
    if (stat !== undefined) parents.set(Number(name), stat);
  }
  const isBelow = (pid: number): boolean => {
    const found = parents.get(pid);
    return found !== undefined && (found.parent === parent || isBelow(found.parent));
  };
  return [...parents].filter(([pid]) => isBelow(pid)).map(([pid, { state }]) => ({ pid, state }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
