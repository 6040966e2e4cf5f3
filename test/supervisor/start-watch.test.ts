import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { type StartView, StartWatch, startVerdict } from '../../src/supervisor/start-watch.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const { sandboxStartTimeoutMs, sandboxStartMsMax, startLookMs, startProgressCpuMsMin } = limits;
const overdue: StartView = { elapsedMs: sandboxStartTimeoutMs, cpuMs: 100, cpuBeforeMs: 100 };

test('a start that is in time is left alone, whatever it does', (t) => {
  for (const cpuMs of [undefined, 0, sandboxStartTimeoutMs * 2]) {
    t.is(startVerdict({ ...overdue, elapsedMs: sandboxStartTimeoutMs - 1, cpuMs, cpuBeforeMs: cpuMs }), undefined);
  }
});

test('one that is overdue and does nothing ends', (t) => {
  t.regex(
    startVerdict(overdue) ?? '',
    /not ready within 10000 ms \(sandboxStartTimeoutMs\), and ran 0 ms in the last 2000 ms/,
  );
  t.truthy(startVerdict({ ...overdue, cpuMs: 100 + startProgressCpuMsMin - 1 }));
});

test('one that is overdue and goes on, on a busy machine, goes on', (t) => {
  t.is(startVerdict({ ...overdue, cpuMs: 100 + startProgressCpuMsMin }), undefined);
  t.is(startVerdict({ ...overdue, elapsedMs: sandboxStartMsMax - 1, cpuMs: 400 }), undefined);
});

test('one that had all the time in the world and uses it for something else ends', (t) => {
  const cpuMs = sandboxStartTimeoutMs;
  t.regex(startVerdict({ ...overdue, cpuMs, cpuBeforeMs: cpuMs - 2_000 }) ?? '', /of which it ran 10000 ms/);
});

test('nothing is put off for ever', (t) => {
  const last = { ...overdue, elapsedMs: sandboxStartMsMax, cpuMs: 5_000 };
  t.regex(startVerdict(last) ?? '', /not ready within 60000 ms \(sandboxStartMsMax\)/);
});

test('where nothing can be read time alone decides', (t) => {
  t.truthy(startVerdict({ ...overdue, cpuMs: undefined }));
  t.truthy(startVerdict({ ...overdue, cpuBeforeMs: undefined }));
});

function watch(cpuMs: (elapsedMs: number) => number | undefined) {
  const clock = createFakeClock({ nowMs: 0 });
  const ended: (readonly [atMs: number, detail: string])[] = [];
  const watching = new StartWatch(
    clock,
    () => cpuMs(clock.nowMs()),
    (detail) => ended.push([clock.nowMs(), detail]),
    (callback) => callback(),
  );
  return { clock, ended, watching };
}

test('a start that hangs ends at its time limit', (t) => {
  const { clock, ended } = watch(() => 90);
  clock.advance(sandboxStartTimeoutMs - 1);
  t.deepEqual(ended, []);
  clock.advance(1);
  t.deepEqual(
    ended.map(([atMs]) => atMs),
    [sandboxStartTimeoutMs],
  );
  t.is(clock.timersArmed, 0);
});

test('a start that gets a hundredth of a core goes on until it does no more', (t) => {
  const { clock, ended } = watch((elapsedMs) => Math.min(elapsedMs, 29_000) / 100);
  clock.advance(29_000);
  t.deepEqual(ended, []);
  clock.advance(startLookMs * 2);
  t.deepEqual(
    ended.map(([atMs]) => atMs),
    [30_000],
  );
});

test('a host that was stopped judges only after what came meanwhile was read', (t) => {
  const { clock, ended } = watch(() => 90);
  clock.jump(sandboxStartMsMax * 2);
  clock.advance(0);
  t.deepEqual(ended, []);
  clock.advance(limits.killGraceMs);
  t.is(ended.length, 1);
});

test('a start that was greeted is watched no more', (t) => {
  const { clock, ended, watching } = watch(() => 0);
  watching[Symbol.dispose]();
  clock.advance(sandboxStartMsMax * 2);
  t.deepEqual(ended, []);
});
