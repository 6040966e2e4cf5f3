import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { AnswerWatch } from '../../src/supervisor/answer-watch.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const mostMs = limits.templateAnswerMsMax;

function watching() {
  const clock = createFakeClock();
  let silences = 0;
  const watch = new AnswerWatch(clock, () => {
    silences += 1;
  });
  return { clock, watch, silences: () => silences };
}

test('whoever owes nothing may say nothing', (t) => {
  const { clock, watch, silences } = watching();
  clock.advance(10 * mostMs);
  watch.owed();
  watch.answered();
  clock.advance(10 * mostMs);
  t.is(silences(), 0);
  t.is(clock.timersArmed, 0);
});

test('silence counts from what was asked first, or from the last answer', (t) => {
  const { clock, watch, silences } = watching();
  watch.owed();
  clock.advance(mostMs - 1);
  watch.owed();
  watch.answered();
  clock.advance(mostMs - 1);
  t.is(silences(), 0);
  clock.advance(1);
  t.is(silences(), 1);
});

test('what nobody could have read yet is forgiven once', (t) => {
  const { clock, watch, silences } = watching();
  watch.owed();
  clock.jump(10 * mostMs);
  clock.advance(0);
  t.is(silences(), 0);
  clock.jump(10 * mostMs);
  clock.advance(0);
  t.is(silences(), 1);
});

test('a process that has ended owes nothing', (t) => {
  const { clock, watch, silences } = watching();
  watch.owed();
  watch.stop();
  clock.advance(10 * mostMs);
  t.is(silences(), 0);
});
