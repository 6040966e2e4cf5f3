/** The numbers that isotherm is to reach, as ratios within one run. A run that lacks one of the two sides says nothing of that number. */
import type { Series, Target } from './model.ts';
import { median, type Ratio, ratioOfMedians, ratioOfQuantiles } from './statistics.ts';

interface Goal extends Omit<Target, 'ratio' | 'interval'> {
  ratio(find: Find): Ratio | undefined;
}

/** Samples, with what never was answered as a wait that no target allows. */
type Find = (scenario: string, peer: string, at?: number) => readonly number[] | undefined;

const unansweredMs = 60_000;

const floor = 'bare isolate';
const http = 'isotherm over HTTP';

const goals: readonly Goal[] = [
  overMedian('cold start, hello world / bare isolate and context', 'cold', 'isotherm', floor, { atMost: 2 }),
  overMedian('cold starts right after each other / bare isolate and context', 'cold-storm', 'isotherm', floor, {
    atMost: 4,
  }),
  overMedian('cold start with http, crypto and fs / bare isolate and context', 'cold-modules', 'isotherm', floor, {
    atMost: 5,
  }),
  overMedian('cold start in an engine that had time to prepare / bare isolate', 'cold-prepared', 'isotherm', floor, {
    atMost: 0.5,
  }),
  overMedian('cold start: workerd / isotherm, both over HTTP', 'cold', 'workerd', http, { atLeast: 2 }),
  overMedian(
    'warm call of 1 kB / the same bytes over a unix socket between two processors',
    'warm',
    'isotherm',
    'unix socket',
    { atMost: 1.3 },
    1_000,
  ),
  overMedian('warm call of 1 kB over HTTP / workerd', 'warm', http, 'workerd', { atMost: 1 }, 1_000),
  overMedian('throughput over HTTP / workerd', 'throughput', http, 'workerd', { atLeast: 2 }),
  overMedian('throughput over HTTP / bare node:http', 'throughput', http, 'node:http', { atLeast: 0.35 }),
  ...[20, 100, 1_000].map((at) =>
    overMedian(
      `memory of one of ${at} idle environments / bare isolate`,
      'density',
      'isotherm',
      floor,
      { atMost: 2 },
      at,
    ),
  ),
  overMedian(
    'memory with http, crypto and fs / bare isolate',
    'density-modules',
    'isotherm',
    floor,
    { atMost: 5 },
    100,
  ),
  {
    what: 'p99 beside noisy neighbours / without them',
    atMost: 3,
    ratio(find) {
      const quiet = find('neighbour', 'isotherm', 0);
      const noisy = find('neighbour', 'isotherm', 2);
      return quiet && noisy ? ratioOfQuantiles(noisy, quiet, 0.99) : undefined;
    },
  },
  {
    what: 'a function that never ends: longest time over its limit / 100 ms',
    atMost: 1,
    ratio(find) {
      const samples = find('timeout', 'isotherm');
      return samples === undefined || samples.length === 0 ? undefined : { ratio: Math.max(...samples) / 100 };
    },
  },
  {
    what: 'a call after its process was killed under load: slowest / 100 ms',
    atMost: 1,
    ratio(find) {
      const samples = find('recovery', 'isotherm');
      return samples === undefined || samples.length === 0 ? undefined : { ratio: Math.max(...samples) / 100 };
    },
  },
  perTenfold('memory of an idle environment, for ten times as many', 'density', [10, 100, 1_000]),
  perTenfold('cold start, for ten times the environments beside it', 'density-cold', [10, 100, 1_000]),
  perTenfold('warm call, for ten times the functions deployed', 'dispatch', [1, 10, 100, 1_000, 10_000]),
  {
    // Flat, as far as a median of a few hundred calls on an idle machine can tell.
    what: 'warm call with the most functions deployed / with one',
    atMost: 1.25,
    ratio(find) {
      const most = [10_000, 1_000, 100]
        .map((at) => find('dispatch', 'isotherm', at))
        .find((samples) => samples !== undefined);
      const one = find('dispatch', 'isotherm', 1);
      return most && one ? ratioOfMedians(most, one) : undefined;
    },
  },
];

/** What a median of isotherm is multiplied by for ten times the count: the slope of a straight line through the logarithms of all points. */
function perTenfold(what: string, scenario: string, counts: readonly number[]): Goal {
  return {
    what,
    // Flat is 1; the rest is for what medians of a hundred calls differ by.
    atMost: 1.1,
    ratio(find) {
      const points = counts.flatMap((at) => {
        const samples = find(scenario, 'isotherm', at);
        return samples === undefined || samples.length === 0
          ? []
          : [[Math.log10(at), Math.log10(median(samples))] as const];
      });
      if (points.length < slopePointsMin) return undefined;
      return { ratio: 10 ** slope(points) };
    },
  };
}

/** Through two points there is always a line, which says nothing of whether they lie on one. */
const slopePointsMin = 3;

/** Least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const together = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const across = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return together / across;
}

function overMedian(
  what: string,
  scenario: string,
  peer: string,
  against: string,
  limit: Pick<Target, 'atMost' | 'atLeast'>,
  at?: number,
): Goal {
  return {
    what,
    ...limit,
    ratio(find) {
      const ours = find(scenario, peer, at);
      const theirs = find(scenario, against, at);
      return ours && theirs ? ratioOfMedians(ours, theirs) : undefined;
    },
  };
}

export function targetsOf(series: readonly Series[]): Target[] {
  const find: Find = (scenario, peer, at) => {
    const found = series.find((each) => each.scenario === scenario && each.peer === peer && each.at === at);
    if (found?.unit !== 'ms') return found?.samples;
    return [...found.samples, ...Array.from({ length: found.failures }, () => unansweredMs)];
  };
  return goals.flatMap(({ ratio, ...goal }) => {
    const seen = ratio(find);
    return seen === undefined ? [] : [{ ...goal, ...seen }];
  });
}
