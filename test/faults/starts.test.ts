/** Sandboxes that start slowly or not at all, behind a fleet (SECURITY.md section 4, R24 and R25). */
import test, { type ExecutionContext } from 'ava';
import { limits } from '../../src/model/limits.ts';
import { createFleet, type FleetOptions } from '../../src/supervisor/fleet.ts';
import { World } from '../simulation/world.ts';

/** On a simulated machine: what takes seconds takes none. */
function fleetOf(t: ExecutionContext) {
  const world = new World(Number(t.title.length));
  const { hostClock: clock, observe, launch } = world;
  const runtime: FleetOptions['runtime'] = { directory: '/nowhere', key: world.runtimeKey, kind: 'snapshot' };
  const fleet = createFleet({ nodePath: '/nowhere', runtime, clock, observe, launch });
  return { world, fleet };
}

const healthy = { spawnFails: 0, startFails: 0, blankDies: 0, createFails: 0, defineFails: 0, destroyFails: 0 };

test('R24: while nothing can be spawned everybody is told, no start is tried without end, and it recovers', async (t) => {
  const { world, fleet } = fleetOf(t);
  world.chances = { ...healthy, spawnFails: 1 };
  const ends: unknown[] = [];
  for (let call = 0; call < 50; call += 1) {
    void fleet.acquire('a').then(
      () => ends.push('ready'),
      (error: { code?: unknown }) => ends.push(error.code),
    );
    await world.pass(100);
  }
  t.deepEqual([...new Set(ends)], ['SandboxStartFailed']);
  t.is(ends.length, 50);
  const triesPerSecond = world.history.filter((line) => line.includes('cannot be spawned')).length / 5;
  t.true(triesPerSecond < 10, `${triesPerSecond} tries a second`);

  world.chances = healthy;
  await world.pass(limits.crashBackoffMsMax);
  const acquired = fleet.acquire('a');
  await world.pass(1_000);
  t.is((await acquired).trustDomain, 'a');
  const closed = fleet.close();
  await world.pass(1_000);
  await closed;
  t.is(world.hostClock.timersArmed, 0);
});

test('R25: callers of slow starts wait, and no more processes start than are wanted', async (t) => {
  const { world, fleet } = fleetOf(t);
  let ready = 0;
  const acquiring = Array.from({ length: 12 }, (_, number) => fleet.acquire(`d${number}`).then(() => (ready += 1)));
  await world.pass(10);
  t.true(world.running().length <= limits.sandboxStartsAtOnceMax);
  await world.pass(5_000);
  t.is(ready, 12);
  await Promise.all(acquiring);
  // One for each, and two spares: so many at once are a burst.
  t.is(world.sandboxes.length, 14);
  const closed = fleet.close();
  await world.pass(1_000);
  await closed;
  t.is(world.running().length, 0);
});

test('R21: a host that was stopped for longer than a start may take loses no start', async (t) => {
  const { world, fleet } = fleetOf(t);
  world.chances = healthy;
  const acquired = fleet.acquire('a');
  await world.pass(1);
  await world.stall(limits.sandboxStartTimeoutMs + 5_000);
  await world.pass(1_000);
  t.is((await acquired).trustDomain, 'a');
  t.deepEqual(
    world.history.filter((line) => line.includes('killed')),
    [],
  );
  const closed = fleet.close();
  await world.pass(1_000);
  await closed;
});
