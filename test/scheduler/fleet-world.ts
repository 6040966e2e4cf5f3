/** A world for the scheduler: keeps account of what it was told, on its own, and complains when that cannot be. */

import type { RemovalReason } from '../../src/scheduler/environment-state.ts';
import type { Demand, SchedulerLimits } from '../../src/scheduler/fleet-view.ts';
import { Lease } from '../../src/scheduler/lease.ts';
import { type FleetPort, Scheduler } from '../../src/scheduler/scheduler.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

export const generousLimits: SchedulerLimits = {
  concurrency: 100,
  memoryBudgetMiB: 100_000,
  environmentsMax: 100,
  environmentIdleMs: 60_000,
  sandboxesMax: 10,
  environmentsPerSandbox: 100,
  environmentsPerDomain: 1_000_000,
  sandboxesPerDomain: 1_000_000,
  environmentsPer10s: 1_000_000,
  requestsPerConcurrency: 0,
  queueMs: 0,
  invocationsQueuedMax: 100,
};

export interface Removal {
  readonly environmentId: string;
  readonly reason: RemovalReason;
}

export class FleetWorld implements FleetPort {
  readonly clock = createFakeClock();
  readonly scheduler: Scheduler;
  /** Slot -> domain. */
  readonly slots = new Map<number, string>();
  readonly busySlots = new Set<number>();
  readonly removals: Removal[] = [];
  readonly resets: string[] = [];
  readonly closings: { readonly slotId: number; readonly reason: string }[] = [];
  readonly idleMs: number;
  provisionsLost = 0;
  readonly #starting = new Set<number>();
  #made = 0;
  #requests = 0;

  constructor(limits: Partial<SchedulerLimits> = {}) {
    const all = { ...generousLimits, ...limits };
    this.idleMs = all.environmentIdleMs;
    this.scheduler = new Scheduler({
      limits: all,
      onProvisionLost: () => {
        this.provisionsLost += 1;
      },
      clock: this.clock,
      port: this,
      makeEnvironmentId: () => {
        this.#made += 1;
        return `e${this.#made}`;
      },
    });
  }

  open(slotId: number, domain: string): void {
    if (this.slots.has(slotId)) throw new Error(`slot ${slotId} is opened twice`);
    this.slots.set(slotId, domain);
    this.#starting.add(slotId);
  }

  close(slotId: number, reason: string): void {
    if (!this.slots.delete(slotId)) throw new Error(`slot ${slotId} is closed and was not open`);
    this.closings.push({ slotId, reason });
  }

  reset(environmentId: string): void {
    this.resets.push(environmentId);
  }

  remove(environmentId: string, _slotId: number, _functionName: string, reason: RemovalReason): void {
    if (this.removals.some((removal) => removal.environmentId === environmentId)) {
      throw new Error(`environment ${environmentId} is removed twice`);
    }
    this.removals.push({ environmentId, reason });
  }

  isBusy(slotId: number): boolean {
    return this.busySlots.has(slotId);
  }

  /** All processes that were to be started run. */
  /** Of an invocation that has room at once. */
  lease(demand: Demand): Lease {
    this.#requests += 1;
    const leased = this.scheduler.acquire(demand, `request-${this.#requests}`);
    this.startAll();
    if (leased instanceof Lease) return leased;
    throw new Error('the invocation waits');
  }

  startAll(): void {
    for (const slotId of this.#starting) this.scheduler.slotReady(slotId);
    this.#starting.clear();
  }

  /** The process of a slot ends by itself. */
  crash(slotId: number): void {
    this.slots.delete(slotId);
    this.scheduler.slotGone(slotId);
  }

  removed(reason: RemovalReason): string[] {
    return this.removals.filter((removal) => removal.reason === reason).map((removal) => removal.environmentId);
  }
}

export function demandOf(functionName: string, options: Partial<Demand> & { readonly revision?: number } = {}): Demand {
  const { revision = 1, ...rest } = options;
  const functionKey = `${functionName}:$LATEST`;
  return {
    functionName,
    functionKey,
    versionKey: `${functionKey} ${revision}`,
    domain: 'domain:default',
    memoryMiB: 128,
    ...rest,
  };
}
