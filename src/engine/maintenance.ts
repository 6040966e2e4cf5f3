/**
 * What an engine does from time to time: end environments that nobody used for long, and sandboxes that have served enough.
 * It decides neither; it asks the scheduler and the supervisor's rules, on the engine's clock.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { SandboxFleet } from '../supervisor/sandbox-port.ts';
import type { Sandboxes } from './sandboxes.ts';

export interface MaintenanceParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly sandboxes: Sandboxes;
  readonly fleet: SandboxFleet;
  readonly environmentIdleMs: number;
}

export class Maintenance implements Disposable {
  readonly #parts: MaintenanceParts;
  readonly #intervalMs: number;
  #timer: Disposable;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    // Fine enough that nothing stays much longer than it should, rare enough to cost nothing.
    const { maintenanceIntervalMsMin, maintenanceIntervalMsMax } = limits;
    this.#intervalMs = Math.min(
      maintenanceIntervalMsMax,
      Math.max(maintenanceIntervalMsMin, parts.environmentIdleMs / 4),
    );
    this.#timer = this.#arm();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #arm(): Disposable {
    return this.#parts.clock.after(this.#intervalMs, () => {
      this.#timer = this.#arm();
      this.#run();
    });
  }

  #run(): void {
    const { scheduler, sandboxes, fleet } = this.#parts;
    scheduler.expire();
    for (const { slotId, handle } of [...sandboxes.running()]) {
      const reason = handle.retirement();
      if (reason === undefined) continue;
      // A spare first: what the old one held will be wanted again.
      fleet.warm();
      scheduler.drain(slotId, reason);
    }
  }
}
