import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { afterPhase, type LaneRecord, laneFor, newLaneRecord, type PhaseEffort } from '../../src/sandbox/lane.ts';

const short: PhaseEffort = { kind: 'later', lane: 'pool', longestSliceMs: limits.shortSliceMsMax, isClean: true };

function after(...efforts: readonly Partial<PhaseEffort>[]): LaneRecord {
  return efforts.reduce<LaneRecord>((record, effort) => afterPhase(record, { ...short, ...effort }), newLaneRecord);
}
const earned = Array.from({ length: limits.shortInvocationsBeforeMain }, () => ({}));

test('an unknown version starts on the pool, in all it does', (t) => {
  t.is(laneFor(newLaneRecord, 'init'), 'pool');
  t.is(laneFor(newLaneRecord, 'first'), 'pool');
  t.is(laneFor(newLaneRecord, 'later'), 'pool');
});

test('short clean phases earn the main thread, one fewer do not', (t) => {
  t.is(laneFor(after(...earned.slice(1)), 'later'), 'pool');
  t.is(laneFor(after(...earned), 'later'), 'main');
});

test('each kind of phase earns it for itself', (t) => {
  const record = after(...earned);
  t.is(laneFor(record, 'init'), 'pool');
  t.is(laneFor(record, 'first'), 'pool');
});

test('a long slice on the pool only starts the count anew', (t) => {
  const long = { longestSliceMs: limits.shortSliceMsMax + 1 };
  t.is(laneFor(after({}, long, ...earned.slice(1)), 'later'), 'pool');
  t.is(laneFor(after({}, long, ...earned), 'later'), 'main');
});

test('a phase that was not clean starts the count anew', (t) => {
  t.is(laneFor(after(...earned.slice(1), { isClean: false }, {}), 'later'), 'pool');
});

test('one long slice on the main thread is enough, for good', (t) => {
  const long: Partial<PhaseEffort> = { lane: 'main', longestSliceMs: limits.shortSliceMsMax + 1 };
  t.is(laneFor(after(...earned, long, ...earned, ...earned), 'later'), 'pool');
  const crashed = after(...earned, { lane: 'main', isClean: false });
  t.is(laneFor(afterPhase(afterPhase(crashed, short), short), 'later'), 'main');
});

test('what changes nothing makes no new record', (t) => {
  const record = after(...earned);
  t.is(afterPhase(record, { ...short, lane: 'main' }), record);
});
