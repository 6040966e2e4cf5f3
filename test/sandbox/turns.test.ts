import test from 'ava';
import { Turns } from '../../src/sandbox/turns.ts';

function openTurns() {
  const deferred: (() => void)[] = [];
  const turns = new Turns((callback) => deferred.push(callback));
  const nextTask = async (): Promise<void> => {
    for (const callback of deferred.splice(0)) callback();
    await Promise.resolve();
  };
  return { turns, nextTask, deferred };
}

test('who comes alone does not wait', async (t) => {
  const { turns, nextTask, deferred } = openTurns();
  t.is(turns.next(), undefined);
  await nextTask();
  t.is(turns.next(), undefined);
  await nextTask();
  t.is(deferred.length, 0);
});

test('of many who come at once each has a task, in the order they came', async (t) => {
  const { turns, nextTask } = openTurns();
  const had: string[] = [];
  t.is(turns.next(), undefined);
  for (const name of ['second', 'third']) void turns.next()?.then(() => had.push(name));
  await Promise.resolve();
  t.deepEqual(had, []);
  await nextTask();
  t.deepEqual(had, ['second']);
  // Who comes meanwhile has no turn before those who wait.
  void turns.next()?.then(() => had.push('fourth'));
  await nextTask();
  t.deepEqual(had, ['second', 'third']);
  await nextTask();
  t.deepEqual(had, ['second', 'third', 'fourth']);
  await nextTask();
  t.is(turns.next(), undefined);
});
