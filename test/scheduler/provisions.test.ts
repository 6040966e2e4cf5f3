/** Provisioned environments: who gets them, what they are counted against, and who may end them (LAMBDA.md C7.6, C7.7, F4.3, F4.4). */
import test, { type ExecutionContext } from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import type { Demand } from '../../src/scheduler/fleet-view.ts';
import { Lease } from '../../src/scheduler/lease.ts';
import { demandOf, FleetWorld } from './fleet-world.ts';

const one = demandOf('own', { functionKey: 'own:1', versionKey: 'one' });
const latest = demandOf('own');
const other = demandOf('other');
let asked = 0;

function ask(world: FleetWorld, demand: Demand): Lease | Promise<Lease> {
  asked += 1;
  const leased = world.scheduler.acquire(demand, `request-${asked}`);
  world.startAll();
  return leased;
}

function begin(world: FleetWorld, demand: Demand): Lease {
  const leased = ask(world, demand);
  if (leased instanceof Lease) return leased;
  throw new Error('the invocation waits');
}

function end(lease: Lease): void {
  lease.keepWarm();
  lease[Symbol.dispose]();
}

function begun(world: FleetWorld, demand: Demand): Lease {
  asked += 1;
  const lease = world.scheduler.provision(demand, `provision-${asked}`);
  if (!(lease instanceof Lease)) throw new Error(`no room: ${lease.name}`);
  world.startAll();
  lease.started();
  return lease;
}

function provision(world: FleetWorld, demand: Demand, count = 1): readonly string[] {
  return Array.from({ length: count }, () => {
    const lease = begun(world, demand);
    end(lease);
    return lease.berth.environmentId;
  });
}

function throttled(t: ExecutionContext, world: FleetWorld, demand: Demand): string | undefined {
  return t.throws(() => ask(world, demand), { instanceOf: EngineError })?.throttleReason;
}

const ownReason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
const sharedReason = 'ConcurrentInvocationLimitExceeded';

test('an invocation takes a provisioned environment first, one over them an environment of its own', (t) => {
  const world = new FleetWorld();
  const [provisioned] = provision(world, one);
  const first = begin(world, one);
  t.is(first.berth.environmentId, String(provisioned));
  t.is(first.berth.kind, 'warm');
  const second = begin(world, one);
  t.is(second.berth.kind, 'cold');
  end(first);
  end(second);
  t.is(begin(world, one).berth.environmentId, String(provisioned));
});

test('being made it runs no invocation, and no other version gets it', (t) => {
  const world = new FleetWorld();
  const lease = begun(world, one);
  t.is(world.scheduler.stats().running, 0);
  t.deepEqual(world.scheduler.provisioned(one), { allocated: 1, available: 1 });
  end(lease);
  t.is(begin(world, latest).berth.kind, 'cold');
});

test('one whose init failed is gone, and is told of', (t) => {
  const world = new FleetWorld();
  const lease = begun(world, one);
  lease[Symbol.dispose]();
  t.deepEqual(world.removed('discarded'), [lease.berth.environmentId]);
  t.deepEqual(world.scheduler.provisioned(one), { allocated: 0, available: 0 });
  t.is(world.provisionsLost, 1);
});

test('neither time nor want of room ends it', (t) => {
  const world = new FleetWorld({ environmentsMax: 2 });
  provision(world, one);
  end(begin(world, other));
  world.clock.advance(world.idleMs);
  world.scheduler.expire();
  t.deepEqual(world.removed('expired').length, 1);
  const first = begin(world, other);
  t.is(throttled(t, world, latest), sharedReason);
  end(first);
  begin(world, latest);
  t.is(world.removed('evicted').length, 1);
  t.deepEqual(world.scheduler.provisioned(one), { allocated: 1, available: 1 });
});

test('its sandbox makes way for nobody', (t) => {
  const world = new FleetWorld({ sandboxesMax: 1 });
  provision(world, one);
  const stranger = demandOf('stranger', { domain: 'domain:other' });
  t.is(throttled(t, world, stranger), sharedReason);
  world.scheduler.release(one, 0);
  t.is(begin(world, stranger).berth.kind, 'cold');
});

test('where the reserve is all provisioned, who runs on demand is throttled (C7.6)', (t) => {
  const world = new FleetWorld();
  world.scheduler.reserve('own', 2);
  world.scheduler.promise(one, 2);
  t.is(throttled(t, world, latest), ownReason);
  provision(world, one, 2);
  t.is(throttled(t, world, latest), ownReason);
  const leases = [begin(world, one), begin(world, one)];
  t.is(throttled(t, world, one), ownReason);
  for (const lease of leases) end(lease);
});

test('overflow runs on demand within what is left of the reserve (C7.7)', (t) => {
  const world = new FleetWorld();
  world.scheduler.reserve('own', 3);
  world.scheduler.promise(one, 1);
  provision(world, one);
  const leases = [begin(world, one), begin(world, one), begin(world, latest)];
  t.is(throttled(t, world, one), ownReason);
  for (const lease of leases) end(lease);
  t.is(world.scheduler.stats().running, 0);
});

