import test, { type ExecutionContext } from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import type { Demand } from '../../src/scheduler/fleet-view.ts';
import { Lease } from '../../src/scheduler/lease.ts';
import { demandOf, FleetWorld } from './fleet-world.ts';

const own = demandOf('own');
const other = demandOf('other');
let requests = 0;

function ask(world: FleetWorld, demand: Demand): Lease | Promise<Lease> {
  requests += 1;
  const leased = world.scheduler.acquire(demand, `request-${requests}`);
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

function throttled(t: ExecutionContext, world: FleetWorld, demand: Demand): string | undefined {
  return t.throws(() => ask(world, demand), { instanceOf: EngineError })?.throttleReason;
}

const ownReason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
const sharedReason = 'ConcurrentInvocationLimitExceeded';

test('a reserve is a maximum: over it the reason is the function’s own (C4.12)', (t) => {
  const world = new FleetWorld({ concurrency: 10 });
  world.scheduler.reserve('own', 2);
  const first = begin(world, own);
  const second = begin(world, own);
  t.is(throttled(t, world, own), ownReason);
  t.is(world.scheduler.stats().running, 2);
  end(first);
  end(begin(world, own));
  end(second);
  t.is(world.scheduler.stats().running, 0);
});

test('a reserve is a guarantee: others share what is left', (t) => {
  const world = new FleetWorld({ concurrency: 3 });
  world.scheduler.reserve('own', 2);
  const shared = begin(world, other);
  t.is(throttled(t, world, other), sharedReason);
  const leases = [begin(world, own), begin(world, own)];
  t.is(throttled(t, world, own), ownReason);
  end(shared);
  end(begin(world, other));
  for (const lease of leases) end(lease);
});

test('a reserve of 0 switches a function off and leaves the others alone', (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1_000 });
  world.scheduler.reserve('own', 0);
  t.is(throttled(t, world, own), ownReason, 'at once, although others could wait');
  end(begin(world, other));
  world.scheduler.reserve('own', undefined);
  end(begin(world, own));
});

test('all versions of a function share its reserve', (t) => {
  const world = new FleetWorld();
  world.scheduler.reserve('own', 1);
  const lease = begin(world, demandOf('own', { functionKey: 'own:1', versionKey: 'one' }));
  t.is(throttled(t, world, demandOf('own', { functionKey: 'own:2', versionKey: 'two' })), ownReason);
  end(lease);
});

test('what runs already counts against a reserve that is made, and against one that is lowered', (t) => {
  const world = new FleetWorld({ concurrency: 4 });
  const leases = [begin(world, own), begin(world, own)];
  world.scheduler.reserve('own', 2);
  t.is(throttled(t, world, own), ownReason);
  world.scheduler.reserve('own', 1);
  const [first, second] = leases;
  if (first !== undefined) end(first);
  t.is(throttled(t, world, own), ownReason);
  if (second !== undefined) end(second);
  end(begin(world, own));

  // Nobody of the others may be counted twice when the reserve goes.
  world.scheduler.reserve('own', undefined);
  const all = [own, own, other, other].map((demand) => begin(world, demand));
  t.is(throttled(t, world, own), sharedReason);
  for (const lease of all) end(lease);
});

test('a reserve that is lowered below what runs lets nobody past the concurrency of the engine', (t) => {
  const world = new FleetWorld({ concurrency: 3 });
  const leases = [begin(world, own), begin(world, own)];
  world.scheduler.reserve('own', 0);
  leases.push(begin(world, other));
  t.is(throttled(t, world, other), sharedReason);
  for (const lease of leases) end(lease);
  t.is(world.scheduler.stats().running, 0);
});

test('who has a reserve does not wait behind those who wait for theirs', async (t) => {
  const world = new FleetWorld({ concurrency: 2, queueMs: 1_000 });
  world.scheduler.reserve('own', 1);
  const running = begin(world, other);
  const waiting = ask(world, other);
  t.true(waiting instanceof Promise);
  end(begin(world, own));
  end(running);
  end(await waiting);
});

test('where everything is reserved nobody else waits in vain', (t) => {
  const world = new FleetWorld({ concurrency: 2, queueMs: 1_000 });
  world.scheduler.reserve('own', 2);
  t.is(throttled(t, world, other), sharedReason);
});

test('who waits while its function is switched off is refused, and those behind go on', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1_000 });
  const running = begin(world, other);
  const off = ask(world, own);
  const behind = ask(world, other);
  world.scheduler.reserve('own', 0);
  const error = await t.throwsAsync(async () => await off, { instanceOf: EngineError });
  t.is(error?.throttleReason, ownReason);
  end(running);
  end(await behind);
});

test('the reserve goes with its function; that of a lost sandbox is given back once', (t) => {
  const world = new FleetWorld({ concurrency: 2 });
  world.scheduler.reserve('own', 1);
  const lost = begin(world, own);
  world.crash(lost.berth.slotId);
  t.is(throttled(t, world, own), ownReason, 'its invocation has not ended yet');
  end(lost);
  end(begin(world, own));
  world.scheduler.forget('own');
  end(begin(world, own));
  const leases = [begin(world, other), begin(world, other)];
  for (const lease of leases) end(lease);
  t.is(world.scheduler.stats().running, 0);
});

test('a version that was deleted loses its environments, the other versions keep theirs', (t) => {
  const world = new FleetWorld();
  const one = demandOf('own', { functionKey: 'own:1', versionKey: 'one' });
  const two = demandOf('own', { functionKey: 'own:2', versionKey: 'two' });
  const first = begin(world, one);
  const second = begin(world, two);
  end(first);
  end(second);
  world.scheduler.forget('own', '1');
  t.deepEqual(world.removals, [{ environmentId: first.berth.environmentId, reason: 'deleted' }]);
  t.is(begin(world, two).berth.kind, 'warm');
});
