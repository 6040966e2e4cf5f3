/**
 * Gives each invocation an execution environment: admission, placement, waiting, eviction, expiry. Deterministic and without
 * processes: what must happen in the world it tells a `FleetPort`, synchronously, and what happened there it is told. Every
 * dispatch is O(1) in the number of functions and environments.
 *
 * `running` counts admitted invocations; memory is reserved from the decision to create an environment until it is removed; a
 * lease owns its environment until it is disposed or the sandbox is lost, whichever is first.
 */
import type { Clock } from '../base/clock.ts';
import { InvariantError, invariant } from '../base/invariant.ts';
import { EngineError } from '../model/errors.ts';
import type { LimitReason } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';
import { type Admission, admit, type LimitReached, postpone } from './admit.ts';
import {
  type DismissalReason,
  type EnvironmentEvent,
  type EnvironmentPhase,
  type RemovalReason,
  transition,
} from './environment-state.ts';
import { Environment, Fleet, isAllocated, Slot } from './fleet.ts';
import {
  type Demand,
  type EnvironmentView,
  keyOfVersion,
  ownerOf,
  type SchedulerLimits,
  type VersionView,
} from './fleet-view.ts';
import { Lease, type LeaseEnd, type LeaseKeeper } from './lease.ts';
import { type Placement, place, placeAhead } from './place.ts';
import { expire } from './reclaim.ts';
import { RequestRate } from './request-rate.ts';
import { ScalingRate } from './scaling-rate.ts';
import { slotTransition } from './slot-state.ts';
import { WaitLine, type WaitsUntil } from './wait-line.ts';

/** What the scheduler has done in the world. Calls must not throw and must not call back before they return. */
export interface FleetPort {
  /** Starts a sandbox process. `slotReady` or `slotGone` follows. */
  open(slotId: number, domain: string): void;
  /** Ends a sandbox process; the slot is gone already. */
  close(slotId: number, reason: string): void;
  /** The runtime of an environment ended: only its `/tmp` stays. */
  reset(environmentId: string, slotId: number): void;
  /** Forgets an environment. Its sandbox has to be told, unless the reason is `lost` or `inherited`. */
  remove(environmentId: string, slotId: number, functionName: string, reason: RemovalReason): void;
  isBusy(slotId: number): boolean;
}

export interface SchedulerOptions {
  readonly limits: SchedulerLimits;
  readonly clock: Clock;
  readonly port: FleetPort;
  readonly makeEnvironmentId: () => string;
  /** A provisioned environment is gone, or on its way. Must not call back before it returns. */
  readonly onProvisionLost?: (demand: Demand) => void;
}

export interface SchedulerStats {
  readonly running: number;
  readonly queued: number;
  readonly memoryReservedMiB: number;
  readonly environments: Readonly<Record<EnvironmentPhase, number>>;
  /** Of all environments, those that are provisioned. */
  readonly provisioned: number;
  readonly slots: readonly { readonly slotId: number; readonly domain: string; readonly environments: number }[];
}

/** What one function has of the fleet. */
export interface FunctionLoad {
  readonly functionName: string;
  readonly environments: number;
  readonly running: number;
  /** Memory sizes of its environments. */
  readonly memoryMiB: number;
}

interface Ask {
  readonly demand: Demand;
  readonly requestId: string;
}

interface Wanted extends Ask {
  readonly made: 'on-demand' | 'ahead';
}

export interface Provisioned {
  readonly allocated: number;
  readonly available: number;
}

type Refusal = Extract<Admission, { kind: 'refuse' }>;
type NoRoom = Extract<Placement, { kind: 'wait' }>;

export class Scheduler implements LeaseKeeper {
  readonly #port: FleetPort;
  readonly #clock: Clock;
  readonly #makeEnvironmentId: () => string;
  readonly #onProvisionLost: ((demand: Demand) => void) | undefined;
  readonly #scaling: ScalingRate;
  readonly #requestRate: RequestRate | undefined;
  readonly #fleet: Fleet;
  readonly #line: WaitLine<Ask, Environment>;
  /** Function -> function key -> version key of its latest invocation or announcement. */
  readonly #currentVersions = new Map<string, Map<string, string>>();
  readonly #ended = Promise.withResolvers<void>();
  #slotsOpened = 0;
  #phase: 'open' | 'closed' = 'open';

