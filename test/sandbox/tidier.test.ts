import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { Tidier } from '../../src/sandbox/tidier.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { settled } from './scripted-guest.ts';

function open() {
  const clock = createFakeClock();
  const world = { isIdle: true };
  const tidied: string[] = [];
  const tidier = new Tidier({ isIdle: () => world.isIdle, trimHeap: () => tidied.push('the heap'), clock });
  const environment = (name: string) => {
    const done = Promise.withResolvers<void>();
    return {
      done: done.resolve,
      tidy(): Promise<void> {
        tidied.push(name);
        return done.promise;
      },
    };
  };
  return { clock, world, tidied, tidier, environment };
}

test('one after the other, when it was quiet for a while', async (t) => {
  const { clock, tidied, tidier, environment } = open();
  const [one, two] = [environment('one'), environment('two')];
  tidier.note(one);
  tidier.note(two);
  clock.advance(limits.tidyDelayMs - 1);
  t.deepEqual(tidied, []);
  clock.advance(1);
  t.deepEqual(tidied, ['one']);
  clock.advance(limits.tidyDelayMs);
  t.deepEqual(tidied, ['one']);
  one.done();
  await settled();
  clock.advance(0);
  t.deepEqual(tidied, ['one', 'two']);
});

test('the heap of the process is trimmed once, after the last one, when nothing runs', async (t) => {
  const { clock, world, tidied, tidier, environment } = open();
  const [one, two] = [environment('one'), environment('two')];
  tidier.note(one);
  tidier.note(two);
  clock.advance(limits.tidyDelayMs);
  one.done();
  await settled();
  clock.advance(0);
  world.isIdle = false;
  two.done();
  await settled();
  clock.advance(limits.tidyDelayMs - 1);
  t.deepEqual(tidied, ['one', 'two']);
  world.isIdle = true;
  clock.advance(1);
  t.deepEqual(tidied, ['one', 'two', 'the heap']);
  clock.advance(limits.tidyDelayMs * 3);
  t.deepEqual(tidied, ['one', 'two', 'the heap']);
});

test('not while something runs, and none that is gone', async (t) => {
  const { clock, world, tidied, tidier, environment } = open();
  const [one, two] = [environment('one'), environment('two')];
  world.isIdle = false;
  tidier.note(one);
  tidier.note(two);
  clock.advance(limits.tidyDelayMs * 3);
  t.deepEqual(tidied, []);
  tidier.forget(one);
  world.isIdle = true;
  clock.advance(limits.tidyDelayMs);
  t.deepEqual(tidied, ['two']);
});
