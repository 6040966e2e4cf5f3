import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { HeldBack } from '../../src/supervisor/held-back.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

test('a pause or two are told nobody, more of them once, and then seldom', (t) => {
  const clock = createFakeClock();
  const held = new HeldBack(clock);
  t.is(held.note(limits.heldBackToldMsMin - 1), undefined);
  t.is(held.note(1), limits.heldBackToldMsMin);
  t.is(held.note(500), undefined);
  clock.advance(limits.heldBackTellMs);
  t.is(held.note(500), 1_000);
  t.is(held.totalMs, limits.heldBackToldMsMin + 1_000);
});