  constructor({ limits, clock, port, makeEnvironmentId, onProvisionLost }: SchedulerOptions) {
    this.#port = port;
    this.#clock = clock;
    this.#makeEnvironmentId = makeEnvironmentId;
    this.#onProvisionLost = onProvisionLost;
    this.#scaling = new ScalingRate(limits.environmentsPer10s);
    const { requestsPerConcurrency: each } = limits;
    this.#requestRate = each === 0 ? undefined : new RequestRate(each);
    this.#line = new WaitLine(clock, () => this.#serve());
    this.#fleet = new Fleet(limits, this.#line);
  }

  /**
   * An environment for one invocation: at once, or later if it may wait. Aborting `signal` ends the wait.
   * @throws EngineError TooManyRequestsException, EngineClosed
   */
  acquire(demand: Demand, requestId: string, signal?: AbortSignal): Lease | Promise<Lease> {
    this.#assertOpen();
    // The first invocation of a new version ends the environments of the old one, even if nobody announced the change.
    if (!this.#isCurrent(demand)) this.outdate(demand);

    const started = this.#start(demand, requestId);
    if (started instanceof Environment) return new Lease(this, started, requestId);
    if (started.kind !== 'queue') throw throttled(started.limit);
    return this.#wait({ demand, requestId }, 'last', started, signal).then(
      (environment) => new Lease(this, environment, requestId),
    );
  }

  /** A function has a new version: unused environments of its earlier ones end now, the others after their invocation. */
  outdate({
    functionName,
    functionKey,
    versionKey,
  }: Pick<Demand, 'functionName' | 'functionKey' | 'versionKey'>): void {
    const current = this.#currentVersions.get(functionName);
    if (current === undefined) this.#currentVersions.set(functionName, new Map([[functionKey, versionKey]]));
    else current.set(functionKey, versionKey);
    for (const { demand, environments } of this.#fleet.versionsOf(functionName)) {
      if (demand.functionKey === functionKey && demand.versionKey !== versionKey)
        this.#dismiss(environments, 'outdated');
    }
    this.#serve();
  }

