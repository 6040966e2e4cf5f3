import test from 'ava';
import { encodeLoopState, loopBits } from '../../src/bridge/contract.ts';
import { EventGate, loopDemand } from '../../src/sandbox/event-gate.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const { ticks, immediates, alive } = loopBits;
const never = Number.POSITIVE_INFINITY;

test('what a loop wants next, for all its bits, events, and a timer before, at and after now', (t) => {
  for (let bits = 0; bits < 8; bits++) {
    for (const timerDueMs of [99, 100, 101, never]) {
      for (const events of ['none', 'wait', 'first'] as const) {
        const demand = loopDemand({ bits, timerDueMs, events }, 100);
        if ((bits & ticks) !== 0) t.is(demand.kind, 'turn');
        else if (events === 'first') t.is(demand.kind, 'event');
        else if ((bits & immediates) !== 0) t.is(demand.kind, 'turn');
        else if ((bits & alive) === 0) t.is(demand.kind, 'empty');
        else if (timerDueMs <= 100) t.is(demand.kind, 'turn');
        else if (events === 'wait') t.is(demand.kind, 'event');
        else t.deepEqual(demand, { kind: 'wait', untilMs: timerDueMs });
      }
    }
  }
});

function openGate() {
  const clock = createFakeClock();
  return { clock, gate: new EventGate(clock, () => {}) };
}

test('a slice’s result is superseded by a wake during its microtasks', (t) => {
  const { clock, gate } = openGate();
  gate.beginSlice();
  gate.wake(encodeLoopState(alive, 50));
  gate.endSlice(encodeLoopState(0, undefined), clock.nowMs());
  t.deepEqual(gate.demand(clock.nowMs()), { kind: 'wait', untilMs: clock.nowMs() + 50 });
  gate.beginSlice();
  gate.endSlice(encodeLoopState(0, undefined), clock.nowMs());
  t.is(gate.demand(clock.nowMs()).kind, 'empty');
});

test('init is done with a slice that says so, unless something came up in its microtasks', (t) => {
  const { clock, gate } = openGate();
  const done = encodeLoopState(loopBits.initDone | immediates | alive, undefined);
  gate.beginSlice();
  t.true(gate.endSlice(done, clock.nowMs()));
  gate.beginSlice();
  gate.wake(encodeLoopState(immediates | alive, undefined));
  t.false(gate.endSlice(done, clock.nowMs()));
  t.is(gate.demand(clock.nowMs()).kind, 'turn');
  gate.beginSlice();
  t.false(gate.endSlice(encodeLoopState(immediates | alive, 5), clock.nowMs()));
});

test('a timer stays due while nobody looks', (t) => {
  const { clock, gate } = openGate();
  gate.beginSlice();
  gate.endSlice(encodeLoopState(alive, 10), clock.nowMs());
  t.is(gate.demand(clock.nowMs()).kind, 'wait');
  clock.advance(3_600_000);
  t.is(gate.demand(clock.nowMs()).kind, 'turn');
});

test('waiting ends when the timer is due, and holds one timer', async (t) => {
  const { clock, gate } = openGate();
  const changed = gate.changed(clock.nowMs() + 10);
  t.is(clock.timersArmed, 1);
  clock.advance(10);
  await changed;
  t.is(clock.timersArmed, 0);
});

test('waiting ends with a wake, and leaves no timer behind', async (t) => {
  const { clock, gate } = openGate();
  const changed = gate.changed(clock.nowMs() + 10);
  gate.wake(encodeLoopState(immediates, undefined));
  await changed;
  t.is(clock.timersArmed, 0);
  t.true(gate.hasImmediates);
});

test('waiting for nothing but a wake arms no timer', async (t) => {
  const { clock, gate } = openGate();
  const changed = gate.changed(never);
  t.is(clock.timersArmed, 0);
  gate.interrupt();
  await changed;
});
