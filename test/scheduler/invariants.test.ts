/**
 * Thousands of random histories against the scheduler's promises. The model keeps its own books from what leases and the port
 * say, so that a mistake in the scheduler's account shows. A failure prints fast-check's seed and the shortest history.
 */
import test from 'ava';
import fc from 'fast-check';
import type { Demand, SchedulerLimits } from '../../src/scheduler/fleet-view.ts';
import { Lease } from '../../src/scheduler/lease.ts';
import { demandOf, FleetWorld, type Removal } from './fleet-world.ts';

const tight: SchedulerLimits = {
  concurrency: 3,
  memoryBudgetMiB: 800,
  environmentsMax: 5,
  environmentIdleMs: 50,
  sandboxesMax: 2,
  environmentsPerSandbox: 3,
  environmentsPerDomain: 4,
  sandboxesPerDomain: 2,
  environmentsPer10s: 1_000_000,
  requestsPerConcurrency: 0,
  queueMs: 100,
  invocationsQueuedMax: 4,
};

const functions = [
  { name: 'a', domain: 'domain:one', memoryMiB: 128 },
  { name: 'b', domain: 'domain:one', memoryMiB: 256 },
  { name: 'c', domain: 'domain:two', memoryMiB: 128 },
  { name: 'd', domain: 'function:d', memoryMiB: 512 },
  { name: 'e', domain: 'domain:two', memoryMiB: 2000 },
];

