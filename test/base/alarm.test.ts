import test from 'ava';
import { Alarm } from '../../src/base/alarm.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

test('a later moment than the armed one costs no timer', (t) => {
  const clock = createFakeClock({ nowMs: 0 });
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => rings.push(clock.nowMs()));
  alarm.ensure(100);
  alarm.ensure(200);
  t.is(clock.timersArmed, 1);
  clock.advance(300);
  t.deepEqual(rings, [100]);
  t.is(clock.timersArmed, 0);
});

test('an earlier moment replaces the armed one', (t) => {
  const clock = createFakeClock({ nowMs: 0 });
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => rings.push(clock.nowMs()));
  alarm.ensure(200);
  alarm.ensure(50);
  t.is(clock.timersArmed, 1);
  clock.advance(300);
  t.deepEqual(rings, [50]);
});

test('it can be armed again from its own ring', (t) => {
  const clock = createFakeClock({ nowMs: 0 });
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => {
    rings.push(clock.nowMs());
    if (rings.length < 3) alarm.ensure(clock.nowMs() + 10);
  });
  alarm.ensure(10);
  clock.advance(100);
  t.deepEqual(rings, [10, 20, 30]);
});

test('it says how late it rings', (t) => {
  const clock = createFakeClock({ nowMs: 0 });
  const late: number[] = [];
  const alarm = new Alarm(clock, (lateMs) => late.push(lateMs));
  alarm.ensure(10);
  clock.jump(510);
  clock.advance(0);
  t.deepEqual(late, [500]);
});

test('a cancelled alarm does not ring and leaves no timer', (t) => {
  const clock = createFakeClock({ nowMs: 0 });
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => rings.push(1));
  alarm.ensure(10);
  alarm.cancel();
  t.is(clock.timersArmed, 0);
  clock.advance(100);
  t.deepEqual(rings, []);
});
