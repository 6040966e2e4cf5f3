import test from 'ava';
import type { Series } from '../../../bench/model.ts';
import { isMet, missingEverywhere, peerNames, sectionsOf } from '../../../bench/report/sections.ts';
import { result } from '../result.ts';

const section = (name: string, series: readonly Series[] = result.series) => {
  const found = sectionsOf({ ...result, series }).find(({ scenario }) => scenario.name === name);
  if (found === undefined) throw new Error(`no section ${name}`);
  return found;
};

test('peers are listed best first, and the baseline has no ratio to itself', (t) => {
  const [group] = section('cold').groups;
  t.deepEqual(
    group?.rows.map(({ peer, isBaseline, ratio }) => [peer, isBaseline, ratio?.ratio]),
    [
      ['isolated-vm', true, undefined],
      ['isotherm', false, 2],
      ['workerd', false, 20],
    ],
  );
});

test('where more is better the greatest is best', (t) => {
  t.deepEqual(
    section('throughput').groups[0]?.rows.map(({ peer }) => peer),
    ['isotherm', 'workerd'],
  );
});

test('each point of an axis is a group, in the order of the axis', (t) => {
  t.deepEqual(
    section('density').groups.map(({ at }) => at),
    [10, 100, 1000],
  );
});

test('a peer that is missing from a scenario is named there', (t) => {
  t.deepEqual(
    section('day').missing.map(({ name }) => name),
    ['isolated-vm'],
  );
});

test('phases add up to the median of the whole', (t) => {
  const row = section('cold').groups[0]?.rows.find(({ peer }) => peer === 'isotherm');
  const sum = row?.phases?.reduce((total, { value }) => total + value, 0) ?? 0;
  t.true(Math.abs(sum - (row?.summary?.p50 ?? 0)) < 1e-9);
});

test('a peer whose calls all failed is last, without figures', (t) => {
  const failed: Series = { scenario: 'cold', peer: 'deno', unit: 'ms', samples: [], failures: 30 };
  const row = section('cold', [failed, ...result.series]).groups[0]?.rows.at(-1);
  t.deepEqual([row?.peer, row?.failures, row?.summary, row?.ratio], ['deno', 30, undefined, undefined]);
});

test('without its baseline a scenario has no ratios', (t) => {
  const others = result.series.filter(({ peer }) => peer !== 'isolated-vm');
  t.true(section('cold', others).groups[0]?.rows.every(({ ratio, isBaseline }) => !ratio && !isBaseline));
});

test('a target is met up to its bound, and never by a ratio that is no number', (t) => {
  t.true(isMet({ what: '', ratio: 2, atMost: 2 }));
  t.false(isMet({ what: '', ratio: 2.01, atMost: 2 }));
  t.true(isMet({ what: '', ratio: 2, atLeast: 2 }));
  t.false(isMet({ what: '', ratio: 1.9, atLeast: 2 }));
  t.false(isMet({ what: '', ratio: Number.NaN, atMost: 2 }));
});

test('every name that is shown has a place among the peers', (t) => {
  t.deepEqual(peerNames(result), ['isotherm', 'isolated-vm', 'workerd', 'deno']);
  t.deepEqual(
    missingEverywhere(result).map(({ name }) => name),
    ['deno'],
  );
});
