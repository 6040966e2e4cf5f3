/**
 * The right of one invocation to one execution environment. Whoever holds it disposes it; the end it comes to by default is
 * the cautious one: the environment is discarded. It decides nothing; its keeper, the scheduler, does.
 */
import type { Environment } from './fleet.ts';
import type { Demand } from './fleet-view.ts';

/** `warm`: the environment ran before. `cold`: it is to be created. `heir`: the same, taking over the `/tmp` of `inheritsFrom`. */
export type LeaseKind = 'warm' | 'cold' | 'heir';

export type LeaseEnd = 'discard' | 'keep-warm' | 'keep-volume';

/** Where a lease puts its invocation. Another one after the invocation has moved. */
export interface Berth {
  readonly environmentId: string;
  readonly slotId: number;
  readonly kind: LeaseKind;
  readonly inheritsFrom: string | undefined;
}

/** What a lease tells its scheduler. */
export interface LeaseKeeper {
  started(environment: Environment, requestId: string): void;
  ended(environment: Environment, requestId: string, end: LeaseEnd): void;
  /** Discards the environment and finds another under the same admission; when it fails, the admission has ended. */
  moved(environment: Environment, requestId: string, demand: Demand): Environment | Promise<Environment>;
}

export class Lease implements Disposable {
  readonly requestId: string;
  readonly #keeper: LeaseKeeper;
  #environment: Environment;
  #end: LeaseEnd | 'ended' = 'discard';

  constructor(keeper: LeaseKeeper, environment: Environment, requestId: string) {
    this.#keeper = keeper;
    this.#environment = environment;
    this.requestId = requestId;
  }

  get berth(): Berth {
    return this.#environment;
  }

  /** The sandbox has made the environment. */
  started(): void {
    if (this.#end !== 'ended') this.#keeper.started(this.#environment, this.requestId);
  }

  /** The invocation ended cleanly: the next one may use the environment. */
  keepWarm(): void {
    if (this.#end !== 'ended') this.#end = 'keep-warm';
  }

  /** The runtime in it ended but the sandbox lives: only its `/tmp` is kept, for an heir. */
  keepVolume(): void {
    if (this.#end !== 'ended') this.#end = 'keep-volume';
  }

  /** Leaves the environment, which is discarded, for another one. When this rejects the lease has ended. */
  async move(demand: Demand): Promise<void> {
    try {
      this.#environment = await this.#keeper.moved(this.#environment, this.requestId, demand);
    } catch (error) {
      // No other place was found; the old one is gone, so there is nothing left to give back.
      this.#end = 'ended';
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#end === 'ended') return;
    const end = this.#end;
    this.#end = 'ended';
    this.#keeper.ended(this.#environment, this.requestId, end);
  }
}
