import test from 'ava';
import { linearScale, logScale } from '../../../bench/report/scale.ts';

const extent = { from: 100, to: 600 };

test('a linear axis begins at zero, ends at a tick, and has a handful of even ones', (t) => {
  for (const top of [0.0003, 1, 7.3, 59, 10_000]) {
    const { ticks, place } = linearScale([top], extent);
    t.true(ticks.length >= 3 && ticks.length <= 12, `${ticks.length} ticks up to ${top}`);
    t.is(place(0), 100);
    t.is(Math.round(place(ticks.at(-1)?.value ?? 0)), 600);
    t.true((ticks.at(-1)?.value ?? 0) >= top);
  }
});

test('a linear axis goes below zero for what is below', (t) => {
  const { ticks, place } = linearScale([-3, 10], extent);
  t.true((ticks[0]?.value ?? 0) <= -3);
  t.true(place(-3) >= 100);
});

test('equal factors are equal distances on a logarithmic axis', (t) => {
  const { place } = logScale([1, 1000], extent);
  t.is(place(1), 100);
  t.is(Math.round(place(1000)), 600);
  t.true(Math.abs(place(100) - place(10) - (place(10) - place(1))) < 1e-9);
});

test('all values lie on their axis, whatever they are', (t) => {
  for (const values of [[5], [1, 1], [0.2, 0.9], [3, 4], [1e-6, 1e9], [0, 5], [99, 101], []]) {
    const { ticks, place } = logScale(values, extent);
    for (const value of values) t.true(place(value) >= 99.99 && place(value) <= 600.01, `${value} of ${values}`);
    t.true(ticks.filter(({ isLabelled }) => isLabelled).length >= 1, `a label for ${values}`);
    t.true(ticks.filter(({ isLabelled }) => isLabelled).length <= 12, `not too many labels for ${values}`);
  }
});
