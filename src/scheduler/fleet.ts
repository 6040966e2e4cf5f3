/**
 * The scheduler's account: every environment, slot and version that exists, in the lists that make decisions O(1), and the
 * sums over them. It keeps the account consistent; it decides nothing. Only `scheduler.ts` may change it.
 */
import { invariant } from '../base/invariant.ts';
import { LinkedList, listNode } from '../base/linked-list.ts';
import { type EnvironmentPhase, type EnvironmentState, isOccupied } from './environment-state.ts';
import {
  type AccountView,
  type Demand,
  type EnvironmentView,
  type FleetView,
  ownerOf,
  type SchedulerLimits,
  type SlotView,
  type VersionView,
} from './fleet-view.ts';
import type { Berth, LeaseKind } from './lease.ts';
import type { SlotState } from './slot-state.ts';

export class Environment implements EnvironmentView, Berth {
  readonly environmentId: string;
  readonly demand: Demand;
  readonly version: Version;
  readonly slot: Slot;
  readonly inheritsFrom: string | undefined;
  readonly made: 'on-demand' | 'ahead';
  /** What it is to the invocation that holds it. */
  kind: LeaseKind;
  state: EnvironmentState;
  readonly inVersion = listNode<Environment>(this);
  readonly inSlot = listNode<Environment>(this);
  readonly inFleet = listNode<Environment>(this);

  constructor(id: string, version: Version, { demand, slot, requestId, made, inheritsFrom }: NewEnvironment) {
    this.environmentId = id;
    this.made = made;
    this.demand = demand;
    this.version = version;
    this.slot = slot;
    this.inheritsFrom = inheritsFrom;
    this.kind = inheritsFrom === undefined ? 'cold' : 'heir';
    this.state = { phase: 'starting', requestId };
  }

  get slotId(): number {
    return this.slot.slotId;
  }
}

export interface NewEnvironment {
  readonly demand: Demand;
  readonly slot: Slot;
  /** Of the invocation that it is made for, or of the provision. */
  readonly requestId: string;
  readonly made: 'on-demand' | 'ahead';
  readonly inheritsFrom?: string | undefined;
}

/** One function: its versions that have environments, its invocations, its reserve. */
export class Account implements AccountView {
  readonly versions = new Set<Version>();
  running = 0;
  reserved: number | undefined;
  provisionedRunning = 0;
  /** Function key -> environments that are set aside for it. */
  readonly promises = new Map<string, number>();
  promised = 0;

  get hasSomethingAside(): boolean {
    return this.reserved !== undefined || this.promised > 0;
  }
}

export class Version implements VersionView {
  readonly demand: Demand;
  readonly account: Account;
  readonly environments = new Set<Environment>();
  readonly provisioned = new LinkedList<Environment>();
  /** Provisioned environments that are there or being made, and those of them that an invocation may have, or has. */
  allocated = 0;
  available = 0;
  readonly idle = new LinkedList<Environment>();
  readonly reset = new LinkedList<Environment>();

  constructor(demand: Demand, account: Account) {
    this.demand = demand;
    this.account = account;
  }
}

export class Slot implements SlotView {
  readonly slotId: number;
  readonly domain: string;
  readonly owner: string;
  readonly isBusy: () => boolean;
  readonly environments = new Set<Environment>();
  readonly unused = new LinkedList<Environment>();
  state: SlotState = { phase: 'starting' };
  running = 0;
  provisioned = 0;
  memoryMiB = 0;
  lastUsedMs: number;

  constructor(slotId: number, demand: Pick<Demand, 'domain' | 'owner'>, nowMs: number, isBusy: () => boolean) {
    this.slotId = slotId;
    this.domain = demand.domain;
    this.owner = ownerOf(demand);
    this.lastUsedMs = nowMs;
    this.isBusy = isBusy;
  }
}

/** Slots by a label. One without slots is forgotten. */
class SlotIndex {
  readonly #slots = new Map<string, Set<Slot>>();

  get size(): number {
    return this.#slots.size;
  }

  of(label: string): Iterable<Slot> {
    return this.#slots.get(label) ?? [];
  }

  add(label: string, slot: Slot): void {
    const slots = this.#slots.get(label);
    if (slots === undefined) this.#slots.set(label, new Set([slot]));
    else slots.add(slot);
  }

  remove(label: string, slot: Slot): void {
    const slots = this.#slots.get(label);
    slots?.delete(slot);
    if (slots?.size === 0) this.#slots.delete(label);
  }
}

