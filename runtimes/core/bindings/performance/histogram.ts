/**
 * The histogram under `perf_hooks.createHistogram`: values in buckets that keep a number of significant digits, as HDR histograms
 * have them (http://hdrhistogram.org). Below twice ten to the number of digits each value has a bucket of its own.
 */
const {
  BigInt,
  MapPrototypeSet,
  MathFloor,
  MathLog2,
  MathMax,
  MathMin,
  MathPow,
  MathSqrt,
  MathTrunc,
  Number,
  NumberMAX_SAFE_INTEGER,
  SafeMap,
} = primordials;

interface Bucket {
  readonly lowest: number;
  readonly highest: number;
  readonly middle: number;
  count: number;
}

interface Handle {
  readonly buckets: readonly Bucket[];
}

type Recordable = number | bigint;

const maxOfEmpty = 0;
/** What an empty one says is its least value: the greatest that 64 bits hold. */
const minOfEmpty = 9_223_372_036_854_775_807n;

export class Histogram {
  readonly #lowest: number;
  readonly #highest: number;
  readonly #exactBelow: number;
  readonly #now: () => number;
  readonly #buckets = new SafeMap<number, Bucket>();
  /** Ascending. Kept until something new is recorded. */
  #sorted: readonly Bucket[] | undefined;
  #count = 0;
  #exceeds = 0;
  #recordedAt = 0;

  /** @param now monotonic nanoseconds */
  constructor(lowest: Recordable, highest: Recordable, figures: number, now: () => number) {
    this.#lowest = Number(lowest);
    this.#highest = Number(highest);
    this.#now = now;
    this.#exactBelow = MathPow(2, ceilLog2(2 * MathPow(10, figures)));
  }

