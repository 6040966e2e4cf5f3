import test from 'ava';
import type { Demand } from '../../src/scheduler/fleet-view.ts';
import { demandOf, FleetWorld } from './fleet-world.ts';

/** Runs an invocation from begin to end; answers its environment. */
function run(world: FleetWorld, demand: Demand): string {
  using leased = world.lease(demand);
  leased.keepWarm();
  return leased.berth.environmentId;
}

const greet = demandOf('greet');

test('the second invocation reuses the environment of the first', (t) => {
  const world = new FleetWorld();
  const first = run(world, greet);
  using second = world.lease(greet);
  t.is(second.berth.environmentId, first);
  t.is(second.berth.kind, 'warm');
});

test('parallel invocations get environments of their own, and the most recently used one is taken first', (t) => {
  const world = new FleetWorld();
  const one = world.lease(greet);
  const two = world.lease(greet);
  t.not(one.berth.environmentId, two.berth.environmentId);
  for (const ended of [two, one]) {
    ended.keepWarm();
    ended[Symbol.dispose]();
  }
  t.is(run(world, greet), one.berth.environmentId);
});

test('a lease that is not kept ends its environment', (t) => {
  const world = new FleetWorld();
  const { environmentId } = (() => {
    using leased = world.lease(greet);
    return leased.berth;
  })();
  t.deepEqual(world.removals, [{ environmentId, reason: 'discarded' }]);
  t.is(world.scheduler.stats().memoryReservedMiB, 0);
});

test('disposing a lease twice is harmless', (t) => {
  const world = new FleetWorld();
  const leased = world.lease(greet);
  leased.keepWarm();
  leased[Symbol.dispose]();
  leased[Symbol.dispose]();
  t.like(world.scheduler.stats(), { running: 0, environments: { idle: 1 } });
});

test('an environment whose runtime ended is never reused: an heir in the same sandbox takes over its /tmp', (t) => {
  const world = new FleetWorld();
  const tainted = world.lease(greet);
  tainted.keepVolume();
  tainted[Symbol.dispose]();
  t.deepEqual(world.resets, [tainted.berth.environmentId]);

  using heir = world.lease(greet);
  t.is(heir.berth.kind, 'heir');
  t.is(heir.berth.inheritsFrom, tainted.berth.environmentId);
  t.is(heir.berth.slotId, tainted.berth.slotId);
  t.is(world.scheduler.stats().memoryReservedMiB, 128);
});

test('a warm environment goes before the heir of a reset one', (t) => {
  const world = new FleetWorld();
  const warm = world.lease(greet);
  const tainted = world.lease(greet);
  warm.keepWarm();
  tainted.keepVolume();
  warm[Symbol.dispose]();
  tainted[Symbol.dispose]();
  t.is(run(world, greet), warm.berth.environmentId);
});

test('another version of the function never inherits', (t) => {
  const world = new FleetWorld();
  const tainted = world.lease(greet);
  tainted.keepVolume();
  tainted[Symbol.dispose]();
  using next = world.lease(demandOf('greet', { revision: 2 }));
  t.is(next.berth.kind, 'cold');
  t.deepEqual(world.removed('outdated'), [tainted.berth.environmentId]);
});

test('an update ends idle environments at once and busy ones after their invocation', (t) => {
  const world = new FleetWorld();
  const idle = run(world, greet);
  const busy = world.lease(greet);
  const other = world.lease(greet);
  other.keepWarm();
  other[Symbol.dispose]();
  t.is(busy.berth.environmentId, idle);

  world.scheduler.outdate(demandOf('greet', { revision: 2 }));
  t.deepEqual(world.removed('outdated'), [other.berth.environmentId]);
  busy.keepWarm();
  busy[Symbol.dispose]();
  t.deepEqual(world.removed('outdated'), [other.berth.environmentId, busy.berth.environmentId]);
});

test('an update that nobody announced ends old environments at the next invocation', (t) => {
  const world = new FleetWorld();
  const old = run(world, greet);
  t.not(run(world, demandOf('greet', { revision: 2 })), old);
  t.deepEqual(world.removed('outdated'), [old]);
  // And back: the old version starts anew.
  t.is(world.scheduler.stats().environments.idle, 1);
  t.not(run(world, greet), old);
});