export class Fleet implements FleetView {
  readonly limits: SchedulerLimits;
  readonly unused = new LinkedList<Environment>();
  readonly phases: Record<EnvironmentPhase, number> = {
    starting: 0,
    busy: 0,
    leaving: 0,
    idle: 0,
    reset: 0,
    removed: 0,
  };
  running = 0;
  readonly reserves = { functions: 0, reserved: 0, running: 0, promised: 0, provisionedRunning: 0 };
  provisionedCount = 0;
  environmentCount = 0;
  memoryReservedMiB = 0;
  reservedFor: string | undefined;
  reservedSinceMs = 0;
  readonly #versions = new Map<string, Version>();
  readonly #accounts = new Map<string, Account>();
  readonly #slots = new Map<number, Slot>();
  readonly #domains = new SlotIndex();
  readonly #owners = new SlotIndex();

  readonly #line: { readonly size: number };

  /** `line`: those who wait. */
  constructor(limits: SchedulerLimits, line: { readonly size: number }) {
    this.limits = limits;
    this.#line = line;
  }

  get queued(): number {
    return this.#line.size;
  }

  get slotCount(): number {
    return this.#slots.size;
  }

  get ownerCount(): number {
    return this.#owners.size;
  }

  slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  slotsOf(domain: string): Iterable<Slot> {
    return this.#domains.of(domain);
  }

  slotsOwnedBy(owner: string): Iterable<Slot> {
    return this.#owners.of(owner);
  }

  slot(slotId: number): Slot | undefined {
    return this.#slots.get(slotId);
  }

  version(versionKey: string): Version | undefined {
    return this.#versions.get(versionKey);
  }

