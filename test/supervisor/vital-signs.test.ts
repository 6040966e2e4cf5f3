import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { ExertionWatch } from '../../src/supervisor/exertion.ts';
import type { GuestCall, Illness } from '../../src/supervisor/health.ts';
import { MemoryAllowance } from '../../src/supervisor/memory-allowance.ts';
import { VitalSigns } from '../../src/supervisor/vital-signs.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const MiB = 1024 * 1024;

function watched(
  answers: 'answers' | 'is silent' = 'answers',
  readable: 'readable' | 'unreadable' = 'readable',
  afterReading?: (callback: () => void) => void,
) {
  const clock = createFakeClock({ nowMs: 1_000 });
  const calls = new Set<GuestCall>();
  const illnesses: Illness[] = [];
  const pingsMs: number[] = [];
  const memory = { residentBytes: readable === 'readable' ? 90 * MiB : undefined, reads: 0 };
  const allowance = new MemoryAllowance();
  const volumes = { heldBytes: 0 as number | undefined, looks: 0 };
  const process = { cpuMs: 0, threads: 10 };
  const vitals = new VitalSigns({
    clock,
    memory: {
      readBytes() {
        memory.reads += 1;
        return memory.residentBytes;
      },
      isStopped: () => false,
    },
    allowance,
    volumes: {
      heldBytes() {
        volumes.looks += 1;
        return volumes.heldBytes;
      },
      allowedBytes: () => 528 * MiB,
    },
    exertion: new ExertionWatch(() => process, 100),
    ...(afterReading !== undefined && { afterReading }),
    guestCalls: () => calls,
    sendPing: (sentMs) => {
      pingsMs.push(sentMs);
      if (answers === 'answers') clock.after(1, () => vitals.pong(80 * MiB));
    },
    onIllness: (illness) => {
      illnesses.push(illness);
      vitals.stop();
    },
  });
  const run = (deadlineMs: number): GuestCall => {
    const call = { environmentId: 'e1', requestId: 'r1', sentMs: clock.nowMs(), deadlineMs };
    calls.add(call);
    vitals.expect(deadlineMs, clock.nowMs());
    return call;
  };
  vitals.start();
  return { clock, calls, illnesses, pingsMs, memory, volumes, process, allowance, vitals, run };
}

test('an idle sandbox gets a ping for each heartbeat and its memory is read once a second', (t) => {
  const { clock, pingsMs, memory, illnesses } = watched();
  clock.advance(10_000);
  t.is(pingsMs.length, 10_000 / limits.heartbeatIntervalMs + 1);
  t.is(memory.reads, 10_000 / limits.memoryIntervalMs + 1);
  t.deepEqual(illnesses, []);
});

test('while a guest runs it is looked at often, and seldom again afterwards', (t) => {
  const { clock, calls, memory, run } = watched();
  clock.advance(2_000);
  const readsBefore = memory.reads;
  const call = run(60_000);
  clock.advance(1_000);
  const readsBusy = memory.reads - readsBefore;
  t.true(readsBusy >= 1_000 / limits.watchIntervalMs - 1, `${readsBusy} readings in a second`);
  calls.delete(call);
  clock.advance(limits.memoryIntervalMs);
  const readsThen = memory.reads;
  clock.advance(10_000);
  t.is(memory.reads - readsThen, 10);
});

test('what the volumes hold is looked at with each heartbeat, and more often while a guest runs', (t) => {
  const { clock, volumes, run } = watched();
  clock.advance(10_000);
  const idle = volumes.looks;
  t.is(idle, 10_000 / limits.heartbeatIntervalMs + 1);
  run(clock.nowMs() + 60_000);
  clock.advance(10_000);
  t.true(volumes.looks - idle >= 10_000 / limits.watchIntervalMs - 1, `${volumes.looks - idle} looks`);
});

test('a sandbox whose volumes hold too much is ill with the next heartbeat, also while nothing runs in it', (t) => {
  const { clock, volumes, illnesses } = watched();
  clock.advance(1_000);
  volumes.heldBytes = 528 * MiB;
  clock.advance(2_000);
  // For a moment nobody can tell: what was known stands.
  volumes.heldBytes = undefined;
  clock.advance(2_000);
  t.deepEqual(illnesses, []);
  volumes.heldBytes = 529 * MiB;
  clock.advance(limits.heartbeatIntervalMs);
  t.like(illnesses, [{ reason: 'volumes', suspects: [] }]);
});

