/** What one trust domain may take from others, and what it may not. */
import test from 'ava';
import type { Demand } from '../../src/scheduler/fleet-view.ts';
import type { Lease } from '../../src/scheduler/lease.ts';
import { demandOf, FleetWorld } from './fleet-world.ts';

/** Begins so many invocations at once, and answers their leases. */
function burst(world: FleetWorld, demand: Demand, count: number): Lease[] {
  return Array.from({ length: count }, () => world.lease(demand));
}

/** Leaves so many idle environments behind. */
function warm(world: FleetWorld, demand: Demand, count: number): string[] {
  return burst(world, demand, count).map((leased) => {
    leased.keepWarm();
    leased[Symbol.dispose]();
    return leased.berth.environmentId;
  });
}

function end(leases: readonly Lease[]): void {
  for (const leased of leases) {
    leased.keepWarm();
    leased[Symbol.dispose]();
  }
}

const loud = demandOf('loud', { domain: 'domain:loud' });
const quiet = demandOf('quiet', { domain: 'domain:quiet' });
const third = demandOf('third', { domain: 'domain:third' });

const limitOf = (error: unknown) => (error as { limit?: object } | undefined)?.limit;

test('a domain uses all that is free, and a neighbour’s environments within its share stay warm', (t) => {
  const world = new FleetWorld({ environmentsMax: 10 });
  const neighbours = warm(world, quiet, 3);
  const leases = burst(world, loud, 7);
  const error = t.throws(() => world.lease(loud));
  t.like(limitOf(error), { name: 'environmentsMax', reason: 'environments', value: 10 });
  t.deepEqual(world.removals, []);
  end(leases);
  const [again] = warm(world, quiet, 1);
  t.true(neighbours.includes(again ?? ''));
});

test('who holds more than a share gives up what it does not use, the longest unused first', (t) => {
  const world = new FleetWorld({ environmentsMax: 10 });
  warm(world, quiet, 2);
  const idle = warm(world, loud, 8);
  world.clock.advance(10);
  burst(world, third, 3);
  t.deepEqual(world.removed('evicted'), idle.slice(0, 3));
});

test('a domain with more than its share makes room for itself among its own', (t) => {
  const world = new FleetWorld({ environmentsMax: 10 });
  warm(world, quiet, 2);
  const idle = warm(world, loud, 8);
  world.lease(demandOf('other', { domain: 'domain:loud' }));
  t.deepEqual(world.removed('evicted'), idle.slice(0, 1));
});

test('memory is shared as environments are', (t) => {
  const world = new FleetWorld({ memoryBudgetMiB: 1_000 });
  warm(world, quiet, 3);
  burst(world, loud, 4);
  const error = t.throws(() => world.lease(loud));
  t.like(limitOf(error), { name: 'memoryBudgetMiB', reason: 'memory-budget' });
  t.deepEqual(world.removed('evicted'), []);
});

test('a domain that runs nothing gets its first environment, whatever its share', (t) => {
  const world = new FleetWorld({ memoryBudgetMiB: 1_000 });
  warm(world, quiet, 3);
  warm(world, third, 3);
  world.lease(demandOf('large', { domain: 'domain:large', memoryMiB: 1_000 }));
  t.is(world.removed('evicted').length, 6);
});

test('idle sandboxes of a domain with too many make way, not those of its neighbours', (t) => {
  const world = new FleetWorld({ sandboxesMax: 4, environmentsPerSandbox: 1 });
  warm(world, quiet, 1);
  world.clock.advance(10);
  warm(world, loud, 3);
  world.lease(third);
  t.deepEqual(
    world.closings.map(({ slotId }) => slotId),
    [2],
  );
  t.throws(() => {
    burst(world, loud, 3);
  });
  t.true([...world.slots.values()].includes('domain:quiet'));
});

test('when all sandboxes of a domain with too many are in use, one takes nothing new until somebody else has it', (t) => {
  const world = new FleetWorld({ sandboxesMax: 2, environmentsPerSandbox: 1 });
  const [first, second] = burst(world, loud, 2);
  t.like(limitOf(t.throws(() => world.lease(quiet))), { name: 'sandboxesMax', reason: 'sandboxes' });
  // Asking again ends no second one.
  t.throws(() => world.lease(quiet));
  end([first as Lease]);
  t.is(world.closings.length, 1);
  // What became free is for whoever was refused.
  t.throws(() => world.lease(loud));
  using _quiet = world.lease(quiet);
  t.deepEqual([...world.slots.values()].toSorted(), ['domain:loud', 'domain:quiet']);
  end([second as Lease]);
});

test('room that was made and that nobody takes is anybody’s again', (t) => {
  const world = new FleetWorld({ sandboxesMax: 2, environmentsPerSandbox: 1 });
  const [first] = burst(world, loud, 2);
  t.throws(() => world.lease(quiet));
  end([first as Lease]);
  t.throws(() => world.lease(loud));
  world.clock.advance(5_000);
  world.scheduler.expire();
  t.notThrows(() => world.lease(loud));
});

test('a quota of environments holds, by eviction of its own first and by refusal then', (t) => {
  const world = new FleetWorld({ environmentsPerDomain: 2 });
  const [idle] = warm(world, demandOf('old', { domain: 'domain:loud' }), 1);
  burst(world, loud, 2);
  t.deepEqual(world.removed('evicted'), [idle]);
  t.like(limitOf(t.throws(() => world.lease(loud))), {
    name: 'environmentsPerDomain',
    reason: 'environments-per-domain',
    value: 2,
  });
  t.notThrows(() => world.lease(quiet));
});