test('a deleted function leaves nothing behind', (t) => {
  const world = new FleetWorld();
  const idle = run(world, greet);
  const busy = world.lease(greet);
  const second = world.lease(greet);
  second.keepVolume();
  second[Symbol.dispose]();
  world.scheduler.forget('greet');
  busy.keepWarm();
  busy[Symbol.dispose]();
  t.is(idle, busy.berth.environmentId);
  t.deepEqual(world.removed('deleted').sort(), [busy.berth.environmentId, second.berth.environmentId].sort());
  t.is(world.scheduler.stats().memoryReservedMiB, 0);
});

test('trust domains never share a sandbox', (t) => {
  const world = new FleetWorld();
  using one = world.lease(demandOf('a', { domain: 'domain:one' }));
  using two = world.lease(demandOf('b', { domain: 'domain:two' }));
  using three = world.lease(demandOf('c', { domain: 'domain:one' }));
  t.not(one.berth.slotId, two.berth.slotId);
  t.is(three.berth.slotId, one.berth.slotId);
});

test('a sandbox inside a long slice is avoided, warm environment or not', (t) => {
  const world = new FleetWorld();
  const warm = run(world, greet);
  const [slotId] = world.slots.keys();
  if (slotId === undefined) return t.fail();
  world.busySlots.add(slotId);
  using elsewhere = world.lease(greet);
  t.not(elsewhere.berth.slotId, slotId);
  t.not(elsewhere.berth.environmentId, warm);
  return undefined;
});

test('when there is nowhere else, a busy sandbox has to do', (t) => {
  const world = new FleetWorld({ sandboxesMax: 1 });
  const warm = run(world, greet);
  for (const slotId of world.slots.keys()) world.busySlots.add(slotId);
  t.is(run(world, greet), warm);
  using other = world.lease(demandOf('other'));
  t.is(world.slots.size, 1);
  t.is(other.berth.kind, 'cold');
});

test('under memory pressure the longest unused environment goes first', (t) => {
  const world = new FleetWorld({ memoryBudgetMiB: 300 });
  const a = run(world, demandOf('a'));
  const b = run(world, demandOf('b'));
  t.is(run(world, demandOf('a')), a);
  run(world, demandOf('c'));
  t.deepEqual(world.removed('evicted'), [b]);
  t.is(world.scheduler.stats().memoryReservedMiB, 256);
});

test('environmentsMax holds, by eviction first and by refusal then', (t) => {
  const world = new FleetWorld({ environmentsMax: 2 });
  const idle = run(world, demandOf('a'));
  using _one = world.lease(demandOf('b'));
  using _two = world.lease(demandOf('c'));
  t.deepEqual(world.removed('evicted'), [idle]);
  t.throws(() => world.lease(demandOf('d')), {
    code: 'TooManyRequestsException',
    message: 'Rate Exceeded.',
  });
});

test('a refusal names the limit that was reached', (t) => {
  const refusal = (limits: ConstructorParameters<typeof FleetWorld>[0], ...demands: Demand[]) => {
    const world = new FleetWorld(limits);
    const error = t.throws(() => demands.map((demand) => world.lease(demand))) as Error & { limit: { name: string } };
    return error.limit.name;
  };
  const a = demandOf('a');
  const b = demandOf('b');
  t.is(refusal({ concurrency: 1 }, a, b), 'concurrency');
  t.is(refusal({ concurrency: 0 }, a), 'concurrency');
  t.is(refusal({ environmentsMax: 1 }, a, b), 'environmentsMax');
  t.is(refusal({ memoryBudgetMiB: 200 }, a, b), 'memoryBudgetMiB');
  t.is(refusal({ sandboxesMax: 1 }, a, demandOf('c', { domain: 'domain:other' })), 'sandboxesMax');
  t.is(refusal({ queueMs: 1000, memoryBudgetMiB: 100 }, a), 'memoryBudgetMiB');
});

test('a refusal for want of concurrency is told to machines as well', (t) => {
  const world = new FleetWorld({ concurrency: 0 });
  const error = t.throws(() => world.lease(demandOf('a'))) as Error & { limit: object };
  t.deepEqual(error.limit, { name: 'concurrency', value: 0, reason: 'concurrency' });
});

