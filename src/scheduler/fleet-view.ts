/** What the scheduler's decisions see: what exists, read only. The scheduler's own records satisfy these shapes. */
import type { ListView } from '../base/linked-list.ts';
import type { EnvironmentState } from './environment-state.ts';
import type { SlotState } from './slot-state.ts';

/** What an invocation demands of the fleet. Made once for each deployed version and shared by its invocations. */
export interface Demand {
  readonly functionName: string;
  /** Name and version, `greet:$LATEST`: environments of the same with another version key are outdated. */
  readonly functionKey: string;
  /** Only environments of the same key may run it. It changes with code, configuration and domain. */
  readonly versionKey: string;
  /** Only sandboxes of the same domain may hold it. */
  readonly domain: string;
  /** Whose share and quota it counts for: of a function that was secluded, its trust domain. Absent: `domain`. */
  readonly owner?: string;
  readonly memoryMiB: number;
}

export function ownerOf({ owner, domain }: Pick<Demand, 'owner' | 'domain'>): string {
  return owner ?? domain;
}

export function keyOfVersion(functionName: string, version: string): string {
  return `${functionName}:${version}`;
}

export interface SchedulerLimits {
  readonly concurrency: number;
  readonly memoryBudgetMiB: number;
  readonly environmentsMax: number;
  readonly environmentIdleMs: number;
  readonly sandboxesMax: number;
  readonly environmentsPerSandbox: number;
  /** Of one trust domain, whatever is free beside. */
  readonly environmentsPerDomain: number;
  readonly sandboxesPerDomain: number;
  /** New ones of one function in ten seconds (LAMBDA.md F4.5). */
  readonly environmentsPer10s: number;
  /** Requests a second for each of the concurrency; 0: as many as come (F3). */
  readonly requestsPerConcurrency: number;
  readonly queueMs: number;
  readonly invocationsQueuedMax: number;
}

export interface EnvironmentView {
  readonly environmentId: string;
  readonly demand: Demand;
  readonly slot: SlotView;
  readonly state: EnvironmentState;
  /** `ahead`: provisioned, it exists for whoever comes and not for one invocation. */
  readonly made: 'on-demand' | 'ahead';
}

export interface SlotView {
  readonly slotId: number;
  readonly domain: string;
  /** As that of all demands that it was opened for. */
  readonly owner: string;
  readonly state: SlotState;
  /** All environments in it, and how many of them run an invocation. */
  readonly environments: { readonly size: number };
  readonly running: number;
  /** Of them, those that are provisioned: nobody may end them for lack of use. */
  readonly provisioned: number;
  readonly memoryMiB: number;
  /** Idle and reset environments, the longest unused first. */
  readonly unused: ListView<EnvironmentView>;
  readonly lastUsedMs: number;
  /** Inside one guest slice for long: what is sent there waits. */
  isBusy(): boolean;
}

export interface VersionView {
  /** Provisioned and idle. They are nobody's to reclaim. */
  readonly provisioned: ListView<EnvironmentView>;
  readonly idle: ListView<EnvironmentView>;
  readonly reset: ListView<EnvironmentView>;
}

/** Invocations of one function, over all its versions. */
export interface AccountView {
  /** Admitted and not ended. */
  readonly running: number;
  /** So many of the engine's concurrency are this function's alone, and no more. Undefined: it shares with others. */
  readonly reserved: number | undefined;
  /** Of those that run, those in provisioned environments; and how many such environments it has been promised. */
  readonly provisionedRunning: number;
  readonly promised: number;
}

/** What is set aside for functions, summed up. */
export interface ReservesView {
  /** That have a reserve, or were promised provisioned environments. */
  readonly functions: number;
  /** Of those with a reserve. */
  readonly reserved: number;
  readonly running: number;
  /** Provisioned environments of those without. */
  readonly promised: number;
  readonly provisionedRunning: number;
}

export interface FleetView {
  readonly limits: SchedulerLimits;
  /** Invocations that were admitted and have not ended. */
  readonly running: number;
  readonly reserves: ReservesView;
  account(functionName: string): AccountView | undefined;
  readonly queued: number;
  readonly environmentCount: number;
  readonly memoryReservedMiB: number;
  /** Idle and reset environments, the longest unused first. */
  readonly unused: ListView<EnvironmentView>;
  readonly slotCount: number;
  /** Those that have sandboxes. */
  readonly ownerCount: number;
  /** A sandbox of somebody with too many is ending, or has ended, so that this owner may open one. */
  readonly reservedFor: string | undefined;
  slots(): Iterable<SlotView>;
  slotsOf(domain: string): Iterable<SlotView>;
  slotsOwnedBy(owner: string): Iterable<SlotView>;
  version(versionKey: string): VersionView | undefined;
}