  /** A function was deleted, or only one published version of it: as `outdate`, for all its environments. */
  forget(functionName: string, version?: string): void {
    const functionKey = version === undefined ? undefined : keyOfVersion(functionName, version);
    if (functionKey === undefined) {
      this.#currentVersions.delete(functionName);
      this.#fleet.reserve(functionName, undefined);
      for (const promised of this.#fleet.promisedTo(functionName)) this.#fleet.promise(functionName, promised, 0);
    } else {
      this.#currentVersions.get(functionName)?.delete(functionKey);
      this.#fleet.promise(functionName, functionKey, 0);
    }
    for (const { demand, environments } of this.#fleet.versionsOf(functionName)) {
      if (functionKey === undefined || demand.functionKey === functionKey) this.#dismiss(environments, 'deleted');
    }
    this.#serve();
  }

  /** Sets invocations aside for one function; undefined: it shares with the others again. Those that run go on. */
  reserve(functionName: string, concurrency: number | undefined): void {
    this.#fleet.reserve(functionName, concurrency);
    this.#serve();
  }

  // Provisioned environments (F4.3). How many there should be, and what to do about those that are missing, the engine knows.

  /** A place for one more of them, whose holder runs init there and keeps it warm; or why there is none now. */
  provision(demand: Demand, provisionId: string): Lease | LimitReached {
    this.#assertOpen();
    if (!this.#isCurrent(demand)) this.outdate(demand);
    const { memoryBudgetMiB } = this.#fleet.limits;
    if (demand.memoryMiB > memoryBudgetMiB) return { name: 'memoryBudgetMiB', value: memoryBudgetMiB };
    const placed = this.#carryOut(placeAhead(this.#fleet, demand), { demand, requestId: provisionId, made: 'ahead' });
    return placed instanceof Environment ? new Lease(this.#provisionKeeper, placed, provisionId) : placed.limit;
  }

  /** So many invocations are set aside for the provisioned environments of a version, whether they are there or not. */
  promise({ functionName, functionKey }: Pick<Demand, 'functionName' | 'functionKey'>, environments: number): void {
    this.#fleet.promise(functionName, functionKey, environments);
    this.#serve();
  }

  /** How many provisioned environments of a version there are or will be, and how many of them are initialised. */
  provisioned({ functionName, functionKey }: Pick<Demand, 'functionName' | 'functionKey'>): Provisioned {
    let allocated = 0;
    let available = 0;
    for (const version of this.#fleet.versionsOf(functionName)) {
      if (version.demand.functionKey !== functionKey) continue;
      allocated += version.allocated;
      available += version.available;
    }
    return { allocated, available };
  }

  /** Ends provisioned environments of a version until so many are left: those that nobody uses first, the others after their invocation. */
  release({ functionName, functionKey }: Pick<Demand, 'functionName' | 'functionKey'>, left: number): void {
    const all = this.#fleet
      .versionsOf(functionName)
      .filter(({ demand }) => demand.functionKey === functionKey)
      .flatMap(({ environments }) => [...environments])
      .filter(({ made, state }) => made === 'ahead' && isAllocated(state));
    const order: readonly EnvironmentPhase[] = ['starting', 'idle', 'busy'];
    all.sort((a, b) => order.indexOf(a.state.phase) - order.indexOf(b.state.phase));
    this.#dismiss(all.slice(0, Math.max(0, all.length - left)), 'released');
    this.#serve();
  }

  slotReady(slotId: number): void {
    const slot = this.#fleet.slot(slotId);
    // It may have been retired while it started.
    if (slot === undefined) return;
    slot.state = slotTransition(slot.state, { type: 'ready' });
    this.#serve();
  }

  /** A sandbox process ended or never started, and everything in it is lost. Harmless for one that is gone already. */
  slotGone(slotId: number): void {
    const slot = this.#fleet.slot(slotId);
    if (slot === undefined) return;
    slot.state = slotTransition(slot.state, { type: 'ended' });
    this.#fleet.removeSlot(slot);
    for (const environment of [...slot.environments]) this.#apply(environment, { type: 'lost' });
    this.#serve();
  }

  /** Lets a sandbox end: it takes nothing new, and goes when its last invocation has ended. */
  drain(slotId: number, reason: string): void {
    const slot = this.#fleet.slot(slotId);
    if (slot === undefined) return;
    this.#drain(slot, reason);
    this.#serve();
  }

  /** Removes what was unused for `environmentIdleMs`: environments, then sandboxes that hold none. */
  expire(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#fleet.reservedSinceMs >= limits.sandboxReservationMsMax) this.#fleet.reservedFor = undefined;
    this.#scaling.forgetFull(nowMs);
    this.#requestRate?.forgetFull(nowMs);
    for (const environment of expire(this.#fleet, nowMs)) this.#reclaim(environment, 'expired');
    for (const slot of [...this.#fleet.slots()]) {
      const isUnused = slot.state.phase === 'open' && slot.environments.size === 0;
      if (isUnused && nowMs - slot.lastUsedMs >= this.#fleet.limits.environmentIdleMs) this.#drain(slot, 'unused');
    }
    this.#serve();
  }

  /** How many invocations a sandbox runs now. */
  runningIn(slotId: number): number {
    return this.#fleet.slot(slotId)?.running ?? 0;
  }

  /** Whether a sandbox holds environments of other functions too. */
  hasNeighbours(slotId: number, functionName: string): boolean {
    for (const { demand } of this.#fleet.slot(slotId)?.environments ?? []) {
      if (demand.functionName !== functionName) return true;
    }
    return false;
  }

  stats(): SchedulerStats {
    const { running, memoryReservedMiB, phases, provisionedCount: provisioned } = this.#fleet;
    const slots = [...this.#fleet.slots()].map(({ slotId, domain, environments }) => {
      return { slotId, domain, environments: environments.size };
    });
    return { running, queued: this.#line.size, memoryReservedMiB, environments: { ...phases }, provisioned, slots };
  }

  /** Of functions that have environments or run; slower than `stats`, for whoever looks once in a while. */
  loads(): readonly FunctionLoad[] {
    return [...this.#fleet.accounts()].map(([functionName, { versions, running }]) => {
      let environments = 0;
      let memoryMiB = 0;
      for (const version of versions) {
        environments += version.environments.size;
        memoryMiB += version.environments.size * version.demand.memoryMiB;
      }
      return { functionName, environments, running, memoryMiB };
    });
  }

  /** Refuses what waits and lets all sandboxes end. Leases that are out are still to be disposed by their holders. */
  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#line.refuseAll(closed);
    for (const slot of [...this.#fleet.slots()]) this.#drain(slot, 'closing');
  }

  /** Resolves when no invocation runs, once closed. */
  whenEnded(): Promise<void> {
    this.#resolveIfEnded();
    return this.#ended.promise;
  }

  // What leases tell.

  started(environment: Environment, requestId: string): void {
    if (environment.state.phase !== 'removed') this.#apply(environment, { type: 'started', requestId });
  }

  ended(environment: Environment, requestId: string, end: LeaseEnd): void {
    this.#end(environment, requestId, end);
    this.#fleet.ended(environment);
    this.#serve();
    this.#resolveIfEnded();
  }

  moved(environment: Environment, requestId: string, demand: Demand): Environment | Promise<Environment> {
    this.#end(environment, requestId, 'discard');
    const placed = this.#phase === 'open' ? this.#place(demand, requestId) : undefined;
    this.#fleet.ended(environment);
    if (placed instanceof Environment) {
      this.#fleet.begun(placed);
      // What it left, or opened, may have room for others.
      this.#serve();
      return placed;
    }

    const later = placed && postpone(this.#fleet, placed.limit, placed.until);
    // It was admitted once, so it waits at the head of the line.
    const waiting = later?.kind === 'queue' && this.#wait({ demand, requestId }, 'first', later);
    this.#serve();
    this.#resolveIfEnded();
    if (waiting) return waiting;
    throw later === undefined ? closed() : throttled(later.limit);
  }

  /** Whoever makes an environment ahead runs no invocation. */
  readonly #provisionKeeper: LeaseKeeper = {
    started: (environment, provisionId) => this.started(environment, provisionId),
    ended: (environment, provisionId, end) => {
      this.#end(environment, provisionId, end);
      this.#serve();
    },
    moved() {
      throw new InvariantError('a provision is given up, not moved');
    },
  };

  // How it is done.

  #resolveIfEnded(): void {
    if (this.#phase === 'closed' && this.#fleet.running === 0) this.#ended.resolve();
  }

  #assertOpen(): void {
    if (this.#phase === 'closed') throw closed();
  }

  #start(demand: Demand, requestId: string): Environment | Exclude<ReturnType<typeof admit>, { kind: 'start' }> {
    const fleet = this.#fleet;
    const { memoryBudgetMiB } = fleet.limits;
    // Nothing that ends could make room for it, so it must not wait.
    if (demand.memoryMiB > memoryBudgetMiB) {
      return { kind: 'throttle', limit: { name: 'memoryBudgetMiB', value: memoryBudgetMiB }, until: 'room' };
    }
    const admission = admit(fleet, demand);
    if (admission.kind === 'refuse') return admission;
    const tooFast = this.#requestRate && this.#overRequestRate(this.#requestRate, demand.functionName);
    if (tooFast !== undefined) return { kind: 'refuse', limit: tooFast };
    if (admission.kind !== 'start') return admission;
    // Those who wait have admission but no room. Whoever needs no room may pass them; they wait `queueMs` at most.
    // So may whoever has a reserve: what it was promised does not depend on how many others wait.
    const mayPass =
      this.#line.isFreeFor(demand.domain) ||
      hasIdle(fleet.version(demand.versionKey)) ||
      fleet.account(demand.functionName)?.reserved !== undefined;
    const placed = mayPass ? this.#placeWithinRate(demand, requestId) : waitingForOthers;
    if (!(placed instanceof Environment)) {
      return placed.kind === 'refuse' ? placed : postpone(fleet, placed.limit, placed.until);
    }
    fleet.begun(placed);
    return placed;
  }

  #overRequestRate(rate: RequestRate, functionName: string): LimitReached | undefined {
    const { reserves, limits } = this.#fleet;
    const reserved = reserves.functions > 0 ? this.#fleet.account(functionName)?.reserved : undefined;
    const nowMs = this.#clock.nowMs();
    if (reserved !== undefined) return rate.takeOwn(functionName, reserved, nowMs);
    return rate.takeShared(limits.concurrency - reserves.reserved, nowMs);
  }

  #place(demand: Demand, requestId: string): Environment | NoRoom {
    return this.#carryOut(place(this.#fleet, demand), { demand, requestId, made: 'on-demand' });
  }

  /** The same for one that was not admitted before. Whoever would grow too fast is told at once: no end of others lets it. */
  #placeWithinRate(demand: Demand, requestId: string): Environment | NoRoom | Refusal {
    const placement = place(this.#fleet, demand);
    if (placement.kind === 'create' || placement.kind === 'open') {
      const limit = this.#scaling.take(demand.functionName, this.#clock.nowMs());
      if (limit !== undefined) return { kind: 'refuse', limit };
    }
    return this.#carryOut(placement, { demand, requestId, made: 'on-demand' });
  }

  #carryOut(placement: Placement, wanted: Wanted): Environment | NoRoom {
    const { demand, requestId } = wanted;
    switch (placement.kind) {
      case 'reuse': {
        const environment = record(placement.environment);
        environment.kind = 'warm';
        this.#apply(environment, { type: 'leased', requestId });
        return environment;
      }
      case 'succeed': {
        const { environmentId, slot } = record(placement.environment);
        this.#apply(record(placement.environment), { type: 'inherited' });
        return this.#create(wanted, slot, environmentId);
      }
      case 'create': {
        const slot = this.#fleet.slot(placement.slot.slotId);
        invariant(slot, 'a placement names a sandbox that exists');
        for (const environment of placement.evict) this.#reclaim(environment, 'evicted');
        return this.#create(wanted, slot);
      }
      case 'open': {
        const retire = placement.retire && this.#fleet.slot(placement.retire.slotId);
        if (retire !== undefined) this.#drain(retire, 'made way for another trust domain');
        for (const environment of placement.evict) this.#reclaim(environment, 'evicted');
        return this.#create(wanted, this.#open(demand));
      }
      case 'wait': {
        const leaving = placement.makesWay && this.#fleet.slot(placement.makesWay.slotId);
        if (leaving !== undefined) {
          this.#fleet.reservedFor = ownerOf(demand);
          this.#fleet.reservedSinceMs = this.#clock.nowMs();
          this.#drain(leaving, 'made way for a trust domain with less than its share');
        }
        return placement;
      }
      default:
        return placement satisfies never;
    }
  }

  #create(wanted: Wanted, slot: Slot, inheritsFrom?: string): Environment {
    const environment = this.#fleet.addEnvironment(this.#makeEnvironmentId(), { ...wanted, slot, inheritsFrom });
    slot.lastUsedMs = this.#clock.nowMs();
    // Asked for before an update and placed after it: it runs this invocation and no other.
    if (!this.#isCurrent(wanted.demand)) this.#apply(environment, { type: 'dismissed', reason: 'outdated' });
    return environment;
  }

  #isCurrent({ functionName, functionKey, versionKey }: Demand): boolean {
    return this.#currentVersions.get(functionName)?.get(functionKey) === versionKey;
  }

  #open(demand: Demand): Slot {
    this.#slotsOpened += 1;
    const slotId = this.#slotsOpened;
    const slot = new Slot(slotId, demand, this.#clock.nowMs(), () => this.#port.isBusy(slotId));
    if (this.#fleet.reservedFor === slot.owner) this.#fleet.reservedFor = undefined;
    this.#fleet.addSlot(slot);
    this.#port.open(slotId, slot.domain);
    return slot;
  }

  #drain(slot: Slot, reason: string): void {
    slot.state = slotTransition(slot.state, { type: 'drained', reason });
    this.#dismiss(slot.environments, 'retired');
    // Dismissing the last environment has closed it already; one that held none is closed here.
    this.#closeIfDrained(slot);
  }

  #closeIfDrained(slot: Slot): void {
    if (slot.state.phase !== 'draining' || slot.environments.size > 0) return;
    const { reason } = slot.state;
    slot.state = slotTransition(slot.state, { type: 'ended' });
    this.#fleet.removeSlot(slot);
    this.#port.close(slot.slotId, reason);
  }

  #dismiss(environments: Iterable<Environment>, reason: DismissalReason): void {
    for (const environment of [...environments]) this.#apply(environment, { type: 'dismissed', reason });
  }

