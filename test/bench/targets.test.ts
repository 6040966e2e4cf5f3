import test from 'ava';
import type { Series } from '../../bench/model.ts';
import { targetsOf } from '../../bench/targets.ts';

function series(scenario: string, peer: string, samples: readonly number[], at?: number): Series {
  return { scenario, peer, unit: 'ms', samples, failures: 0, ...(at === undefined ? {} : { at }) };
}

test('a target is the ratio of two medians of the same run', (t) => {
  const found = targetsOf([series('cold', 'isotherm', [1, 3, 9]), series('cold', 'bare isolate', [2, 2, 2])]);
  t.deepEqual(found, [{ what: 'cold start, hello world / bare isolate and context', atMost: 2, ratio: 1.5 }]);
});

test('a target says nothing where one side is missing or gave no sample', (t) => {
  t.deepEqual(targetsOf([series('cold', 'isotherm', [1])]), []);
  t.deepEqual(targetsOf([series('cold', 'isotherm', [1]), series('cold', 'bare isolate', [])]), []);
});

test('noisy neighbours are judged by the 99th percentile of all calls beside them against that of all without, with how sure it is', (t) => {
  const calls = Array.from({ length: 100 }, (_, i) => 1 + i / 100);
  const found = targetsOf([
    series('neighbour', 'isotherm', calls, 0),
    series(
      'neighbour',
      'isotherm',
      calls.map((ms) => 2 * ms),
      2,
    ),
  ]);
  t.is(found.length, 1);
  t.is(found[0]?.ratio, 2);
  const { low, high } = found[0]?.interval ?? { low: 0, high: 0 };
  t.true(low > 1.9 && low < 2 && high > 2 && high < 2.1, `${low} to ${high}`);
});

test('a call that never was answered is not left out of what is judged', (t) => {
  const noisy = { ...series('neighbour', 'isotherm', [2, 2], 2), failures: 1 };
  const [found] = targetsOf([series('neighbour', 'isotherm', [2, 2], 0), noisy]);
  t.true((found?.ratio ?? 0) > 1_000);
});

test('the dispatch target takes the most functions that were deployed', (t) => {
  const found = targetsOf([
    series('dispatch', 'isotherm', [2], 1),
    series('dispatch', 'isotherm', [4], 100),
    series('dispatch', 'isotherm', [2], 10_000),
  ]);
  t.is(found[0]?.ratio, 1);
});

test('growth is judged by the slope through three counts or more, as a factor for ten times the count', (t) => {
  const grows = [10, 100, 1_000].map((at) => series('density', 'isotherm', [at === 10 ? 2 : at === 100 ? 4 : 8], at));
  const [found, ...others] = targetsOf(grows).filter(({ what }) => what.includes('ten times'));
  t.deepEqual(others, []);
  t.true(Math.abs((found?.ratio ?? 0) - 2) < 1e-9);
  t.is(found?.atMost, 1.1);
  t.deepEqual(targetsOf(grows.slice(1)), []);
});

test('of a killed process the slowest call counts, and one that was never answered', (t) => {
  t.is(targetsOf([series('recovery', 'isotherm', [20, 150])])[0]?.ratio, 1.5);
  t.true((targetsOf([{ ...series('recovery', 'isotherm', [20]), failures: 1 }])[0]?.ratio ?? 0) > 100);
});
