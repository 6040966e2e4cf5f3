import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { PreparedIsolates } from '../../src/sandbox/prepared-isolates.ts';
import type { OpenedIsolate } from '../../src/sandbox/runtime-image.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

/** Isolates that are numbers; `made` has the memory limit of each, in order. Filling takes a step for each module. */
function open() {
  const clock = createFakeClock();
  const made: number[] = [];
  const disposed: number[] = [];
  const filled: string[] = [];
  const world = { isIdle: true };
  const prepared = new PreparedIsolates({
    open: (memoryLimitMiB) => {
      const number = made.push(memoryLimitMiB);
      return { number, isolate: { dispose: () => disposed.push(number) } } as unknown as OpenedIsolate;
    },
    *fill(opened, { modules, ids }) {
      for (const name of [...modules, ...ids]) {
        filled.push(`${numberOf(opened)} ${name}`);
        yield;
      }
    },
    isIdle: () => world.isIdle,
    clock,
  });
  const wish = (memoryLimitMiB: number, modules: readonly string[] = [], ids: readonly string[] = []) => ({
    memoryLimitMiB,
    modules,
    ids: new Set(ids),
  });
  const take = (...args: Parameters<typeof wish>): number => numberOf(prepared.take(wish(...args)));
  const rest = (): void => clock.advance(1_000);
  return { clock, made, disposed, filled, world, prepared, take, wish, rest };
}

function numberOf(opened: OpenedIsolate): number {
  return (opened as unknown as { readonly number: number }).number;
}

test('the first is made when it is asked for, the next one ahead of time', (t) => {
  const { clock, made, take, rest } = open();
  t.is(take(128), 1);
  t.deepEqual(made, [128]);
  rest();
  t.deepEqual(made, [128, 128]);
  t.is(take(128), 2);
  t.deepEqual(made, [128, 128]);
  clock.advance(limits.prepareDelayMsMin);
  t.is(take(128), 3);
});

test('nothing is made while something runs, however long that takes', (t) => {
  const { clock, made, world, prepared, wish, rest } = open();
  world.isIdle = false;
  prepared.prepare(wish(128, ['http']));
  clock.advance(60_000);
  t.deepEqual(made, []);
  t.is(clock.timersArmed, 1);
  world.isIdle = true;
  rest();
  t.deepEqual(made, [128, 128]);
  t.is(clock.timersArmed, 0);
});

test('for another memory size one is made at once, and the prepared one makes room for its like', (t) => {
  const { made, disposed, take, prepared, wish, rest } = open();
  prepared.prepare(wish(128));
  rest();
  t.is(take(512), 2);
  t.deepEqual(disposed, []);
  rest();
  t.deepEqual(made, [128, 512, 512]);
  t.deepEqual(disposed, [1]);
  t.is(take(512), 3);
});

test('one is never given away twice, and one that waits is kept', (t) => {
  const { made, take, rest } = open();
  take(128);
  rest();
  t.is(take(128), 2);
  t.is(take(128), 3);
  rest();
  rest();
  t.deepEqual(made, [128, 128, 128, 128]);
});

test('beside a plain one there is one with the modules of the last function that used any', (t) => {
  const { made, filled, take, rest } = open();
  t.is(take(128, ['http', 'fs'], ['internal/url']), 1);
  rest();
  t.deepEqual(made, [128, 128, 128]);
  t.deepEqual(filled, ['3 http', '3 fs', '3 internal/url']);
  t.is(take(128, ['http', 'fs'], ['internal/url']), 3);
  rest();
  t.is(take(128), 2);
  t.is(take(128, ['fs', 'http', 'net'], ['internal/url']), 4);
});

test('nobody gets modules that it did not wish for', (t) => {
  const { take, rest } = open();
  take(128, ['http']);
  rest();
  t.is(take(128), 2);
  rest();
  t.is(take(128, ['fs']), 4);
  rest();
  t.is(take(128, ['fs']), 6);
});

test('a filled one for other modules makes room', (t) => {
  const { disposed, filled, take, rest } = open();
  take(128, ['http']);
  rest();
  t.is(take(128, ['fs']), 2);
  rest();
  t.deepEqual(disposed, [3]);
  t.deepEqual(filled, ['3 http', '5 fs']);
});

test('filling stops when somebody needs the processor, and goes on afterwards; what is there can be used', (t) => {
  const { clock, filled, world, take, rest } = open();
  take(128, ['a', 'b', 'c']);
  clock.advance(limits.prepareAfterFirstMs);
  // The plain one, the other one and its first module: a step each.
  clock.advance(limits.prepareDelayMsMin);
  world.isIdle = false;
  const before = filled.length;
  rest();
  t.is(filled.length, before);
  world.isIdle = true;
  rest();
  t.deepEqual(filled, ['3 a', '3 b', '3 c']);
  t.is(take(128, ['a', 'b', 'c']), 3);
});

test('behind the first isolate the next ones wait, and behind the second they do not', (t) => {
  const { clock, filled, made, take, rest } = open();
  rest();
  take(128, ['http']);
  const before = made.length;
  clock.advance(limits.prepareAfterFirstMs);
  t.is(made.length, before);
  rest();
  t.deepEqual(filled, ['3 http']);
  const again = open();
  again.take(128, ['http']);
  again.take(128, ['http']);
  again.rest();
  t.deepEqual(again.filled, ['4 http']);
});