const index = fc.nat({ max: 20 });
const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('invoke' as const), function: fc.nat({ max: 4 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: index,
      how: fc.constantFrom('keepWarm' as const, 'keepVolume' as const, 'discard' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('started' as const), which: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), which: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ready' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), which: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('busy' as const), which: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), which: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 80 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('update' as const), function: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), function: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seclude' as const), function: fc.nat({ max: 4 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      function: fc.nat({ max: 2 }),
      concurrency: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('provision' as const), function: fc.nat({ max: 2 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('provisioned' as const),
      which: index,
      how: fc.constantFrom('keepWarm' as const, 'discard' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('promise' as const, 'release' as const),
      function: fc.nat({ max: 2 }),
      environments: fc.nat({ max: 2 }),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

interface Invocation {
  readonly demand: Demand;
  readonly abort: AbortController;
  lease: Lease | undefined;
  /** What it runs in, or ran in until that was lost. */
  made: 'on-demand' | 'ahead';
  state: 'waiting' | 'running' | 'moving' | 'ended';
}

/** An environment that is being made ahead. */
interface Making {
  readonly lease: Lease;
  isOver: boolean;
}

/** What the model believes of an environment that a lease has shown it. */
interface Known {
  readonly demand: Demand;
  readonly slotId: number;
  holder: Invocation | Making | undefined;
  readonly made: 'on-demand' | 'ahead';
  /** How its last holder left it. */
  left: 'keepWarm' | 'keepVolume' | undefined;
}

class Model {
  readonly world = new FleetWorld(tight);
  readonly invocations: Invocation[] = [];
  readonly environments = new Map<string, Known>();
  readonly #revisions = new Map<string, number>();
  readonly #secluded = new Set<string>();
  readonly #started = new Set<string>();
  readonly #drained = new Set<number>();
  /** Function -> the version that was announced or invoked last. */
  readonly #current = new Map<string, string>();
  readonly #reserves = new Map<string, number>();
  readonly #promises = new Map<string, number>();
  readonly makings: Making[] = [];

  async apply(event: Event): Promise<void> {
    const before = this.#holdings();
    const removed = this.world.removals.length;
    await this.#act(event);
    if (event.do === 'invoke') this.#checkFairness(before, this.world.removals.slice(removed));
    this.#reconcile();
  }

  async #act(event: Event): Promise<void> {
    const { world } = this;
    switch (event.do) {
      case 'invoke':
        this.#invoke(this.#demand(event.function));
        break;
      case 'end':
        this.end(this.#running(event.which), event.how);
        break;
      case 'started':
        this.#start(this.#running(event.which));
        break;
      case 'move':
        this.#move(this.#running(event.which));
        break;
      case 'ready':
        world.startAll();
        break;
      case 'crash':
        this.#onSlot(event.which, (slotId) => world.crash(slotId));
        break;
      case 'busy':
        this.#onSlot(event.which, (slotId) => {
          if (!world.busySlots.delete(slotId)) world.busySlots.add(slotId);
        });
        break;
      case 'drain':
        this.#onSlot(event.which, (slotId) => {
          this.#drained.add(slotId);
          world.scheduler.drain(slotId, 'drained');
        });
        break;
      case 'pass':
        world.clock.advance(event.ms);
        world.scheduler.expire();
        break;
      case 'update': {
        const { name } = functions[event.function] ?? { name: 'a' };
        this.#revisions.set(name, (this.#revisions.get(name) ?? 1) + 1);
        // Half of the changes are announced; the others show at the next invocation.
        if ((this.#revisions.get(name) ?? 0) % 2 === 0) {
          const demand = this.#demand(event.function);
          this.#current.set(name, demand.versionKey);
          world.scheduler.outdate(demand);
        }
        break;
      }
      case 'delete':
        this.#current.delete(functions[event.function]?.name ?? 'a');
        this.#reserves.delete(functions[event.function]?.name ?? 'a');
        this.#promises.delete(functions[event.function]?.name ?? 'a');
        world.scheduler.forget(functions[event.function]?.name ?? 'a');
        break;
      case 'reserve': {
        const { name } = functions[event.function] ?? { name: 'a' };
        if (event.concurrency === undefined) this.#reserves.delete(name);
        else this.#reserves.set(name, event.concurrency);
        world.scheduler.reserve(name, event.concurrency);
        break;
      }
      case 'seclude':
        this.#secluded.add(functions[event.function]?.name ?? 'a');
        break;
      case 'provision':
        this.#provision(this.#demand(event.function));
        break;
      case 'provisioned': {
        const open = this.makings.filter(({ isOver }) => !isOver);
        this.endMaking(open[event.which % Math.max(1, open.length)], event.how);
        break;
      }
      case 'promise': {
        const demand = this.#demand(event.function);
        this.#promises.set(demand.functionName, event.environments);
        world.scheduler.promise(demand, event.environments);
        break;
      }
      case 'release':
        world.scheduler.release(this.#demand(event.function), event.environments);
        break;
      case 'abort': {
        const waiting = this.invocations.filter((invocation) => invocation.state === 'waiting');
        waiting[event.which % Math.max(1, waiting.length)]?.abort.abort(new Error('aborted'));
        break;
      }
      default:
        event satisfies never;
    }
    await settle();
  }

  end(invocation: Invocation | undefined, how: 'keepWarm' | 'keepVolume' | 'discard'): void {
    if (invocation?.state !== 'running' || invocation.lease === undefined) return;
    const known = this.environments.get(invocation.lease.berth.environmentId);
    if (known !== undefined) {
      known.holder = undefined;
      known.left = how === 'discard' ? undefined : how;
    }
    if (how !== 'discard') invocation.lease[how]();
    invocation.lease[Symbol.dispose]();
    invocation.state = 'ended';
  }

  #provision(demand: Demand): void {
    const before = this.world.scheduler.stats().running;
    this.#current.set(demand.functionName, demand.versionKey);
    const lease = this.world.scheduler.provision(demand, `p${this.makings.length}`);
    if (!(lease instanceof Lease)) return;
    atMost('running because of a provision', this.world.scheduler.stats().running, before);
    const making: Making = { lease, isOver: false };
    this.makings.push(making);
    const { environmentId, slotId, kind } = lease.berth;
    if (kind === 'warm') throw new Broken('a provision took what was there');
    if (this.#drained.has(slotId)) throw new Broken('a draining sandbox gets a provision');
    this.environments.set(environmentId, { demand, slotId, holder: making, left: undefined, made: 'ahead' });
  }

  endMaking(making: Making | undefined, how: 'keepWarm' | 'discard'): void {
    if (making === undefined || making.isOver) return;
    making.isOver = true;
    const known = this.environments.get(making.lease.berth.environmentId);
    if (known !== undefined) {
      known.holder = undefined;
      known.left = how === 'keepWarm' ? how : undefined;
    }
    if (how === 'keepWarm') making.lease.keepWarm();
    making.lease[Symbol.dispose]();
  }

  check(): void {
    const { world } = this;
    const { running, queued, memoryReservedMiB, environments, slots, provisioned } = world.scheduler.stats();
    const living = [...this.environments.values()];
    equal('environments', sum(Object.values(environments)), living.length);
    equal('memory reserved', memoryReservedMiB, sum(living.map((known) => known.demand.memoryMiB)));
    equal('running', running, this.invocations.filter(({ state }) => state === 'running').length);
    equal('queued', queued, this.invocations.filter(({ state }) => state === 'waiting' || state === 'moving').length);
    equal('slots', slots.length, world.slots.size);
    atMost('memory reserved', memoryReservedMiB, tight.memoryBudgetMiB);
    atMost('environments', living.length, tight.environmentsMax);
    atMost('sandboxes', slots.length, tight.sandboxesMax);
    atMost('running', running, tight.concurrency);
    for (const slot of slots) atMost('environments of a sandbox', slot.environments, tight.environmentsPerSandbox);
    for (const domain of new Set(slots.map((slot) => slot.domain))) {
      const own = slots.filter((slot) => slot.domain === domain);
      atMost('environments of a domain', sum(own.map((slot) => slot.environments)), tight.environmentsPerDomain);
    }
    // Everything unused can be ended for whoever is first in line, so with nothing running nobody may wait.
    // But for what is provisioned, which is nobody's to end.
    const isStuck = queued > 0 && running === 0 && provisioned === 0 && this.makings.every(({ isOver }) => isOver);
    if (isStuck) throw new Error('an invocation waits although nothing runs');
    // Whoever can start has started: looking again starts nobody.
    world.scheduler.outdate({ functionName: 'nobody', functionKey: 'nobody', versionKey: 'nobody' });
    equal('queued after looking again', world.scheduler.stats().queued, queued);
    for (const { demand, holder } of living) {
      const isOld = this.#current.get(demand.functionName) !== demand.versionKey;
      if (holder === undefined && isOld) throw new Error('an environment of an old version stays');
    }
  }

  /** By domain: what it holds, and how much of it runs. */
  #holdings(): Map<string, Holding> {
    const holdings = new Map<string, Holding>();
    for (const domain of this.world.slots.values()) holdings.set(domain, { environments: 0, memoryMiB: 0, running: 0 });
    for (const { demand, slotId, holder } of this.environments.values()) {
      const domain = this.world.slots.get(slotId) ?? demand.domain;
      const { environments, memoryMiB, running } = holdings.get(domain) ?? {
        environments: 0,
        memoryMiB: 0,
        running: 0,
      };
      holdings.set(domain, {
        environments: environments + 1,
        memoryMiB: memoryMiB + demand.memoryMiB,
        running: running + (holder === undefined ? 0 : 1),
      });
    }
    return holdings;
  }

  /** Nobody within its share loses an environment to somebody who has more than one. */
  #checkFairness(before: Map<string, Holding>, removals: readonly Removal[]): void {
    const asker = this.invocations.at(-1)?.demand;
    // Others ended for other reasons first, so the decision was made on something else than what is known here.
    if (asker === undefined || removals.some(({ reason }) => reason !== 'evicted')) return;
    const domains = before.size + (before.has(asker.domain) ? 0 : 1);
    const isOver = ({ environments, memoryMiB }: Holding): boolean =>
      environments > Math.max(1, Math.floor(tight.environmentsMax / domains)) ||
      memoryMiB > Math.max(1, Math.floor(tight.memoryBudgetMiB / domains));
    const own = before.get(asker.domain) ?? { environments: 0, memoryMiB: 0, running: 0 };
    const after = { ...own, environments: own.environments + 1, memoryMiB: own.memoryMiB + asker.memoryMiB };
    if (own.running === 0 || !isOver(after)) return;
    for (const { environmentId } of removals) {
      const { domain } = this.environments.get(environmentId)?.demand ?? asker;
      const holding = before.get(domain);
      if (domain !== asker.domain && holding !== undefined && !isOver(holding)) {
        throw new Error(`${asker.domain} has more than its share and took an environment from ${domain}`);
      }
    }
  }

  #invoke(demand: Demand): void {
    const invocation: Invocation = {
      demand,
      abort: new AbortController(),
      lease: undefined,
      made: 'on-demand',
      state: 'waiting',
    };
    const requestId = `r${this.invocations.length}`;
    this.#current.set(demand.functionName, demand.versionKey);
    let leased: Lease | Promise<Lease>;
    try {
      leased = this.world.scheduler.acquire(demand, requestId, invocation.abort.signal);
    } catch {
      // Throttled: it never was an invocation.
      return;
    }
    this.invocations.push(invocation);
    if (leased instanceof Lease) {
      this.#hold(invocation, leased);
      this.#checkReserves(demand.functionName);
    } else
      this.#follow(
        leased.then((lease) => this.#hold(invocation, lease)),
        invocation,
      );
  }

  /** What was just admitted is within the reserve of its function, or within what reserves leave to all. */
  #checkReserves(functionName: string): void {
    const running = this.invocations.filter(({ state }) => state === 'running');
    const isOnDemand = ({ made }: Invocation): boolean => made === 'on-demand';
    const reserved = this.#reserves.get(functionName);
    const own = running.filter(({ demand }) => demand.functionName === functionName);
    if (reserved !== undefined) atMost('reserved', own.length, reserved);
    const latest = this.invocations.at(-1);
    // Whoever got a provisioned one takes from what was promised.
    if (latest === undefined || !isOnDemand(latest)) return;
    const promised = (name: string): number => this.#promises.get(name) ?? 0;
    if (reserved === undefined) {
      const without = functions.map(({ name }) => name).filter((name) => !this.#reserves.has(name));
      const aside = sum([...this.#reserves.values(), ...without.map(promised)]);
      const sharing = running.filter((each) => without.includes(each.demand.functionName) && isOnDemand(each));
      atMost('shared', sharing.length, Math.max(0, tight.concurrency - aside));
    } else {
      const most = Math.max(0, reserved - promised(functionName));
      atMost('reserved on demand', own.filter(isOnDemand).length, most);
    }
  }

  #start(invocation: Invocation | undefined): void {
    const environmentId = invocation?.lease?.berth.environmentId;
    if (environmentId === undefined || invocation?.lease?.berth.kind === 'warm' || this.#started.has(environmentId))
      return;
    this.#started.add(environmentId);
    invocation?.lease?.started();
  }

  #move(invocation: Invocation | undefined): void {
    if (invocation?.lease === undefined) return;
    const { lease } = invocation;
    const known = this.environments.get(lease.berth.environmentId);
    if (known !== undefined) known.holder = undefined;
    invocation.state = 'moving';
    this.#follow(
      lease.move(invocation.demand).then(() => this.#hold(invocation, lease)),
      invocation,
    );
  }

  #follow(work: Promise<void>, invocation: Invocation): void {
    work.catch((error: unknown) => {
      if (error instanceof Broken) throw error;
      if (invocation.state === 'ended') throw new Broken('an invocation ended twice');
      invocation.state = 'ended';
    });
  }

  /** A lease was granted: everything that must hold of it is checked here. */
  #hold(invocation: Invocation, lease: Lease): void {
    if (invocation.state === 'ended' || invocation.state === 'running') throw new Broken('an invocation began twice');
    invocation.state = 'running';
    invocation.lease = lease;
    const { environmentId, slotId, kind, inheritsFrom } = lease.berth;
    // Its sandbox may have been lost between the grant and this callback.
    if (this.world.removals.some((removal) => removal.environmentId === environmentId)) return;
    if (this.world.slots.get(slotId) !== invocation.demand.domain) throw new Broken('a lease in another trust domain');
    const known = this.environments.get(environmentId);
    invocation.made = known?.made ?? 'on-demand';
    if (kind === 'warm') {
      if (known === undefined || known.holder !== undefined) throw new Broken('an environment runs two invocations');
      if (known.left !== 'keepWarm') throw new Broken('a tainted environment is reused');
      if (known.demand.versionKey !== invocation.demand.versionKey) throw new Broken('another version is reused');
      known.holder = invocation;
      known.left = undefined;
      return;
    }
    if (known !== undefined) throw new Broken('an environment is made twice');
    if (this.#drained.has(slotId)) throw new Broken('a draining sandbox gets a new environment');
    if (inheritsFrom !== undefined) {
      const predecessor = this.environments.get(inheritsFrom);
      if (predecessor?.left !== 'keepVolume') throw new Broken('an heir of an environment that was not reset');
      if (predecessor.slotId !== slotId) throw new Broken('an heir in another sandbox');
      if (predecessor.demand.versionKey !== invocation.demand.versionKey)
        throw new Broken('an heir of another version');
    }
    this.environments.set(environmentId, {
      demand: invocation.demand,
      slotId,
      holder: invocation,
      left: undefined,
      made: 'on-demand',
    });
  }

  #reconcile(): void {
    for (const { environmentId } of this.world.removals) this.environments.delete(environmentId);
  }

  #demand(which: number): Demand {
    const { name, domain, memoryMiB } = functions[which] ?? { name: 'a', domain: 'domain:one', memoryMiB: 128 };
    const revision = this.#revisions.get(name) ?? 1;
    const isSecluded = this.#secluded.has(name);
    const settled = { domain: isSecluded ? `function:${name}` : domain, memoryMiB, revision };
    const { versionKey } = demandOf(name, settled);
    return demandOf(name, { ...settled, versionKey: `${versionKey} ${settled.domain}` });
  }

  #running(which: number): Invocation | undefined {
    const running = this.invocations.filter((invocation) => invocation.state === 'running');
    return running[which % Math.max(1, running.length)];
  }

  #onSlot(which: number, act: (slotId: number) => void): void {
    const slotIds = [...this.world.slots.keys()];
    const slotId = slotIds[which % Math.max(1, slotIds.length)];
    if (slotId !== undefined) act(slotId);
  }
}