test('there is one timer, however much happens', (t) => {
  const { clock, run } = watched('is silent');
  for (let call = 0; call < 100; call += 1) run(5_000 + call);
  t.is(clock.timersArmed, 1);
});

test('a deadline between two looks is kept to the millisecond', (t) => {
  const { clock, illnesses, run } = watched();
  run(1_113);
  clock.advance(112.9);
  t.deepEqual(illnesses, []);
  clock.advance(0.1);
  t.deepEqual(
    illnesses.map(({ reason }) => reason),
    ['deadline'],
  );
});

test('no ping is sent behind a call that has just been sent, until one is due', (t) => {
  const { clock, pingsMs, run } = watched();
  const everyMs = limits.watchIntervalMs / 2;
  const beats = 4;
  for (let atMs = 0; atMs < beats * limits.heartbeatIntervalMs; atMs += everyMs) {
    clock.advance(everyMs);
    run(clock.nowMs() + 60_000);
  }
  // The first look finds one due, and each heartbeat is followed by a look.
  t.true(pingsMs.length >= beats && pingsMs.length <= 1 + beats, `${pingsMs.length} pings`);
  const sent = pingsMs.length;
  clock.advance(limits.heartbeatIntervalMs);
  t.true(pingsMs.length > sent + 5, 'nothing was sent meanwhile');
});

test('a silent sandbox without guests is ill after the missed heartbeats', (t) => {
  const { clock, illnesses } = watched('is silent');
  clock.advance(limits.heartbeatIntervalMs * limits.heartbeatsMissedMax - 1);
  t.deepEqual(illnesses, []);
  clock.advance(limits.heartbeatIntervalMs);
  t.deepEqual(
    illnesses.map(({ reason }) => reason),
    ['heartbeat'],
  );
});

test('after our own process was stopped for 30 s a healthy sandbox lives', (t) => {
  const { clock, calls, illnesses, run } = watched();
  const call = run(4_100);
  clock.jump(30_000);
  // Its answer lies in the socket and is read right after the late timers.
  clock.advance(1);
  calls.delete(call);
  clock.advance(10_000);
  t.deepEqual(illnesses, []);
});

test('after our own process was stopped nothing is judged before all that came meanwhile was read', (t) => {
  const reading: (() => void)[] = [];
  const { clock, calls, illnesses, run } = watched('answers', 'readable', (callback) => reading.push(callback));
  const call = run(4_100);
  clock.jump(30_000);
  // Other timers are overdue, too, and take their time.
  clock.advance(10 * limits.killGraceMs);
  run(clock.nowMs() + 5);
  clock.advance(10 * limits.killGraceMs);
  t.deepEqual(illnesses, []);
  calls.clear();
  t.is(reading.length, 1);
  for (const callback of reading) callback();
  clock.advance(10_000);
  t.deepEqual(illnesses, []);
  t.false(calls.has(call));
});

test('after our own process was stopped, a guest that does not answer is still killed', (t) => {
  const { clock, illnesses, run } = watched();
  run(4_100);
  clock.jump(30_000);
  clock.advance(limits.killGraceMs);
  t.deepEqual(
    illnesses.map(({ reason }) => reason),
    ['deadline'],
  );
});

test('after a short stop and a long one right behind it a healthy sandbox lives', (t) => {
  const { clock, calls, illnesses, run } = watched();
  const call = run(4_100);
  clock.jump(50);
  clock.advance(1);
  clock.jump(30_000);
  clock.advance(1);
  calls.delete(call);
  clock.advance(10_000);
  t.deepEqual(illnesses, []);
});

test('a loop of ours that is always late puts nothing off for ever', (t) => {
  const { clock, illnesses, run } = watched();
  run(1_200);
  for (let turn = 0; turn < 10; turn += 1) {
    clock.jump(200);
    clock.advance(0);
  }
  t.is(illnesses.length, 1);
});

