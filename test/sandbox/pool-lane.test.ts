import test from 'ava';
import { PoolLane } from '../../src/sandbox/pool-lane.ts';

test('so many enter, the others wait in the order they came', async (t) => {
  const pool = new PoolLane(2);
  t.is(pool.enter(), undefined);
  t.is(pool.enter(), undefined);
  const order: string[] = [];
  for (const name of ['third', 'fourth']) {
    const waiting = pool.enter();
    t.truthy(waiting);
    void waiting?.ended.then((how) => order.push(`${name} ${how}`));
  }
  pool.leave();
  await Promise.resolve();
  t.deepEqual(order, ['third entered']);
  pool.leave();
  await Promise.resolve();
  t.deepEqual(order, ['third entered', 'fourth entered']);
  pool.leave();
  pool.leave();
  t.is(pool.enter(), undefined);
});

test('who gives up takes no place', async (t) => {
  const pool = new PoolLane(1);
  pool.enter();
  const first = pool.enter();
  const second = pool.enter();
  first?.cancel();
  pool.leave();
  t.is(await first?.ended, 'cancelled');
  t.is(await second?.ended, 'entered');
});

test('giving up after having entered changes nothing: the place must be left', async (t) => {
  const pool = new PoolLane(1);
  pool.enter();
  const waiting = pool.enter();
  pool.leave();
  waiting?.cancel();
  t.is(await waiting?.ended, 'entered');
  t.truthy(pool.enter());
});