test('a sandbox of another domain that runs nothing makes way', (t) => {
  const world = new FleetWorld({ sandboxesMax: 1 });
  const idle = run(world, demandOf('a', { domain: 'domain:one' }));
  using _other = world.lease(demandOf('b', { domain: 'domain:two' }));
  t.deepEqual(world.removed('retired'), [idle]);
  t.is(world.closings.length, 1);
  t.is(world.slots.size, 1);
});

test('a full sandbox makes room by ending its longest unused environment', (t) => {
  const world = new FleetWorld({ sandboxesMax: 1, environmentsPerSandbox: 2 });
  const first = run(world, demandOf('a'));
  run(world, demandOf('b'));
  run(world, demandOf('c'));
  t.deepEqual(world.removed('evicted'), [first]);
});

test('what leaves a full sandbox makes room for the budget once, not twice', (t) => {
  const limits = { sandboxesMax: 1, environmentsPerSandbox: 2, memoryBudgetMiB: 512 };
  const world = new FleetWorld(limits);
  run(world, demandOf('a'));
  run(world, demandOf('b', { memoryMiB: 256 }));
  run(world, demandOf('c', { memoryMiB: 384 }));
  t.true(world.scheduler.stats().memoryReservedMiB <= limits.memoryBudgetMiB);
});

test('a full sandbox is followed by another one while there may be more', (t) => {
  const world = new FleetWorld({ environmentsPerSandbox: 1 });
  run(world, demandOf('a'));
  run(world, demandOf('b'));
  t.is(world.slots.size, 2);
});

test('idle environments expire, oldest first, and then the sandbox that holds none', (t) => {
  const world = new FleetWorld({ environmentIdleMs: 1000 });
  const a = run(world, demandOf('a'));
  world.clock.advance(600);
  const b = run(world, demandOf('b'));
  world.clock.advance(400);
  world.scheduler.expire();
  t.deepEqual(world.removed('expired'), [a]);
  t.is(world.slots.size, 1);
  world.clock.advance(600);
  world.scheduler.expire();
  t.deepEqual(world.removed('expired'), [a, b]);
  t.is(world.slots.size, 0);
});

test('a draining sandbox takes nothing new and ends with its last invocation', (t) => {
  const world = new FleetWorld();
  const busy = world.lease(greet);
  const idle = run(world, demandOf('other'));
  const { slotId } = busy.berth;
  world.scheduler.drain(slotId, 'old');
  t.deepEqual(world.removed('retired'), [idle]);
  using next = world.lease(demandOf('other'));
  t.not(next.berth.slotId, slotId);
  t.deepEqual(world.closings, []);
  busy.keepWarm();
  busy[Symbol.dispose]();
  t.deepEqual(world.closings, [{ slotId, reason: 'old' }]);
});

test('a lost sandbox takes its environments with it; the leases end without harm', (t) => {
  const world = new FleetWorld();
  const idle = run(world, demandOf('other'));
  const busy = world.lease(greet);
  world.crash(busy.berth.slotId);
  world.crash(busy.berth.slotId);
  t.deepEqual(world.removed('lost').sort(), [idle, busy.berth.environmentId].sort());
  t.is(world.scheduler.stats().running, 1);
  busy.keepWarm();
  busy[Symbol.dispose]();
  t.like(world.scheduler.stats(), { running: 0, memoryReservedMiB: 0, slots: [] });
});

test('with queueMs, an invocation over the concurrency waits for its turn, first come first served', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1000 });
  const running = world.lease(greet);
  const order: string[] = [];
  const waiting = ['a', 'b'].map(async (name) => {
    using leased = await world.scheduler.acquire(demandOf(name), name);
    order.push(name);
    leased.keepWarm();
  });
  t.is(world.scheduler.stats().queued, 2);
  running[Symbol.dispose]();
  await Promise.all(waiting);
  t.deepEqual(order, ['a', 'b']);
  t.is(world.clock.timersArmed, 0);
});

test('a wait ends after queueMs with the throttle', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1000 });
  using _running = world.lease(greet);
  const waiting = world.scheduler.acquire(greet, 'late');
  world.clock.advance(1000);
  await t.throwsAsync(Promise.resolve(waiting), { code: 'TooManyRequestsException' });
  t.like(world.scheduler.stats(), { queued: 0, running: 1 });
});