test('it is held while its ping waits', (t) => {
  const { clock, vitals, run } = watched('is silent');
  run(60_000);
  t.false(vitals.isHeld());
  clock.advance(limits.shortSliceMsMax + limits.busyMarginMs + 1);
  t.true(vitals.isHeld());
  vitals.pong(1);
  t.false(vitals.isHeld());
});

test('a guest that takes more memory than it may is found at the next look', (t) => {
  const { clock, illnesses, memory, allowance, run } = watched();
  const share = allowance.add(128);
  allowance.run(share);
  run(60_000);
  memory.residentBytes = (90 + limits.sandboxMemorySlackMiB + 128 * limits.environmentMemoryFactor) * MiB;
  clock.advance(limits.watchIntervalMs);
  t.deepEqual(illnesses, []);
  memory.residentBytes += 4_096;
  clock.advance(limits.watchIntervalMs);
  t.deepEqual(
    illnesses.map(({ reason }) => reason),
    ['memory'],
  );
});

test('without /proc the sandbox says itself how much it holds', (t) => {
  const { clock, vitals } = watched('answers', 'unreadable');
  clock.advance(1);
  t.is(vitals.residentBytes, 80 * MiB);
});

test('with /proc nobody asks the sandbox', (t) => {
  const { clock, vitals, memory } = watched();
  clock.advance(1);
  memory.residentBytes = undefined;
  clock.advance(5_000);
  t.is(vitals.residentBytes, 90 * MiB);
});

test('when it is stopped no timer stays', (t) => {
  const { clock, vitals } = watched('is silent');
  vitals.stop();
  t.is(clock.timersArmed, 0);
});

test('a sandbox that computes for itself is ill, and one whose guest computes is not', (t) => {
  const { clock, calls, run, illnesses, process } = watched();
  const computeFor = (ms: number): void => {
    for (const untilMs = clock.nowMs() + ms; clock.nowMs() < untilMs && illnesses.length === 0; clock.advance(10))
      process.cpuMs += 10;
  };
  const call = run(Number.POSITIVE_INFINITY);
  computeFor(3 * limits.idleBusyMsMax);
  t.deepEqual(illnesses, []);
  calls.delete(call);
  computeFor(3 * limits.idleBusyMsMax);
  t.like(illnesses, [{ reason: 'exertion', suspects: [] }]);
});

test('a sandbox that was not read for a moment is judged by what it had sent until then', (t) => {
  const { clock, calls, illnesses, vitals, run } = watched();
  const call = run(clock.nowMs() + 100);
  clock.advance(95);
  vitals.heldBack(10);
  // Its answer lies in the socket, past the deadline.
  clock.after(11, () => calls.delete(call));
  clock.advance(500);
  t.deepEqual(illnesses, []);
});

test('who sends on and does not answer is ended soon after its deadline all the same', (t) => {
  const { clock, illnesses, vitals, run } = watched();
  const startMs = clock.nowMs();
  run(startMs + 100);
  while (illnesses.length === 0 && clock.nowMs() < startMs + 1_000) {
    vitals.heldBack(8);
    clock.advance(10);
  }
  t.is(illnesses[0]?.reason, 'deadline');
  t.true(clock.nowMs() - startMs < 200, `after ${clock.nowMs() - startMs} ms`);
});

test('its memory is judged while it is not read', (t) => {
  const { clock, memory, illnesses, vitals, run } = watched();
  run(60_000);
  memory.residentBytes = 100_000 * MiB;
  vitals.heldBack(10_000);
  clock.advance(limits.watchIntervalMs);
  t.is(illnesses[0]?.reason, 'memory');
});

test('time in which nobody read is no silence of the sandbox', (t) => {
  const { clock, illnesses, vitals } = watched('is silent');
  const silenceMs = limits.heartbeatIntervalMs * limits.heartbeatsMissedMax;
  vitals.heldBack(silenceMs);
  clock.advance(silenceMs + limits.heartbeatIntervalMs);
  t.deepEqual(illnesses, []);
  clock.advance(silenceMs);
  t.is(illnesses[0]?.reason, 'heartbeat');
});