  get buckets(): readonly Bucket[] {
    if (this.#sorted === undefined) {
      const sorted: Bucket[] = [];
      this.#buckets.forEach((bucket) => {
        if (bucket.count <= 0) return;
        // Inserted in order: recorded values repeat, so there are few buckets.
        let at = sorted.length;
        for (; at > 0 && (sorted[at - 1]?.lowest ?? 0) > bucket.lowest; at--) sorted[at] = sorted[at - 1] ?? bucket;
        sorted[at] = bucket;
      });
      this.#sorted = sorted;
    }
    return this.#sorted;
  }

  record(value: Recordable): void {
    this.#add(Number(value), 1);
  }

  recordDelta(): void {
    const now = this.#now();
    if (this.#recordedAt > 0 && now > this.#recordedAt) this.#add(MathFloor(now - this.#recordedAt), 1);
    this.#recordedAt = now;
  }

  /** What a blocked recorder would have recorded at the expected interval is added. */
  recordCorrected(value: Recordable, expectedInterval: Recordable): void {
    const interval = Number(expectedInterval);
    this.record(value);
    for (let missed = Number(value) - interval; interval > 0 && missed >= interval; missed -= interval) {
      this.#add(missed, 1);
    }
  }

  add(other: Handle): void {
    const { buckets } = other;
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at];
      if (bucket !== undefined) this.#add(bucket.lowest, bucket.count);
    }
  }

  subtract(other: Handle): void {
    const { buckets } = other;
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at];
      const own = bucket === undefined ? undefined : this.#buckets.get(bucket.lowest);
      if (bucket === undefined || own === undefined) continue;
      const taken = MathMin(own.count, bucket.count);
      own.count -= taken;
      this.#count -= taken;
      this.#sorted = undefined;
    }
  }

  reset(): void {
    this.#buckets.clear();
    this.#sorted = undefined;
    this.#count = 0;
    this.#exceeds = 0;
    this.#recordedAt = 0;
  }

  count(): number {
    return this.#count;
  }

  countBigInt(): bigint {
    return BigInt(this.#count);
  }

  exceeds(): number {
    return this.#exceeds;
  }

  exceedsBigInt(): bigint {
    return BigInt(this.#exceeds);
  }

  min(): number {
    return this.buckets[0]?.lowest ?? Number(minOfEmpty);
  }

  minBigInt(): bigint {
    return this.buckets[0] === undefined ? minOfEmpty : BigInt(this.buckets[0].lowest);
  }

  max(): number {
    return this.buckets[this.buckets.length - 1]?.highest ?? maxOfEmpty;
  }

  maxBigInt(): bigint {
    return BigInt(this.max());
  }

  mean(): number {
    return this.#moment(0, 1);
  }

  stddev(): number {
    return MathSqrt(this.#moment(this.mean(), 2));
  }

  skewness(): number {
    const deviation = this.stddev();
    return deviation > 0 ? this.#moment(this.mean(), 3) / MathPow(deviation, 3) : 0;
  }

  kurtosis(): number {
    const deviation = this.stddev();
    return deviation > 0 ? this.#moment(this.mean(), 4) / MathPow(deviation, 4) - 3 : 0;
  }

  countAt(value: number): number {
    return this.#buckets.get(this.#lowestEquivalent(value))?.count ?? 0;
  }

  cdf(value: number): number {
    if (this.#count === 0) return 0;
    const { buckets } = this;
    let below = 0;
    for (let at = 0; at < buckets.length && (buckets[at]?.lowest ?? 0) <= value; at++) below += buckets[at]?.count ?? 0;
    return below / this.#count;
  }

  percentile(percentile: number): number {
    const wanted = MathMax(1, MathTrunc((percentile / 100) * this.#count + 0.5));
    const { buckets } = this;
    let total = 0;
    for (let at = 0; at < buckets.length; at++) {
      total += buckets[at]?.count ?? 0;
      if (total >= wanted) return buckets[at]?.highest ?? 0;
    }
    return 0;
  }

  percentileBigInt(percentile: number): bigint {
    return BigInt(this.percentile(percentile));
  }

  /** Steps that halve the distance to 100, as the reference implementation walks them. */
  percentiles(map: object): void {
    this.#eachPercentile((percentile, value) => MapPrototypeSet(map, percentile, value));
  }

  percentilesBigInt(map: object): void {
    this.#eachPercentile((percentile, value) => MapPrototypeSet(map, percentile, BigInt(value)));
  }

  percentilesAt(map: object, percentiles: Float64Array): void {
    for (let at = 0; at < percentiles.length; at++) {
      const percentile = percentiles[at] ?? 0;
      MapPrototypeSet(map, percentile, this.percentile(percentile));
    }
  }

  linearBuckets(step: number, map: object): void {
    this.#eachInterval(map, step, (end) => end + step);
  }

  logBuckets(first: number, base: number, map: object): void {
    this.#eachInterval(map, first, (end) => end * base);
  }

  #eachInterval(map: object, first: number, next: (end: number) => number): void {
    const { buckets } = this;
    let at = 0;
    for (let end = first; at < buckets.length; end = next(end)) {
      const last = this.#lowestEquivalent(MathFloor(end));
      let count = 0;
      for (; at < buckets.length && (buckets[at]?.lowest ?? 0) <= last; at++) count += buckets[at]?.count ?? 0;
      MapPrototypeSet(map, last, count);
    }
  }

  #eachPercentile(report: (percentile: number, value: number) => void): void {
    const { buckets } = this;
    let total = 0;
    let next = 0;
    let latest = 0;
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at];
      if (bucket === undefined) continue;
      total += bucket.count;
      latest = bucket.lowest;
      while (next <= (100 * total) / this.#count) {
        report(next, latest);
        next += 100 / MathPow(2, MathTrunc(MathLog2(100 / (100 - next))) + 1);
        // Everything is counted by now; the end is told once more below.
        if (total === this.#count) break;
      }
    }
    report(100, latest);
  }

  #moment(around: number, power: number): number {
    if (this.#count === 0) return Number.NaN;
    const { buckets } = this;
    let sum = 0;
    for (let at = 0; at < buckets.length; at++) {
      const bucket = buckets[at];
      if (bucket !== undefined) sum += MathPow(bucket.middle - around, power) * bucket.count;
    }
    return sum / this.#count;
  }

  #add(value: number, count: number): void {
    if (!(value <= this.#highest) || value > NumberMAX_SAFE_INTEGER) {
      this.#exceeds += count;
      return;
    }
    const lowest = this.#lowestEquivalent(value);
    const known = this.#buckets.get(lowest);
    if (known === undefined) {
      const width = this.#width(value);
      const middle = lowest + MathFloor(width / 2);
      this.#buckets.set(lowest, { lowest, highest: lowest + width - 1, middle, count });
      this.#sorted = undefined;
    } else {
      if (known.count === 0) this.#sorted = undefined;
      known.count += count;
    }
    this.#count += count;
  }

  #lowestEquivalent(value: number): number {
    const width = this.#width(value);
    return MathFloor(value / width) * width;
  }

  /** How many values share the bucket of `value`. */
  #width(value: number): number {
    const unit = MathPow(2, MathFloor(MathLog2(MathMax(1, this.#lowest))));
    let width = unit;
    while (value >= this.#exactBelow * width) width *= 2;
    return width;
  }
}

function ceilLog2(value: number): number {
  let power = 0;
  while (MathPow(2, power) < value) power += 1;
  return power;
}
