import test from 'ava';
import { seededRandom } from '../../bench/random.ts';
import { median, quantile, ratioOfMedians, ratioOfQuantiles, summarise, toSorted } from '../../bench/statistics.ts';

test('quantiles are those of R’s type 7', (t) => {
  // quantile(c(1, 2, 3, 4, 10), c(.01, .5, .95, .99)) of R.
  const { p1, p50, p95, p99 } = summarise([10, 2, 1, 4, 3]);
  t.deepEqual(
    [p1, p50, p95, p99].map((value) => Number(value.toFixed(6))),
    [1.04, 3, 8.8, 9.76],
  );
  t.is(median([4, 1, 3, 2]), 2.5);
});

test('a summary knows its ends, and one sample is all of them', (t) => {
  const { count, min, max } = summarise([5, -1, 3]);
  t.deepEqual([count, min, max], [3, -1, 5]);
  t.true(Object.values(summarise([7])).every((value) => value === 7 || value === 1));
});

test('there is no quantile of nothing', (t) => {
  t.throws(() => summarise([]), { instanceOf: RangeError });
});

test('numbers are sorted as numbers', (t) => {
  t.deepEqual([...toSorted([10, 9, 100, -2])], [-2, 9, 10, 100]);
});

/** Log-normal, with a median of `middle`. */
function latencies(middle: number, count: number, random: () => number): number[] {
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return middle * Math.exp(0.4 * normal);
  });
}

test('the same samples give the same interval', (t) => {
  const random = seededRandom(1);
  const ours = latencies(2, 60, random);
  const theirs = latencies(1, 60, random);
  t.deepEqual(ratioOfMedians(ours, theirs), ratioOfMedians(ours, theirs));
});

test('the interval is that of a bootstrap that draws its resamples', (t) => {
  const random = seededRandom(2);
  for (const count of [31, 40]) {
    const ours = latencies(2, count, random);
    const theirs = latencies(1, count, random);
    const draw = (samples: readonly number[]): number =>
      median(samples.map(() => samples[Math.floor(random() * samples.length)] ?? 0));
    const drawn = toSorted(Array.from({ length: 4_000 }, () => draw(ours) / draw(theirs)));
    const { interval } = ratioOfMedians(ours, theirs) ?? {};
    t.true(Math.abs((interval?.low ?? 0) / quantile(drawn, 0.025) - 1) < 0.03, `low end, ${count} samples`);
    t.true(Math.abs((interval?.high ?? 0) / quantile(drawn, 0.975) - 1) < 0.03, `high end, ${count} samples`);
  }
});

test('the interval of a tail is that of a bootstrap that draws its resamples', (t) => {
  const random = seededRandom(4);
  const ours = latencies(2, 400, random);
  const theirs = latencies(1, 400, random);
  const tail = (samples: readonly number[]): number => quantile(toSorted(samples), 0.99);
  const draw = (samples: readonly number[]): number =>
    tail(samples.map(() => samples[Math.floor(random() * samples.length)] ?? 0));
  const drawn = toSorted(Array.from({ length: 4_000 }, () => draw(ours) / draw(theirs)));
  const { ratio, interval } = ratioOfQuantiles(ours, theirs, 0.99) ?? {};
  t.is(ratio, tail(ours) / tail(theirs));
  t.true(Math.abs((interval?.low ?? 0) / quantile(drawn, 0.025) - 1) < 0.03, 'low end');
  t.true(Math.abs((interval?.high ?? 0) / quantile(drawn, 0.975) - 1) < 0.03, 'high end');
});

test('the interval holds the true ratio in about 95 of 100 runs', (t) => {
  const random = seededRandom(3);
  let held = 0;
  for (let run = 0; run < 200; run += 1) {
    const { interval } = ratioOfMedians(latencies(3, 40, random), latencies(2, 40, random)) ?? {};
    if (interval !== undefined && interval.low <= 1.5 && interval.high >= 1.5) held += 1;
  }
  t.true(held >= 180 && held < 200, `${held} of 200`);
});

test('too few samples have a ratio and no interval', (t) => {
  t.deepEqual(ratioOfMedians([2, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1]), { ratio: 2 });
});

test('nothing is divided by nothing, or by what is not above zero', (t) => {
  t.is(ratioOfMedians([], [1]), undefined);
  t.is(ratioOfMedians([1], []), undefined);
  t.is(ratioOfMedians([1], [0]), undefined);
  t.is(ratioOfMedians([1], [-1, 0, -1]), undefined);
});
