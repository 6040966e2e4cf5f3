import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import {
  afterStart,
  afterTaken,
  type Demand,
  demandEndsMs,
  noDemand,
  sparesWanted,
  startsAtOnce,
  startsNow,
} from '../../src/supervisor/spares.ts';

const max = limits.sparesMaxDefault;

/** `count` taken, one every `everyMs`, the last one at 100 s; a start takes `startMs`. */
function taken(count: number, everyMs: number, startMs: number): Demand {
  let demand = afterStart(noDemand, startMs);
  for (let left = count - 1; left >= 0; left -= 1) demand = afterTaken(demand, 100_000 - left * everyMs);
  return demand;
}

test('one spare is kept while nothing is taken', (t) => {
  t.is(sparesWanted(noDemand, 0, max), 1);
  t.is(demandEndsMs(noDemand), undefined);
});

test('a sandbox taken now and then calls for no more', (t) => {
  for (const everyMs of [1_000, 2_000, 60_000]) t.is(sparesWanted(taken(20, everyMs, 400), 100_000, max), 1);
});

test('who takes them faster than they start has as many more as are taken during a start', (t) => {
  t.is(sparesWanted(taken(100, 100, 250), 100_000, max), 3);
  t.is(sparesWanted(taken(100, 100, 400), 100_000, max), 5);
  // On a busy machine a start takes longer.
  t.is(sparesWanted(taken(100, 100, 600), 100_000, max), 7);
});

test('a burst counts at once', (t) => {
  t.is(sparesWanted(taken(5, 100, 400), 100_000, max), 3);
});

test('while they go fast there is a second one, however fast they start', (t) => {
  const { spareBurstTakenMin, spareBurstWindowMs } = limits;
  t.is(sparesWanted(taken(spareBurstTakenMin, 100, 15), 100_000, max), 2);
  t.is(sparesWanted(taken(spareBurstTakenMin - 1, 100, 15), 100_000, max), 1);
  t.is(sparesWanted(taken(spareBurstTakenMin, 100, 15), 100_000 + spareBurstWindowMs, max), 1);
  t.is(sparesWanted(taken(100, 100, 15), 100_000, 1), 1);
});

test('never more than the limit', (t) => {
  t.is(sparesWanted(taken(5_000, 1, 10_000), 100_000, max), max);
  t.is(sparesWanted(taken(5_000, 1, 10_000), 100_000, 1), 1);
});

test('the demand ends after a window in which nothing was taken', (t) => {
  const demand = taken(100, 100, 400);
  const endsMs = demandEndsMs(demand);
  t.is(endsMs, 100_000 + limits.spareDemandWindowMs);
  t.is(sparesWanted(demand, 100_000 + limits.spareBurstWindowMs, max), 4);
  t.is(sparesWanted(demand, 100_000 + limits.spareDemandWindowMs, max), 1);
});

test('what is remembered of the past is bounded', (t) => {
  const old = taken(2_000, 1, 10);
  t.true(old.takenMs.length <= 1_000);
  t.is(afterTaken(old, 200_000).takenMs.length, 1);
});

test('the time of a start follows the last ones', (t) => {
  const demand = afterStart(afterStart(noDemand, 200), 600);
  t.is(demand.startMs, 400);
});

const view = { waiting: 0, ready: 0, starting: 0, wanted: 1, startsAtOnceMax: 2 };

test('what is missing is started, so many at once', (t) => {
  t.is(startsNow(view), 1);
  t.is(startsNow({ ...view, wanted: 5 }), 2);
  t.is(startsNow({ ...view, wanted: 5, starting: 1 }), 1);
  t.is(startsNow({ ...view, wanted: 5, starting: 2 }), 0);
  t.is(startsNow({ ...view, ready: 1 }), 0);
  t.is(startsNow({ ...view, ready: 3 }), 0);
});

test('what starts already is for whoever waits, and while somebody waits nothing starts for later', (t) => {
  t.is(startsNow({ ...view, waiting: 1, starting: 1, wanted: 5 }), 0);
  t.is(startsNow({ ...view, waiting: 1, wanted: 5 }), 1);
  t.is(startsNow({ ...view, waiting: 3, wanted: 5 }), 2);
});

test('cores bound what starts at once', (t) => {
  t.deepEqual([1, 2, 3, 4, 64].map(startsAtOnce), [2, 2, 3, 4, 4]);
});