test('aborting ends a wait with the reason of the signal', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1000 });
  using _running = world.lease(greet);
  const abort = new AbortController();
  const waiting = world.scheduler.acquire(greet, 'impatient', abort.signal);
  abort.abort(new Error('enough'));
  await t.throwsAsync(Promise.resolve(waiting), { message: 'enough' });
  t.is(world.clock.timersArmed, 0);
});

test('who needs no room passes those who wait for room', async (t) => {
  const world = new FleetWorld({ memoryBudgetMiB: 256, queueMs: 1000 });
  const warm = run(world, greet);
  using busy = world.lease(demandOf('busy'));
  const waiting = world.scheduler.acquire(demandOf('large', { memoryMiB: 256 }), 'large');
  t.is(world.scheduler.stats().queued, 1);
  t.is(run(world, greet), warm);
  t.throws(() => world.scheduler.acquire(demandOf('huge', { memoryMiB: 512 }), 'huge'));
  busy[Symbol.dispose]();
  const large = await waiting;
  t.is(large.berth.kind, 'cold');
  large[Symbol.dispose]();
});

test('an invocation that waited through an update runs its old version once, and nothing of it stays', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1000 });
  const running = world.lease(demandOf('other'));
  const waiting = world.scheduler.acquire(greet, 'old');
  world.scheduler.outdate(demandOf('greet', { revision: 2 }));
  running[Symbol.dispose]();
  const old = await waiting;
  old.keepWarm();
  old[Symbol.dispose]();
  t.deepEqual(world.removed('outdated'), [old.berth.environmentId]);
});

test('a moved invocation stays admitted and gets another environment', async (t) => {
  const world = new FleetWorld({ concurrency: 1 });
  const leased = world.lease(greet);
  const { slotId, environmentId } = leased.berth;
  world.crash(slotId);
  await leased.move(greet);
  t.not(leased.berth.slotId, slotId);
  t.not(leased.berth.environmentId, environmentId);
  t.throws(() => world.lease(greet), { code: 'TooManyRequestsException' });
  leased[Symbol.dispose]();
  t.is(world.scheduler.stats().running, 0);
});

test('a move that finds no place ends the lease', async (t) => {
  const world = new FleetWorld({ sandboxesMax: 1 });
  const leased = world.lease(greet);
  await t.throwsAsync(leased.move({ ...greet, memoryMiB: 1_000_000 }), { code: 'TooManyRequestsException' });
  leased[Symbol.dispose]();
  t.is(world.scheduler.stats().running, 0);
});

test('closing refuses who waits and who comes, and ends sandboxes as their invocations end', async (t) => {
  const world = new FleetWorld({ concurrency: 1, queueMs: 1000 });
  const running = world.lease(greet);
  const waiting = world.scheduler.acquire(greet, 'waiting');
  world.scheduler.close();
  world.scheduler.close();
  await t.throwsAsync(Promise.resolve(waiting), { code: 'EngineClosed' });
  t.throws(() => world.lease(greet), { code: 'EngineClosed' });
  running.keepWarm();
  running[Symbol.dispose]();
  await world.scheduler.whenEnded();
  t.is(world.slots.size, 0);
  t.like(world.scheduler.stats(), { running: 0, queued: 0, memoryReservedMiB: 0, slots: [] });
});

test('a lease warmed up costs the same with one function and with 10,000', (t) => {
  const world = new FleetWorld({
    environmentsMax: 20_000,
    memoryBudgetMiB: 10_000_000,
    environmentsPerSandbox: 20_000,
  });
  const demands = Array.from({ length: 10_000 }, (_, index) => demandOf(`f${index}`));
  for (const demand of demands) run(world, demand);
  t.is(world.scheduler.stats().environments.idle, 10_000);
  const perRunMs = (count: number, pick: (index: number) => Demand): number => {
    const started = performance.now();
    for (let index = 0; index < count; index += 1) run(world, pick(index));
    return (performance.now() - started) / count;
  };
  const first = demands[0] ?? demandOf('f0');
  perRunMs(20_000, () => first);
  const one = perRunMs(20_000, () => first);
  const many = perRunMs(20_000, (index) => demands[(index * 7919) % 10_000] ?? first);
  t.log(`one function ${(one * 1000).toFixed(2)} us, 10,000 functions ${(many * 1000).toFixed(2)} us per lease`);
  // Cache misses cost something; what grows with the number of functions would cost a thousand times more.
  t.true(many < one * 20);
});
