/**
 * One seed, one schedule: an engine with limits of its own, and a sequence of calls, faults, changes of functions and pauses, all
 * drawn from the seed. After every step everything that can be seen from outside is checked; at the end nothing may be left.
 */
import { composeEngine } from '../../src/engine/compose-engine.ts';
import type { Engine, EngineLimits } from '../../src/engine/engine.ts';
import { validOptions } from '../../src/engine/engine-options.ts';
import type { FunctionProvisioning, FunctionReference, ProvisionedConfig } from '../../src/functions/registry.ts';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import { createFleet } from '../../src/supervisor/fleet.ts';
import { ScriptedRegistry } from '../engine/scripted-fleet.ts';
import { unscriptedRegistry } from '../fixtures/unscripted-registry.ts';
import type { Order } from './sandbox.ts';
import { abortReason, noChances, type Script, type SimulatedFunction, scripts, turn, World } from './world.ts';

export interface Told {
  readonly history: readonly string[];
  readonly calls: number;
  readonly ends: ReadonlyMap<string, number>;
  readonly error: unknown;
}

/** Runs the schedule of a seed to its end. The error is the first promise that was broken, if any. */
export async function simulate(seed: number): Promise<Told> {
  const schedule = new Schedule(seed);
  const onRejection = (error: unknown) => schedule.world.broken(`nobody handles ${String(error)}`);
  process.on('unhandledRejection', onRejection);
  let error: unknown;
  try {
    await schedule.run();
  } catch (caught) {
    error = caught;
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  const { history, calls } = schedule.world;
  const ends = new Map<string, number>();
  for (const { ended = 'never' } of calls) ends.set(ended, (ends.get(ended) ?? 0) + 1);
  return { history, calls: calls.length, ends, error };
}

class Schedule {
  readonly world: World;
  readonly #engine: Engine;
  readonly #limits;
  readonly #registry: SimulatedRegistry;
  readonly #open = new Set<Promise<void>>();
  readonly #clients = new Map<number, AbortController>();

  constructor(seed: number) {
    const world = new World(seed);
    const { random, hostClock: clock } = world;
    this.world = world;
    this.#registry = new SimulatedRegistry();
    this.#limits = {
      concurrency: random.pick([1, 3, 6, 12]),
      memoryBudgetMiB: random.pick([512, 640, 1_024, 4_096]),
      environmentsMax: random.between(2, 12),
      environmentIdleMs: random.pick([50, 500, 3_000]),
      sandboxesMax: random.pick([1, 1, 2, 3, 5]),
      environmentsPerSandbox: random.between(1, 5),
      queueMs: random.pick([0, 1_000, 20_000]),
    } satisfies EngineLimits;
    const fleet = createFleet({
      nodePath: '/nowhere',
      runtime: { directory: '/nowhere', key: world.runtimeKey, kind: 'snapshot' },
      clock,
      observe: world.observe,
      launch: world.launch,
    });
    this.#engine = composeEngine({
      options: validOptions({ clock, limits: this.#limits }),
      // Half of the engines have nobody who listens, which is another path.
      observe: random.happens(0.5) ? () => undefined : undefined,
      fleet,
      registry: this.#registry,
      release: async () => {
        await fleet.close();
      },
    });
    fleet.warm();
  }

  async run(): Promise<void> {
    const { world } = this;
    const { random } = world;
    for (let number = random.between(1, 6); number > 0; number -= 1) this.#deploy(`f${number}`);
    const rate = random.pick([0, 0.05, 0.3]);
    world.chances = {
      spawnFails: rate / 3,
      startFails: rate / 2,
      blankDies: rate / 3,
      createFails: rate,
      defineFails: rate / 5,
      destroyFails: rate / 5,
    };
    const isHostile = random.happens(0.8);
    for (let step = random.between(5, 40); step > 0; step -= 1) {
      await this.#step(isHostile);
      this.#check();
    }
    if (random.happens(0.7)) await this.#recover();
    await this.#close();
  }

  // Steps.

  async #step(isHostile: boolean): Promise<void> {
    const { world } = this;
    const { random } = world;
    const what = random.weighted({
      call: 50,
      burst: 6,
      pause: 20,
      'long pause': 5,
      kill: isHostile ? 5 : 0,
      freeze: isHostile ? 2 : 0,
      stall: 3,
      update: 4,
      remove: 2,
      provision: 4,
      abort: 4,
    });
    switch (what) {
      case 'call':
        this.#call(this.#script(isHostile));
        return this.#pass(random.pick([0, 1, 10, 60]));
      case 'burst':
        for (let calls = random.between(2, 15); calls > 0; calls -= 1) this.#call(this.#script(isHostile));
        return this.#pass(random.pick([0, 5]));
      case 'pause':
        return this.#pass(random.between(1, 150));
      case 'long pause':
        return this.#pass(random.between(500, 3_000));
      case 'kill':
        return this.#kill();
      case 'freeze':
        return this.#freeze();
      case 'stall':
        return this.#stall(random.pick([30, 400, 5_000, 15_000]));
      case 'update':
        return this.#update();
      case 'remove':
        return this.#remove();
      case 'provision':
        return this.#provision(random.pick([0, 1, 1, 2, 3]));
      case 'abort':
        return this.#abort();
      default:
        return what satisfies never;
    }
  }

  #script(isHostile: boolean): Script {
    const { random } = this.world;
    return isHostile ? random.weighted(scripts) : random.pick(['answer', 'throw', 'exit', 'slice', 'loop']);
  }

  #call(script: Script, functionName = this.#anyFunction()): void {
    const { world } = this;
    const called = world.functions.get(functionName);
    if (called === undefined) return;
    const n = world.calls.length;
    world.accept(n, called, script);
    world.tell(`call ${n} of ${functionName}: ${script}`);
    const order: Order = {
      n,
      script,
      // A slice may take as long as its invocation; nothing healthy takes longer.
      ms: world.random.pick([0, 3, 30, called.timeout * 400]),
      versionKey: this.#registry.versionKey(functionName),
    };
    const client = new AbortController();
    this.#clients.set(n, client);
    const ended = this.#engine
      .invoke({ functionName, payload: JSON.stringify(order), signal: client.signal })
      .then(
        (result) => world.succeeded(n, result),
        (error: unknown) => world.failed(n, error),
      )
      .finally(() => {
        this.#clients.delete(n);
        this.#open.delete(ended);
      });
    this.#open.add(ended);
  }

  #anyFunction(): string {
    const names = [...this.world.functions.keys()];
    return names.length === 0 ? '' : this.world.random.pick(names);
  }

  async #kill(): Promise<void> {
    const { random } = this.world;
    const running = this.world.running();
    if (running.length > 0) {
      const victim = random.pick(running);
      this.world.tell(`${victim.process.sandboxId} is killed from outside`);
      victim.process.die(null, 'SIGKILL');
    }
    return this.#pass(random.pick([0, 1, 20]));
  }

  async #freeze(): Promise<void> {
    const { random } = this.world;
    const running = this.world.running();
    if (running.length > 0) {
      const victim = random.pick(running);
      this.world.tell(`${victim.process.sandboxId} is stopped from outside`);
      victim.hold(random.pick([50, 2_000, Number.POSITIVE_INFINITY]));
    }
    return this.#pass(random.pick([0, 20]));
  }

  async #stall(ms: number): Promise<void> {
    const { world } = this;
    // The wall clock may be set meanwhile, also backwards.
    if (world.random.happens(0.3)) world.hostClock.setEpoch(world.hostClock.epochMs() - 3_600_000);
    // Twice in a row, the second time for much longer: nothing was looked at in between.
    if (world.random.happens(0.3)) await world.stall(Math.max(25, ms / 10));
    await world.stall(ms);
    // A host that hardly ever runs cannot tell who is late; one that is stopped twice can.
    return this.#pass(100);
  }

  async #update(): Promise<void> {
    const functionName = this.#anyFunction();
    if (functionName === '') return;
    this.world.tell(`${functionName} is updated`);
    await this.#engine.functions.updateCode({ functionName, code: {} });
    await turn();
  }

  async #remove(): Promise<void> {
    const functionName = this.#anyFunction();
    if (functionName === '') return;
    this.world.tell(`${functionName} is deleted`);
    const again = this.world.random.happens(0.5);
    await this.#engine.functions.delete(reference(functionName));
    this.world.functions.delete(functionName);
    if (again) this.#deploy(functionName);
    await turn();
  }

  /** Of what is deployed: here nothing is ever published. */
  async #provision(environments: number, functionName = this.#anyFunction()): Promise<void> {
    if (functionName === '') return;
    this.world.tell(`${environments} environments of ${functionName} are to be provisioned`);
    await this.#engine.functions.provisioned.put(reference(functionName), environments);
    return this.#pass(this.world.random.pick([0, 1, 100]));
  }

  async #abort(): Promise<void> {
    const [n, client] = [...this.#clients][0] ?? [];
    if (n === undefined) return;
    this.world.abort(n);
    client?.abort(abortReason);
    await turn();
  }

  #deploy(functionName: string): void {
    const { random } = this.world;
    const deployed: SimulatedFunction = {
      functionName,
      // Of one name in its life: sandboxes that held the function before would look mixed.
      trustDomain: `d${Number(functionName.slice(1)) % 3}`,
      isolation: Number(functionName.slice(1)) % 4 === 0 ? 'function' : 'domain',
      memorySize: random.pick([128, 256, 512]),
      timeout: random.pick([1, 2]),
    };
    this.world.deployed(deployed);
    this.#registry.deploy(deployed);
  }

  // The end.

  /** Faults are over: what was accepted ends, and every function can be called. */
  async #recover(): Promise<void> {
    const { world } = this;
    world.tell('faults are over');
    world.chances = noChances;
    await this.#untilQuiet();
    for (const functionName of world.functions.keys()) await this.#assertProvisioned(functionName);
    // What is provisioned may be all that there is room for.
    for (const functionName of world.functions.keys()) await this.#provision(0, functionName);
    // One whose sandbox is being started still waits for it.
    await this.#untilQuiet();
    const { provisioned } = this.#engine.stats().environments;
    if (provisioned > 0) world.broken(`${provisioned} environments are provisioned and nobody wants them`);
    for (const functionName of world.functions.keys()) await this.#assertServed(functionName);
  }

  /** All that was asked for is there, unless there is no room. */
  async #assertProvisioned(functionName: string): Promise<void> {
    const { world } = this;
    const { provisionedInitTimeoutMs, createGraceMs, provisionBackoffMsMax, functionBackoffMsMax } = limits;
    // An init that hung until it was given up, then the longest waits.
    const mostMs = provisionedInitTimeoutMs + createGraceMs + provisionBackoffMsMax + functionBackoffMsMax;
    for (const endMs = world.clock.nowMs() + mostMs; ; await this.#pass(5_000)) {
      const told = this.#engine.functions.provisioned.get(reference(functionName));
      const { requested, allocated, available, status, statusReason } = told;
      if (available > allocated || allocated > requested) world.broken(`provisioned: ${JSON.stringify(told)}`);
      world.assertWhole();
      if (status === 'READY' || statusReason?.startsWith('There is no room') === true) return;
      if (world.clock.nowMs() >= endMs) world.broken(`not provisioned in ${mostMs} ms: ${JSON.stringify(told)}`);
    }
  }

  async #untilQuiet(): Promise<void> {
    // The longest way: every start fails as late as it can, then the init hangs, then the invocation.
    // An init ahead of all invocations has longer, and is waited for also when its function is gone.
    const mostMs = 120_000 + limits.provisionedInitTimeoutMs;
    const { clock } = this.world;
    // An invocation whose client has left runs on to its end.
    const isQuiet = () => {
      const { environments, invocations } = this.#engine.stats();
      const { busy, starting, provisioned } = environments;
      return this.#open.size === 0 && invocations.running === 0 && busy + starting <= provisioned;
    };
    for (const endMs = clock.nowMs() + mostMs; !isQuiet() && clock.nowMs() < endMs; ) await this.#pass(250);
    if (this.#open.size > 0) this.world.broken(`${this.#open.size} calls have not ended after ${mostMs} ms`);
    // What is stuck without a call is found by its heartbeat.
    await this.#pass(2_000);
    const { invocations, environments } = this.#engine.stats();
    const { running, queued } = invocations;
    // What is provisioned may be being made.
    const left = environments.busy + environments.starting - environments.provisioned;
    if (running + queued + Math.max(0, left) > 0) {
      this.world.broken(`nothing is under way, but ${JSON.stringify(this.#engine.stats())}`);
    }
    this.world.assertWhole();
  }

  async #assertServed(functionName: string): Promise<void> {
    const { world } = this;
    // A crash loop holds a trust domain back, or a function, for half a minute at most.
    for (const endMs = world.clock.nowMs() + limits.crashBackoffMsMax + 10_000; ; ) {
      const n = world.calls.length;
      this.#call('answer', functionName);
      while (world.calls[n]?.ended === undefined && world.clock.nowMs() < endMs) await this.#pass(20);
      world.assertWhole();
      const { ended } = world.calls[n] ?? {};
      if (ended === 'success') return;
      const isHeldBack = ended === 'SandboxStartFailed' || ended === 'FunctionSuspended';
      if (!isHeldBack || world.clock.nowMs() >= endMs) {
        world.broken(`nothing is wrong any more, but a call of ${functionName} ended: ${ended}`);
        world.assertWhole();
      }
      await this.#pass(1_000);
    }
  }

  async #close(): Promise<void> {
    const { world } = this;
    const { random, clock } = world;
    const graceMs = random.pick([0, 100, 5_000]);
    world.tell(`the engine is closed, with ${graceMs} ms of grace`);
    let isClosed = false;
    const closed = this.#engine.close({ graceMs }).then(() => {
      isClosed = true;
    });
    for (const endMs = clock.nowMs() + graceMs + 2_000; !isClosed && clock.nowMs() < endMs; ) await this.#pass(20);
    if (!isClosed) world.broken('the engine does not close');
    world.assertWhole();
    await closed;
    await this.#pass(500);
    if (this.#open.size > 0) world.broken(`${this.#open.size} calls have not ended though the engine is closed`);
    const { environments, sandboxes, memoryReservedMiB, invocations } = this.#engine.stats();
    const left = environments.total + sandboxes.length + memoryReservedMiB + invocations.running + invocations.queued;
    if (left > 0) world.broken(`something is left of a closed engine: ${JSON.stringify(this.#engine.stats())}`);
    if (world.running().length > 0) world.broken('a sandbox outlives its engine');
    const kept = world.sandboxes.filter(({ process }) => !process.isForgotten);
    if (kept.length > 0) world.broken(`of ${kept[0]?.process.sandboxId} something is kept`);
    const timersArmed = world.hostClock.timersArmed + clock.timersArmed;
    if (timersArmed > 0) world.broken(`${timersArmed} timers are left`);
    world.assertWhole();
  }

  // Time, and what holds at every moment.

  #pass(ms: number): Promise<void> {
    return this.world.pass(ms);
  }

  #check(): void {
    const { world } = this;
    const { environments, sandboxes, invocations, memoryReservedMiB } = this.#engine.stats();
    const most = this.#limits;
    const within = (what: string, value: number, limit: number) => {
      if (value > limit) world.broken(`${what}: ${value} of ${limit}`);
    };
    within('running', invocations.running, most.concurrency);
    within('memory reserved', memoryReservedMiB, most.memoryBudgetMiB);
    within('environments', environments.total, most.environmentsMax);
    within('sandboxes', sandboxes.length, most.sandboxesMax);
    // Whoever waits, waits for something that ends.
    // An environment that is made ahead runs nothing, and takes room also when nobody wants it any more.
    const ahead = environments.provisioned + environments.busy + environments.starting;
    if (invocations.running + ahead === 0) within('queued though nothing runs', invocations.queued, 0);
    if (most.queueMs === 0) within('queued', invocations.queued, 0);
    for (const { environments: held, sandboxId } of sandboxes) within(sandboxId, held, most.environmentsPerSandbox);
    // Spares, and those that start for callers who have left.
    const sparesMax = limits.sparesMaxDefault + limits.sandboxStartsAtOnceMax;
    within('processes', world.running().length, most.sandboxesMax + sparesMax);
    const runningInside = world.running().reduce((sum, sandbox) => sum + sandbox.environmentsRunning, 0);
    within('guests that run', runningInside, most.concurrency + environments.provisioned + world.running().length);
    world.assertWhole();
  }
}

