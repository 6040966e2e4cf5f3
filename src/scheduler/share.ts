/**
 * What one trust domain may hold while others want room: an equal part, for each domain that holds anything and the one that asks.
 * Nobody is kept from using what is free. Functions that were secluded count for their trust domain, or it would have one more share for each
 * of them. Pure decisions over a view.
 */
import type { FleetView, SlotView } from './fleet-view.ts';

export interface Holding {
  /** Those on their way out do not count: whoever loses one may have another. */
  readonly sandboxes: number;
  readonly environments: number;
  /** Environments that run an invocation. */
  readonly running: number;
  readonly memoryMiB: number;
}

export function holdingOf(view: FleetView, owner: string): Holding {
  let sandboxes = 0;
  let environments = 0;
  let running = 0;
  let memoryMiB = 0;
  for (const slot of view.slotsOwnedBy(owner)) {
    if (slot.state.phase === 'open' || slot.state.phase === 'starting') sandboxes += 1;
    environments += slot.environments.size;
    running += slot.running;
    memoryMiB += slot.memoryMiB;
  }
  return { sandboxes, environments, running, memoryMiB };
}

/** Asked about many slots for one decision, it looks at each domain once. */
export class Shares {
  readonly #view: FleetView;
  readonly #owners: number;
  readonly #holdings = new Map<string, Holding>();

  /** @param asker who wants room: counted among those who share while it holds nothing, as who was promised room */
  constructor(view: FleetView, asker: string) {
    this.#view = view;
    const { reservedFor = asker, ownerCount } = view;
    this.#owners = ownerCount + [...new Set([asker, reservedFor])].filter((owner) => !hasSandboxes(view, owner)).length;
  }

  of(owner: string): Holding {
    const known = this.#holdings.get(owner);
    if (known !== undefined) return known;
    const holding = holdingOf(this.#view, owner);
    this.#holdings.set(owner, holding);
    return holding;
  }

  /** Whether a domain holds more environments or memory than its share, or would with `more`. */
  hasTooMuch(owner: string, more = nothing): boolean {
    const { environments, memoryMiB } = this.of(owner);
    const { environmentsMax, memoryBudgetMiB } = this.#view.limits;
    return (
      environments + more.environments > this.#part(environmentsMax) ||
      memoryMiB + more.memoryMiB > this.#part(memoryBudgetMiB)
    );
  }

  hasTooManySandboxes(owner: string, more = 0): boolean {
    return this.of(owner).sandboxes + more > this.#part(this.#view.limits.sandboxesMax);
  }

  /** With more domains than there is room for, each has a share of one. */
  #part(whole: number): number {
    return Math.max(1, Math.floor(whole / this.#owners));
  }
}

function hasSandboxes(view: FleetView, owner: string): boolean {
  const [any] = view.slotsOwnedBy(owner);
  return any !== undefined;
}

const nothing = { environments: 0, memoryMiB: 0 };

/**
 * A sandbox of somebody who has more than a share, the least busy of whoever has most: it takes nothing new, and makes way when
 * what it runs has ended. Undefined while somebody else has that promise: one at a time, or a burst of asking would end them all.
 */
export function makesWay(view: FleetView, shares: Shares, asker: string): SlotView | undefined {
  if (view.reservedFor !== undefined || shares.hasTooManySandboxes(asker, 1)) return undefined;
  let best: SlotView | undefined;
  for (const slot of view.slots()) {
    const isEnding = slot.state.phase === 'draining' || slot.state.phase === 'gone';
    // What was provisioned stays: it is nobody's spare.
    if (slot.owner === asker || isEnding || slot.provisioned > 0 || !shares.hasTooManySandboxes(slot.owner)) continue;
    if (best === undefined || isBetter(shares, slot, best)) best = slot;
  }
  return best;
}

function isBetter(shares: Shares, slot: SlotView, best: SlotView): boolean {
  const more = shares.of(slot.owner).sandboxes - shares.of(best.owner).sandboxes;
  return more > 0 || (more === 0 && slot.running < best.running);
}
