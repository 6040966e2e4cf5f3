/** Two looks at a server's figures as what happened in between. Pure; what it reads came over the network. */
import { bucketMs } from '../telemetry/function-figures.ts';
import { list, members, numberOf, textOf } from './fields.ts';

export interface Look {
  readonly atMs: number;
  readonly answer: Readonly<Record<string, unknown>>;
}

export interface TopRow {
  readonly functionName: string;
  readonly perSecond: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  /** Absent: it did nothing. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly environments: number;
  readonly running: number;
  readonly memoryMiB: number;
  readonly maxMemoryUsedMB: number;
}

export interface TopFigures {
  readonly perSecond: number;
  readonly running: number;
  readonly queued: number;
  /** Asynchronous events that wait. */
  readonly eventsQueued: number;
  readonly environments: number;
  readonly sandboxes: number;
  readonly residentMB: number;
  /** The busiest first; those that did nothing and have nothing are left out. */
  readonly functions: readonly TopRow[];
}

export function topFigures(before: Look | undefined, now: Look): TopFigures {
  const seconds = before === undefined ? 0 : Math.max(0.001, (now.atMs - before.atMs) / 1_000);
  const earlier = byName(list(before?.answer.functions));
  const loads = byName(list(now.answer.loads));
  const counted = byName(list(now.answer.functions));
  const names = new Set([...counted.keys(), ...loads.keys()]);
  const rows = [...names].map((name): TopRow => {
    const current = counted.get(name) ?? {};
    const last = before === undefined ? current : (earlier.get(name) ?? {});
    const load = loads.get(name) ?? {};
    // A server that was started anew counts from nothing.
    const since = (member: string): number => Math.max(0, numberOf(current[member]) - numberOf(last[member]));
    const durations = difference(members(current.durations), members(last.durations));
    const p50Ms = quantile(durations, 0.5);
    const p99Ms = quantile(durations, 0.99);
    return {
      functionName: name,
      perSecond: seconds === 0 ? 0 : since('invocations') / seconds,
      errors: since('errors'),
      throttles: since('throttles'),
      coldStarts: since('coldStarts'),
      ...(p50Ms !== undefined && { p50Ms }),
      ...(p99Ms !== undefined && { p99Ms }),
      environments: numberOf(load.environments),
      running: numberOf(load.running),
      memoryMiB: numberOf(load.memoryMiB),
      maxMemoryUsedMB: numberOf(current.maxMemoryUsedMB),
    };
  });
  return {
    perSecond: rows.reduce((sum, row) => sum + row.perSecond, 0),
    running: numberOf(now.answer.running),
    queued: numberOf(now.answer.queued),
    eventsQueued: numberOf(now.answer.eventsQueued),
    environments: numberOf(now.answer.environments),
    sandboxes: numberOf(now.answer.sandboxes),
    residentMB: numberOf(now.answer.residentMB),
    functions: rows
      .filter((row) => row.perSecond + row.environments + row.running + row.throttles > 0)
      .toSorted((a, b) => b.perSecond - a.perSecond || a.functionName.localeCompare(b.functionName)),
  };
}

type Members = Readonly<Record<string, unknown>>;

function byName(items: readonly Members[]): ReadonlyMap<string, Members> {
  return new Map(items.map((item) => [textOf(item.functionName), item]));
}

/** Counts of buckets, rising. */
function difference(current: Members, last: Members): readonly (readonly [bucket: number, count: number])[] {
  return Object.entries(current)
    .map(([bucket, count]) => [Number(bucket), numberOf(count) - numberOf(last[bucket])] as const)
    .filter(([bucket, count]) => Number.isInteger(bucket) && count > 0)
    .toSorted(([one], [other]) => one - other);
}

function quantile(durations: readonly (readonly [number, number])[], share: number): number | undefined {
  const wanted = durations.reduce((sum, [, count]) => sum + count, 0) * share;
  let seen = 0;
  for (const [bucket, count] of durations) {
    seen += count;
    if (seen >= wanted) return bucketMs(bucket);
  }
  return undefined;
}
