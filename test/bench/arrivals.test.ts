import test from 'ava';
import { dayTrace, steadyArrivals } from '../../bench/arrivals.ts';
import { seededRandom } from '../../bench/random.ts';

test('steady arrivals come in order, within the time, at about the rate', (t) => {
  const arrivals = steadyArrivals(100, 60_000, seededRandom(1));
  // 6,000 are expected, with a standard deviation of 77.
  t.true(Math.abs(arrivals.length - 6_000) < 400, `${arrivals.length}`);
  t.true(arrivals.every(({ atMs }, i) => atMs < 60_000 && atMs >= (arrivals[i - 1]?.atMs ?? 0)));
});

test('steady arrivals know nothing of each other: gaps are spread as widely as they are long', (t) => {
  const arrivals = steadyArrivals(100, 60_000, seededRandom(2));
  const gaps = arrivals.slice(1).map(({ atMs }, i) => atMs - (arrivals[i]?.atMs ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  t.true(Math.abs(deviation / mean - 1) < 0.1, `${deviation} / ${mean}`);
});

test('the same seed makes the same schedule', (t) => {
  t.deepEqual(steadyArrivals(50, 1_000, seededRandom(5)), steadyArrivals(50, 1_000, seededRandom(5)));
  t.notDeepEqual(steadyArrivals(50, 1_000, seededRandom(5)), steadyArrivals(50, 1_000, seededRandom(6)));
});

const day = { functions: 20, calls: 4_000, durationMs: 24_000 };

test('a day has about as many calls as asked for, in order, of every function', (t) => {
  const { arrivals, minuteMs } = dayTrace(day, seededRandom(1));
  t.true(Math.abs(arrivals.length - day.calls) <= day.functions);
  t.true(arrivals.every(({ atMs }, i) => atMs >= (arrivals[i - 1]?.atMs ?? 0) && atMs <= day.durationMs));
  t.is(new Set(arrivals.map(({ index }) => index)).size, day.functions);
  t.is(minuteMs, 24_000 / 1_440);
});

test('few functions have most of the calls', (t) => {
  const { arrivals } = dayTrace(day, seededRandom(1));
  const ofFirstFive = arrivals.filter(({ index }) => index < 5).length;
  t.true(ofFirstFive > arrivals.length * 0.55, `${ofFirstFive} of ${arrivals.length}`);
});

test('nights are quiet', (t) => {
  const { arrivals } = dayTrace(day, seededRandom(1));
  const between = (from: number, to: number) =>
    arrivals.filter(({ index, atMs }) => index % 4 !== 3 && atMs >= from * 1_000 && atMs < to * 1_000).length;
  t.true(between(12, 18) > between(0, 6) * 2, `${between(12, 18)} in the afternoon, ${between(0, 6)} in the night`);
});

test('each fourth function is called by a timer, at the same distance all day', (t) => {
  const { arrivals } = dayTrace(day, seededRandom(1));
  const times = arrivals.filter(({ index }) => index === 3).map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
  t.true(Math.max(...gaps) - Math.min(...gaps) < 1e-6);
});