test('a quota of all there is is none: the engine is full then', (t) => {
  const world = new FleetWorld({ environmentsMax: 2, environmentsPerDomain: 2 });
  burst(world, loud, 2);
  t.like(limitOf(t.throws(() => world.lease(loud))), { reason: 'environments' });
  const processes = new FleetWorld({ sandboxesMax: 1, sandboxesPerDomain: 1, environmentsPerSandbox: 1 });
  burst(processes, loud, 1);
  t.like(limitOf(t.throws(() => processes.lease(loud))), { reason: 'sandboxes' });
});

test('a quota of sandboxes holds, and a sandbox on its way out may be replaced', (t) => {
  const world = new FleetWorld({ sandboxesPerDomain: 1, environmentsPerSandbox: 1 });
  const [first] = burst(world, loud, 1);
  t.like(limitOf(t.throws(() => world.lease(loud))), {
    name: 'sandboxesPerDomain',
    reason: 'sandboxes-per-domain',
    value: 1,
  });
  t.notThrows(() => world.lease(quiet));
  world.scheduler.drain(first?.berth.slotId ?? 0, 'worn');
  t.notThrows(() => world.lease(loud));
});

test('who waits for its own quota keeps nobody else waiting', async (t) => {
  const world = new FleetWorld({ environmentsPerDomain: 1, queueMs: 1_000 });
  const [running] = burst(world, loud, 1);
  const waiting = world.scheduler.acquire(loud, 'waiting');
  t.notThrows(() => world.lease(quiet));
  t.is(world.scheduler.stats().queued, 1);
  end([running as Lease]);
  const served = await waiting;
  t.is(served.berth.kind, 'warm');
  served[Symbol.dispose]();
});

test('domains take turns, however many invocations of one wait', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1_000 });
  const [running] = burst(world, loud, 1);
  const order: string[] = [];
  const ask = async (demand: Demand, name: string) => {
    using leased = await world.scheduler.acquire(demand, name);
    order.push(name);
    leased.keepWarm();
  };
  const waiting = [
    ask(loud, 'l1'),
    ask(loud, 'l2'),
    ask(loud, 'l3'),
    ask(quiet, 'q1'),
    ask(third, 't1'),
    ask(quiet, 'q2'),
  ];
  end([running as Lease]);
  await Promise.all(waiting);
  t.deepEqual(order, ['l1', 'q1', 't1', 'l2', 'q2', 'l3']);
  t.is(world.clock.timersArmed, 0);
});

test('a refusal costs the same beside thousands of environments that nobody may take', (t) => {
  const costMs = (count: number) => {
    const world = new FleetWorld({
      environmentsMax: 2 * count + 1,
      environmentsPerSandbox: 20_000,
      concurrency: 20_000,
      memoryBudgetMiB: 1e9,
    });
    warm(world, quiet, count);
    const leases = burst(world, loud, count + 1);
    // The best of many short rounds: a busy machine disturbs some of them.
    let bestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 100; round += 1) {
      const fromMs = performance.now();
      for (let asked = 0; asked < 5; asked += 1) t.throws(() => world.scheduler.acquire(loud, 'refused'));
      bestMs = Math.min(bestMs, (performance.now() - fromMs) / 5);
    }
    t.deepEqual(world.removals, []);
    end(leases);
    return bestMs;
  };
  costMs(100);
  const [few, many] = [costMs(100), costMs(4_000)];
  t.log(`${(few * 1000).toFixed(1)} us beside 100, ${(many * 1000).toFixed(1)} us beside 4,000`);
  t.true(many < few * 10, `${few} ms, then ${many} ms`);
});

/** A function of the loud domain that was secluded. */
const secluded = (name: string, options: Partial<Demand> = {}): Demand =>
  demandOf(name, { domain: `function:${name}`, owner: 'domain:loud', ...options });

test('functions that were secluded have the share of their trust domain together', (t) => {
  const world = new FleetWorld({ environmentsMax: 6, sandboxesMax: 20 });
  const neighbours = warm(world, quiet, 3);
  for (const name of ['a', 'b', 'c']) world.lease(secluded(name));
  const error = t.throws(() => world.lease(secluded('d')));
  t.like(limitOf(error), { name: 'environmentsMax' });
  t.deepEqual(world.removals, []);
  const [again] = warm(world, quiet, 1);
  t.true(neighbours.includes(again ?? ''));
});

test('nor do their sandboxes push out those of a neighbour', (t) => {
  const world = new FleetWorld({ sandboxesMax: 4, environmentsPerSandbox: 1 });
  warm(world, quiet, 2);
  for (const name of ['a', 'b']) world.lease(secluded(name));
  t.throws(() => world.lease(secluded('c')));
  t.deepEqual(world.closings, []);
});

test('the quotas of a trust domain hold for them, too', (t) => {
  const environments = new FleetWorld({ environmentsPerDomain: 2 });
  burst(environments, loud, 1);
  environments.lease(secluded('a'));
  t.like(limitOf(t.throws(() => environments.lease(secluded('b')))), { reason: 'environments-per-domain' });
  const sandboxes = new FleetWorld({ sandboxesPerDomain: 2 });
  burst(sandboxes, loud, 1);
  sandboxes.lease(secluded('a'));
  t.like(limitOf(t.throws(() => sandboxes.lease(secluded('b')))), { reason: 'sandboxes-per-domain' });
});

test('at its quota of sandboxes, one that a trust domain does not use makes way for another function of it', (t) => {
  const world = new FleetWorld({ sandboxesPerDomain: 2, sandboxesMax: 4 });
  warm(world, quiet, 1);
  warm(world, secluded('a'), 1);
  world.clock.advance(10);
  warm(world, secluded('b'), 1);
  t.notThrows(() => world.lease(secluded('c')));
  t.deepEqual([...world.slots.values()].toSorted(), ['domain:quiet', 'function:b', 'function:c']);
});