interface Holding {
  readonly environments: number;
  readonly memoryMiB: number;
  readonly running: number;
}

class Broken extends Error {}

test('no history breaks the promises of the scheduler', async (t) => {
  const failures: unknown[] = [];
  const onRejection = (error: unknown) => failures.push(error);
  process.on('unhandledRejection', onRejection);
  t.teardown(() => process.off('unhandledRejection', onRejection));

  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 120, size: 'medium' }), async (events) => {
      const model = new Model();
      for (const each of events) {
        await model.apply(each);
        model.check();
      }
      model.world.scheduler.close();
      await settle();
      for (const invocation of model.invocations) model.end(invocation, 'keepWarm');
      for (const making of model.makings) model.endMaking(making, 'keepWarm');
      await model.world.scheduler.whenEnded();
      const left = model.invocations.filter(({ state }) => state !== 'ended');
      equal('invocations that never ended', left.length, 0);
      const { running, queued, memoryReservedMiB, environments, slots } = model.world.scheduler.stats();
      equal('left at close', running + queued + memoryReservedMiB + sum(Object.values(environments)) + slots.length, 0);
      equal('slots left at close', model.world.slots.size, 0);
      equal('timers left at close', model.world.clock.timersArmed, 0);
      // A rejection is unhandled once the loop has turned.
      await new Promise(setImmediate);
      const [failure] = failures.splice(0);
      if (failure !== undefined) throw failure;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

/** Lets promise callbacks run, however long their chains are. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function equal(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: the scheduler says ${actual}, the model ${expected}`);
}

function atMost(what: string, actual: number, limit: number): void {
  if (actual > limit) throw new Error(`${what}: ${actual} is over ${limit}`);
}