  #reclaim(environment: EnvironmentView, reason: 'evicted' | 'expired'): void {
    this.#apply(record(environment), { type: 'reclaimed', reason });
  }

  #end(environment: Environment, requestId: string, end: LeaseEnd): void {
    // Its sandbox was lost meanwhile, and the environment with it.
    if (environment.state.phase === 'removed') return;
    const atMs = this.#clock.nowMs();
    environment.slot.lastUsedMs = atMs;
    switch (end) {
      case 'keep-warm':
        this.#apply(environment, { type: 'kept', requestId, atMs });
        break;
      case 'keep-volume':
        this.#apply(environment, { type: 'tainted', requestId, atMs });
        break;
      case 'discard':
        this.#apply(environment, { type: 'discarded', requestId });
        break;
      default:
        end satisfies never;
    }
  }

  /** The only place where an environment changes: its state, the account, and the world. */
  #apply(environment: Environment, event: EnvironmentEvent): void {
    const before = environment.state;
    const after = transition(before, event);
    if (after === before) return;
    this.#fleet.change(environment, after);
    const { environmentId, demand, slot } = environment;
    if (environment.made === 'ahead' && isAllocated(before) && !isAllocated(after)) this.#onProvisionLost?.(demand);
    if (after.phase === 'reset') this.#port.reset(environmentId, slot.slotId);
    if (after.phase === 'removed') {
      this.#port.remove(environmentId, slot.slotId, demand.functionName, after.reason);
      this.#closeIfDrained(slot);
    }
  }

  #wait(
    ask: Ask,
    position: 'first' | 'last',
    { limit, until }: { readonly limit: LimitReached; readonly until: WaitsUntil },
    signal?: AbortSignal,
  ): Promise<Environment> {
    const waitMs = this.#fleet.limits.queueMs;
    const group = ask.demand.domain;
    return this.#line.join({ ask, group, until, position, waitMs, tooLong: () => throttled(limit), signal });
  }

  /** Starts those who wait, as far as there is room. */
  #serve(): void {
    if (this.#line.size === 0 || this.#phase === 'closed') return;
    const fleet = this.#fleet;
    this.#line.serve(({ demand, requestId }) => {
      const admission = admit(fleet, demand);
      // A reserve that was made meanwhile.
      if (admission.kind === 'refuse') return throttled(admission.limit);
      if (admission.kind !== 'start') return admission.until;
      const placed = this.#placeWithinRate(demand, requestId);
      if (!(placed instanceof Environment)) return placed.kind === 'refuse' ? throttled(placed.limit) : placed.until;
      fleet.begun(placed);
      return placed;
    });
  }
}