test('without a reserve they are set aside from what all share', (t) => {
  const world = new FleetWorld({ concurrency: 3 });
  world.scheduler.promise(one, 2);
  provision(world, one, 2);
  const shared = begin(world, other);
  t.is(throttled(t, world, other), sharedReason);
  const leases = [begin(world, one), begin(world, one)];
  t.is(throttled(t, world, one), sharedReason);
  for (const lease of [shared, ...leases]) end(lease);
  // A reserve made and taken back counts nobody twice.
  world.scheduler.reserve('own', 2);
  t.is(throttled(t, world, latest), ownReason);
  world.scheduler.reserve('own', undefined);
  world.scheduler.promise(one, 0);
  world.scheduler.release(one, 0);
  const all = [begin(world, other), begin(world, other), begin(world, other)];
  t.is(throttled(t, world, other), sharedReason);
  for (const lease of all) end(lease);
});

test('what runs over a promise that was made later lets nobody past a limit', (t) => {
  const world = new FleetWorld({ concurrency: 2 });
  const leases = [begin(world, other), begin(world, other)];
  world.scheduler.promise(one, 1);
  provision(world, one);
  t.is(throttled(t, world, one), sharedReason);
  for (const lease of leases) end(lease);
  end(begin(world, one));
  t.is(world.scheduler.stats().running, 0);
});

test('one that lost its runtime is nobody’s provision, and the next one takes over its /tmp', (t) => {
  const world = new FleetWorld();
  const [provisioned] = provision(world, one);
  const lease = begin(world, one);
  lease.keepVolume();
  lease[Symbol.dispose]();
  t.deepEqual(world.scheduler.provisioned(one), { allocated: 0, available: 0 });
  t.is(world.provisionsLost, 1);
  const heir = begun(world, one);
  t.is(heir.berth.inheritsFrom, provisioned);
});

test('with its sandbox it is lost once, and its invocation counts until it has ended', (t) => {
  const world = new FleetWorld();
  world.scheduler.promise(one, 1);
  provision(world, one);
  const lease = begin(world, one);
  world.crash(lease.berth.slotId);
  t.is(world.provisionsLost, 1);
  t.is(world.scheduler.stats().running, 1);
  end(lease);
  t.is(world.scheduler.stats().running, 0);
  t.is(world.scheduler.stats().provisioned, 0);
});

test('releasing ends those that nobody uses, then the others after their invocation', (t) => {
  const world = new FleetWorld();
  provision(world, one, 3);
  const busy = begin(world, one);
  world.scheduler.release(one, 1);
  t.is(world.removed('released').length, 2);
  world.scheduler.release(one, 0);
  t.is(world.removed('released').length, 2);
  t.deepEqual(world.scheduler.provisioned(one), { allocated: 0, available: 0 });
  end(busy);
  t.is(world.removed('released').length, 3);
});

test('they go with their version, and what was set aside with them', (t) => {
  const world = new FleetWorld({ concurrency: 1 });
  world.scheduler.promise(one, 1);
  provision(world, one);
  t.is(throttled(t, world, other), sharedReason);
  world.scheduler.forget('own', '1');
  t.is(world.removed('deleted').length, 1);
  end(begin(world, other));
  world.scheduler.promise(one, 1);
  world.scheduler.forget('own');
  end(begin(world, other));
});

test('who waits is served from what was provisioned meanwhile', async (t) => {
  const world = new FleetWorld({ concurrency: 5, environmentsMax: 1, queueMs: 1_000 });
  const running = begin(world, one);
  const waiting = ask(world, one);
  t.true(waiting instanceof Promise);
  running[Symbol.dispose]();
  end(await waiting);
  t.is(world.scheduler.stats().queued, 0);
});

test('a function grows by so many environments in ten seconds (F4.5)', (t) => {
  const world = new FleetWorld({ environmentsPer10s: 2 });
  const leases = [begin(world, latest), begin(world, latest)];
  const error = t.throws(() => ask(world, latest), { instanceOf: EngineError });
  t.is(error?.throttleReason, 'FunctionInvocationRateLimitExceeded');
  t.deepEqual(error?.limit, { name: 'environmentsPer10s', value: 2, reason: 'scaling-rate' });
  t.is(error?.retryAfterMs, 5_000);
  // Others grow by themselves, what is warm is not new, and what is made ahead is not asked for by anybody.
  end(begin(world, other));
  provision(world, one);
  for (const lease of leases) end(lease);
  const warm = [begin(world, latest), begin(world, latest)];
  world.clock.advance(5_000);
  begin(world, latest);
  t.is(throttled(t, world, latest), 'FunctionInvocationRateLimitExceeded');
  for (const lease of warm) end(lease);
});

test('what was not used of the rate is not saved up, and who is quiet is forgotten', (t) => {
  const world = new FleetWorld({ environmentsPer10s: 1 });
  end(begin(world, latest));
  world.clock.advance(100_000);
  world.scheduler.expire();
  begin(world, latest);
  t.is(throttled(t, world, latest), 'FunctionInvocationRateLimitExceeded');
});