  /** Versions of a function that have environments. */
  versionsOf(functionName: string): readonly Version[] {
    return [...(this.#accounts.get(functionName)?.versions ?? [])];
  }

  account(functionName: string): Account | undefined {
    return this.#accounts.get(functionName);
  }

  accounts(): IterableIterator<[functionName: string, account: Account]> {
    return this.#accounts.entries();
  }

  /** An invocation was admitted, into this environment. */
  begun(environment: Environment): void {
    this.#count(environment, 1);
  }

  /** The invocation that held this environment has ended. */
  ended(environment: Environment): void {
    const { account } = environment.version;
    this.#count(environment, -1);
    invariant(this.running >= 0 && account.running >= 0, 'an invocation ends once');
    this.#closeIfEmpty(environment.demand.functionName, account);
  }

  #count({ version, made }: Environment, sign: 1 | -1): void {
    const { account } = version;
    this.running += sign;
    account.running += sign;
    if (account.reserved !== undefined) this.reserves.running += sign;
    if (made === 'on-demand') return;
    account.provisionedRunning += sign;
    if (account.reserved === undefined) this.reserves.provisionedRunning += sign;
  }

  /** Counts from now on, with what runs already. */
  reserve(functionName: string, reserved: number | undefined): void {
    const account = this.#accountFor(functionName);
    this.#countAside(account, -1);
    account.reserved = reserved;
    this.#countAside(account, 1);
    this.#closeIfEmpty(functionName, account);
  }

  /** Sets so many invocations aside for the provisioned environments of one version. */
  promise(functionName: string, functionKey: string, promised: number): void {
    const account = this.#accountFor(functionName);
    this.#countAside(account, -1);
    account.promised += promised - (account.promises.get(functionKey) ?? 0);
    if (promised === 0) account.promises.delete(functionKey);
    else account.promises.set(functionKey, promised);
    this.#countAside(account, 1);
    this.#closeIfEmpty(functionName, account);
  }

  promisedTo(functionName: string): readonly string[] {
    return [...(this.#accounts.get(functionName)?.promises.keys() ?? [])];
  }

  /** What is promised to a function with a reserve lies within it. */
  #countAside(account: Account, sign: 1 | -1): void {
    const { reserved, running, promised, provisionedRunning } = account;
    if (account.hasSomethingAside) this.reserves.functions += sign;
    if (reserved === undefined) {
      this.reserves.promised += sign * promised;
      this.reserves.provisionedRunning += sign * provisionedRunning;
    } else {
      this.reserves.reserved += sign * reserved;
      this.reserves.running += sign * running;
    }
  }

  addSlot(slot: Slot): void {
    this.#slots.set(slot.slotId, slot);
    this.#domains.add(slot.domain, slot);
    this.#owners.add(slot.owner, slot);
  }

  removeSlot(slot: Slot): void {
    this.#slots.delete(slot.slotId);
    this.#domains.remove(slot.domain, slot);
    this.#owners.remove(slot.owner, slot);
  }

  /** Adds an environment that was just decided on. */
  addEnvironment(id: string, made: NewEnvironment): Environment {
    const { demand, slot } = made;
    const version = this.#versionFor(demand);
    const environment = new Environment(id, version, made);
    if (environment.made === 'ahead') {
      version.allocated += 1;
      slot.provisioned += 1;
      this.provisionedCount += 1;
    }
    version.environments.add(environment);
    slot.environments.add(environment);
    slot.running += 1;
    slot.memoryMiB += demand.memoryMiB;
    this.phases.starting += 1;
    this.environmentCount += 1;
    this.memoryReservedMiB += demand.memoryMiB;
    return environment;
  }

  /** Gives an environment another state and books what follows from it. */
  change(environment: Environment, after: EnvironmentState): void {
    const before = environment.state;
    environment.state = after;
    this.phases[before.phase] -= 1;
    this.phases[after.phase] += 1;
    const { slot, version } = environment;
    if (isOccupied(before) && !isOccupied(after)) slot.running -= 1;
    if (!isOccupied(before) && isOccupied(after)) slot.running += 1;

    if (environment.made === 'ahead') this.#changeProvisioned(environment, before, after);
    if (after.phase === 'reset' || (after.phase === 'idle' && environment.made === 'on-demand')) {
      version[after.phase].append(environment.inVersion);
      slot.unused.append(environment.inSlot);
      this.unused.append(environment.inFleet);
    } else if (before.phase === 'reset' || (before.phase === 'idle' && environment.made === 'on-demand')) {
      version[before.phase].remove(environment.inVersion);
      slot.unused.remove(environment.inSlot);
      this.unused.remove(environment.inFleet);
    }
    if (after.phase === 'removed') this.#removeEnvironment(environment);
  }

  #changeProvisioned(environment: Environment, before: EnvironmentState, after: EnvironmentState): void {
    const { version, slot } = environment;
    if (before.phase === 'idle') version.provisioned.remove(environment.inVersion);
    if (after.phase === 'idle') version.provisioned.append(environment.inVersion);
    version.available += Number(isAvailable(after)) - Number(isAvailable(before));
    if (!isAllocated(before) || isAllocated(after)) return;
    version.allocated -= 1;
    slot.provisioned -= 1;
    this.provisionedCount -= 1;
  }

  #removeEnvironment(environment: Environment): void {
    const { demand, slot, version } = environment;
    this.phases.removed -= 1;
    this.environmentCount -= 1;
    this.memoryReservedMiB -= demand.memoryMiB;
    slot.memoryMiB -= demand.memoryMiB;
    slot.environments.delete(environment);
    version.environments.delete(environment);
    invariant(this.memoryReservedMiB >= 0 && slot.running >= 0, 'the account of the fleet never goes below zero');
    if (version.environments.size > 0) return;
    this.#versions.delete(version.demand.versionKey);
    version.account.versions.delete(version);
    this.#closeIfEmpty(demand.functionName, version.account);
  }

  /** Invocations whose environment was lost still count until they have ended. */
  #closeIfEmpty(functionName: string, account: Account): void {
    if (account.versions.size === 0 && account.running === 0 && !account.hasSomethingAside) {
      this.#accounts.delete(functionName);
    }
  }

  #accountFor(functionName: string): Account {
    const known = this.#accounts.get(functionName);
    if (known !== undefined) return known;
    const account = new Account();
    this.#accounts.set(functionName, account);
    return account;
  }

  #versionFor(demand: Demand): Version {
    const known = this.#versions.get(demand.versionKey);
    if (known !== undefined) return known;
    const version = new Version(demand, this.#accountFor(demand.functionName));
    this.#versions.set(demand.versionKey, version);
    version.account.versions.add(version);
    return version;
  }
}

/** One that leaves, or that lost its runtime, is nobody's provision any more. */
export function isAllocated({ phase }: EnvironmentState): boolean {
  return phase === 'starting' || isAvailable({ phase });
}

function isAvailable({ phase }: Pick<EnvironmentState, 'phase'>): boolean {
  return phase === 'busy' || phase === 'idle';
}
