import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { PreparedIsolates } from '../../src/sandbox/prepared-isolates.ts';
import type { OpenedIsolate } from '../../src/sandbox/runtime-image.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

/** Isolates that are numbers; `made` has the memory limit of each, in order. */
function open() {
  const clock = createFakeClock();
  const made: number[] = [];
  const disposed: number[] = [];
  const compiled: (readonly [number, readonly string[]])[] = [];
  const world = { isIdle: true };
  const prepared = new PreparedIsolates({
    open: (memoryLimitMiB) => {
      const number = made.push(memoryLimitMiB);
      return { number, isolate: { dispose: () => disposed.push(number) } } as unknown as OpenedIsolate;
    },
    compile: (opened, scripts) => void compiled.push([numberOf(opened), scripts]),
    isIdle: () => world.isIdle,
    clock,
  });
  const take = (memoryLimitMiB: number, scripts: readonly string[] = []): number =>
    numberOf(prepared.take({ memoryLimitMiB, scripts }));
  return { clock, made, disposed, compiled, world, prepared, take };
}

function numberOf(opened: OpenedIsolate): number {
  return (opened as unknown as { readonly number: number }).number;
}

test('the first is made when it is asked for, the next one ahead of time', (t) => {
  const { clock, made, take } = open();
  t.is(take(128), 1);
  t.deepEqual(made, [128]);
  clock.advance(limits.prepareDelayMsMin);
  t.deepEqual(made, [128, 128]);
  t.is(take(128), 2);
  t.deepEqual(made, [128, 128]);
  clock.advance(limits.prepareDelayMsMin);
  t.is(take(128), 3);
});

test('nothing is made while something runs, however long that takes', (t) => {
  const { clock, made, world, prepared } = open();
  world.isIdle = false;
  prepared.prepare({ memoryLimitMiB: 128, scripts: [] });
  clock.advance(60_000);
  t.deepEqual(made, []);
  t.is(clock.timersArmed, 1);
  world.isIdle = true;
  clock.advance(limits.prepareDelayMsMax);
  t.deepEqual(made, [128]);
  t.is(clock.timersArmed, 0);
});

test('for another memory size one is made at once, and the prepared one makes room for its like', (t) => {
  const { clock, made, disposed, take, prepared } = open();
  prepared.prepare({ memoryLimitMiB: 128, scripts: [] });
  clock.advance(limits.prepareDelayMsMin);
  t.is(take(512), 2);
  t.deepEqual(disposed, []);
  clock.advance(limits.prepareDelayMsMin);
  t.deepEqual(made, [128, 512, 512]);
  t.deepEqual(disposed, [1]);
  t.is(take(512), 3);
});

test('one is never given away twice, and one that waits is kept', (t) => {
  const { clock, made, take } = open();
  take(128);
  clock.advance(limits.prepareDelayMsMin);
  t.is(take(128), 2);
  t.is(take(128), 3);
  clock.advance(60_000);
  t.deepEqual(made, [128, 128, 128, 128]);
});

test('modules that the last function used are compiled ahead, in a task of their own and while nothing runs', (t) => {
  const { clock, made, compiled, world, take } = open();
  take(128, ['http', 'fs']);
  clock.advance(limits.prepareDelayMsMin);
  t.deepEqual(compiled, [[2, ['http', 'fs']]]);
  take(128, ['http']);
  t.deepEqual(made, [128, 128]);
  world.isIdle = false;
  clock.advance(60_000);
  t.is(compiled.length, 1);
});

test('an isolate that was taken meanwhile is not compiled in', (t) => {
  const clock = createFakeClock();
  const compiled: unknown[] = [];
  let onOpen: (() => void) | undefined;
  const prepared = new PreparedIsolates({
    open: () => {
      // Whoever comes between the two tasks.
      clock.after(0, () => onOpen?.());
      return { isolate: { dispose() {} } } as unknown as OpenedIsolate;
    },
    compile: (...args) => void compiled.push(args),
    isIdle: () => true,
    clock,
  });
  onOpen = () => {
    onOpen = undefined;
    prepared.take({ memoryLimitMiB: 128, scripts: [] });
  };
  prepared.prepare({ memoryLimitMiB: 128, scripts: ['http'] });
  clock.advance(limits.prepareDelayMsMin);
  t.deepEqual(compiled, []);
});