const waitingForOthers: NoRoom = { kind: 'wait', limit: { name: 'queueMs', value: 0 }, until: 'room' };

/** Views handed to decisions are the scheduler's own records. */
function record(view: EnvironmentView): Environment {
  invariant(view instanceof Environment, 'a decision names an environment of this fleet');
  return view;
}

function hasIdle(version: VersionView | undefined): boolean {
  return version !== undefined && (version.idle.size > 0 || version.provisioned.size > 0);
}

function throttled({ throttleReason, retryAfterMs, ...limit }: LimitReached): EngineError {
  const reason = reasons.get(limit.name);
  return new EngineError('TooManyRequestsException', 'Rate Exceeded.', {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    throttleReason: throttleReason ?? 'ConcurrentInvocationLimitExceeded',
    limit: { ...limit, ...(reason !== undefined && { reason }) },
  });
}

const reasons: ReadonlyMap<string, LimitReason> = new Map([
  ['environmentsMax', 'environments'],
  ['environmentsPerDomain', 'environments-per-domain'],
  ['sandboxesMax', 'sandboxes'],
  ['sandboxesPerDomain', 'sandboxes-per-domain'],
  ['memoryBudgetMiB', 'memory-budget'],
  ['concurrency', 'concurrency'],
  ['environmentsPer10s', 'scaling-rate'],
  ['requestsPerConcurrency', 'request-rate'],
]);

function closed(): EngineError {
  return new EngineError('EngineClosed', 'The engine is closed: it takes no more invocations.');
}