class SimulatedRegistry extends ScriptedRegistry {
  readonly #revisions = new Map<string, number>();
  readonly #deployed = new Map<string, SimulatedFunction>();

  readonly #wanted = new Map<string, number>();
  override readonly provisioned: FunctionProvisioning = {
    ...unscriptedRegistry.provisioned,
    put: async ({ functionName }, requested) => {
      this.#wanted.set(functionName, requested);
      return this.#config(functionName);
    },
    get: ({ functionName }) => this.#config(functionName),
    wanted: (functionName) => this.#wantedOf(functionName),
    wantedBy: (functionName) => this.#wantedOf(functionName),
  };

  #wantedOf(functionName: string): ReadonlyMap<string, number> {
    const wanted = this.#wanted.get(functionName) ?? 0;
    return new Map(wanted === 0 ? [] : [['$LATEST', wanted]]);
  }

  #config(functionName: string): ProvisionedConfig {
    const requested = this.#wanted.get(functionName) ?? 0;
    const nothing = { allocated: 0, available: 0, status: 'IN_PROGRESS', lastModified: '' } as const;
    return { functionName, qualifier: '$LATEST', requested, ...nothing };
  }

  override async delete(deleted: { functionName: string }): Promise<void> {
    this.#wanted.delete(deleted.functionName);
    await super.delete(deleted);
  }

  deploy(deployed: SimulatedFunction): void {
    const { functionName } = deployed;
    const revision = (this.#revisions.get(functionName) ?? 0) + 1;
    this.#revisions.set(functionName, revision);
    this.#deployed.set(functionName, deployed);
    this.put({ ...deployed, revision });
  }

  versionKey(functionName: string): string {
    return `${functionName}-${this.#revisions.get(functionName)}`;
  }

  override async updateCode({ functionName }: { functionName: string }) {
    const deployed = this.#deployed.get(functionName);
    if (deployed === undefined) throw new EngineError('ResourceNotFoundException', `no ${functionName}`);
    this.deploy(deployed);
    return this.get({ functionName });
  }
}

function reference(functionName: string): FunctionReference {
  return { functionName, qualifier: '$LATEST', qualified: false };
}
