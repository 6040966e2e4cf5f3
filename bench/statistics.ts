/**
 * Order statistics of a sample, and how sure a ratio of two of them is. Latency is never summarised by a mean here. Quantiles
 * are the ones that R calls type 7 and numpy its default: between two samples they are interpolated.
 */
import { seededRandom } from './random.ts';

export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly p1: number;
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A ratio of two quantiles, mostly medians, with the interval that holds the true one in 95 of 100 runs; without one where samples are too few. */
export interface Ratio {
  readonly ratio: number;
  readonly interval?: Interval;
}

/** Of fewer, even the least and the greatest enclose the median less often than 95 times in 100: 1 - 2 / 2^5 is 0.94. */
export const intervalSamplesMin = 6;

const resamples = 2_000;
const seed = 20_150_310;

export function summarise(samples: readonly number[]): Summary {
  const sorted = toSorted(samples);
  return {
    count: sorted.length,
    min: quantile(sorted, 0),
    p1: quantile(sorted, 0.01),
    p5: quantile(sorted, 0.05),
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
  };
}

export function median(samples: readonly number[]): number {
  return quantile(toSorted(samples), 0.5);
}

export function toSorted(samples: readonly number[]): Float64Array {
  return Float64Array.from(samples).sort();
}

/**
 * @param sorted ascending
 * @throws RangeError when there is no sample
 */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) throw new RangeError('a quantile needs at least one sample, got 0');
  const place = (sorted.length - 1) * fraction;
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (high - low) * (place - below);
}

export function ratioOfMedians(samples: readonly number[], baseline: readonly number[]): Ratio | undefined {
  return ratioOfQuantiles(samples, baseline, 0.5);
}

/** Undefined where there is nothing to divide: no samples, or a baseline that is not above zero. */
export function ratioOfQuantiles(
  samples: readonly number[],
  baseline: readonly number[],
  fraction: number,
): Ratio | undefined {
  if (samples.length === 0 || baseline.length === 0) return undefined;
  const ours = toSorted(samples);
  const theirs = toSorted(baseline);
  const divisor = quantile(theirs, fraction);
  if (divisor <= 0) return undefined;
  const ratio = quantile(ours, fraction) / divisor;
  if (!Number.isFinite(ratio)) return undefined;
  if (Math.min(ours.length, theirs.length) < intervalSamplesMin) return { ratio };
  const random = seededRandom(seed);
  const ratios = new Float64Array(resamples);
  for (let i = 0; i < resamples; i += 1) {
    ratios[i] = resampledQuantile(ours, fraction, random) / resampledQuantile(theirs, fraction, random);
  }
  ratios.sort();
  const interval = { low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
  // A baseline that is sometimes zero gives ratios without a bound.
  return Number.isFinite(interval.low) && Number.isFinite(interval.high) ? { ratio, interval } : { ratio };
}

/**
 * A quantile of a bootstrap resample, without drawing it: a resample of n from n sorted samples takes sample i where the k-th
 * least of n uniform numbers falls into [i/n, (i+1)/n), and that number is distributed as Beta(k, n-k+1). Exact, and a run's
 * 10,000 samples need no sorting 2,000 times.
 */
function resampledQuantile(sorted: Float64Array, fraction: number, random: () => number): number {
  const n = sorted.length;
  const place = (n - 1) * fraction;
  const k = Math.floor(place) + 1;
  const lower = beta(k, n - k + 1, random);
  const at = (uniform: number): number => sorted[Math.min(n - 1, Math.floor(uniform * n))] ?? Number.NaN;
  if (Number.isInteger(place)) return at(lower);
  // The next one up, given the k-th: the least of the n-k uniform numbers that lie above it.
  const upper = lower + (1 - lower) * (1 - (1 - random()) ** (1 / (n - k)));
  return at(lower) + (at(upper) - at(lower)) * (place - Math.floor(place));
}

function beta(a: number, b: number, random: () => number): number {
  const x = gamma(a, random);
  return x / (x + gamma(b, random));
}

/** Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000), for shapes of at least 1. */
function gamma(shape: number, random: () => number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
