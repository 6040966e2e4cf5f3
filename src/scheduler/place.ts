/**
 * Which environment runs an invocation. A pure decision over a view: nothing here waits, mutates or reads a clock.
 *
 * Order: a warm environment, most recently used first, so that the others age together and whole sandboxes drain; then the
 * successor of a reset one, which inherits its `/tmp` (LAMBDA.md B5.6); then a new one. A sandbox that is inside a long
 * guest slice is avoided as long as there is anywhere else to go: reuse is never guaranteed (B1.5), waiting is felt.
 */
import type { ListView } from '../base/linked-list.ts';
import type { LimitReached } from './admit.ts';
import { type Demand, type EnvironmentView, type FleetView, ownerOf, type SlotView } from './fleet-view.ts';
import { evict, type Leaving, type Wish } from './reclaim.ts';
import { makesWay, Shares } from './share.ts';

export type Placement =
  | { readonly kind: 'reuse'; readonly environment: EnvironmentView }
  /** A new environment in the same sandbox takes over the memory and `/tmp` of this reset one. */
  | { readonly kind: 'succeed'; readonly environment: EnvironmentView }
  | { readonly kind: 'create'; readonly slot: SlotView; readonly evict: readonly EnvironmentView[] }
  /** Start a sandbox and create there; first end `retire`, a sandbox of another domain that nobody uses. */
  | { readonly kind: 'open'; readonly evict: readonly EnvironmentView[]; readonly retire?: SlotView }
  /**
   * `own`: for something of the asker's own domain to end, so that others need not wait behind it. `makesWay`: a sandbox of a domain
   * with more than its share, which is to end as soon as what it runs has.
   */
  | {
      readonly kind: 'wait';
      readonly limit: LimitReached;
      readonly until: 'own' | 'room';
      readonly makesWay?: SlotView;
    };

/** How many candidates are looked at before a busy sandbox is accepted: keeps the decision O(1). */
const candidatesMax = 8;

export function place(view: FleetView, demand: Demand): Placement {
  const version = view.version(demand.versionKey);
  // Whoever was admitted because one is idle gets that one: the others are counted in another way (F4.4).
  const provisioned = version && calmest(version.provisioned);
  if (provisioned !== undefined) return { kind: 'reuse', environment: provisioned };
  const idle = version?.idle;
  const newest = idle?.newest?.value;
  if (newest !== undefined && !newest.slot.isBusy()) return { kind: 'reuse', environment: newest };

  const warm = idle && calmest(idle);
  if (warm?.slot.isBusy() === false) return { kind: 'reuse', environment: warm };

  const reset = version && warm === undefined ? calmest(version.reset) : undefined;
  if (reset?.slot.isBusy() === false) return { kind: 'succeed', environment: reset };

  const calm = placeNew(view, demand, 'calm');
  if (calm.kind !== 'wait') return calm;
  if (warm !== undefined) return { kind: 'reuse', environment: warm };
  if (reset !== undefined) return { kind: 'succeed', environment: reset };
  return placeNew(view, demand, 'any');
}

/** Where an environment is made that no invocation waits for (F4.3): it takes over the `/tmp` of one that was reset, too. */
export function placeAhead(view: FleetView, demand: Demand): Placement {
  const version = view.version(demand.versionKey);
  const reset = version && calmest(version.reset);
  if (reset !== undefined) return { kind: 'succeed', environment: reset };
  const calm = placeNew(view, demand, 'calm');
  return calm.kind === 'wait' ? placeNew(view, demand, 'any') : calm;
}

/** The most recently used one whose sandbox is not busy, else the most recently used one. */
function calmest(list: ListView<EnvironmentView>): EnvironmentView | undefined {
  let looked = 0;
  for (let node = list.newest; node !== undefined && looked < candidatesMax; node = node.older) {
    if (!node.value.slot.isBusy()) return node.value;
    looked += 1;
  }
  return list.newest?.value;
}

/** `calm`: without disturbing others and without entering a busy sandbox. */
function placeNew(view: FleetView, demand: Demand, where: 'calm' | 'any'): Placement {
  const { limits } = view;
  const { domain } = demand;
  const owner = ownerOf(demand);
  const shares = new Shares(view, owner);
  const own = shares.of(owner);
  // A quota of all there is is none: then the engine is full, not the domain.
  const isFull =
    limits.environmentsPerDomain < limits.environmentsMax && own.environments >= limits.environmentsPerDomain;
  // At its quota one of its own makes room, and counts for the rest as well.
  const first = isFull ? longestUnused(view, owner) : undefined;
  if (isFull && first === undefined) {
    return waitForItself({ name: 'environmentsPerDomain', value: limits.environmentsPerDomain });
  }
  const room = { memoryMiB: demand.memoryMiB, environments: 1 };
  const evicted = evictBeside(view, { room, owner }, first);

  let calm: SlotView | undefined;
  let busy: SlotView | undefined;
  let full: SlotView | undefined;
  for (const slot of view.slotsOf(domain)) {
    if (slot.state.phase !== 'open' && slot.state.phase !== 'starting') continue;
    if (slot.environments.size >= limits.environmentsPerSandbox) {
      if (slot.unused.size > (full?.unused.size ?? 0)) full = slot;
    } else if (slot.isBusy()) {
      busy = emptier(busy, slot);
    } else {
      calm = emptier(calm, slot);
    }
  }

  const mayOpen = limits.sandboxesPerDomain >= limits.sandboxesMax || own.sandboxes < limits.sandboxesPerDomain;
  const isForOthers = view.reservedFor !== undefined && view.reservedFor !== owner;
  const isReserved = isForOthers && own.running > 0 && shares.hasTooManySandboxes(owner, 1);
  const isCrowded = view.slotCount + (isReserved ? 1 : 0) >= limits.sandboxesMax;
  if (evicted !== undefined) {
    if (calm !== undefined) return { kind: 'create', slot: calm, evict: evicted };
    if (mayOpen && !isCrowded) return { kind: 'open', evict: evicted };
  }
  if (where === 'calm') return waitForRoom(view, shares, demand, evicted);

  if (busy !== undefined && evicted !== undefined) return { kind: 'create', slot: busy, evict: evicted };
  // Its own sandboxes are full: the longest unused environment in one of them makes room.
  const coldest = full?.unused.oldest?.value;
  if (full !== undefined && coldest !== undefined) {
    const others = evictBeside(view, { room, owner }, coldest);
    if (others !== undefined) return { kind: 'create', slot: full, evict: others };
  }
  // At its quota one of its own makes way: that of a function that was secluded, or was not.
  const mayRetire = mayOpen ? (isCrowded ? 'any' : 'none') : 'own';
  const retire = mayRetire === 'none' ? undefined : leastUsed(view, shares, demand, mayRetire);
  if (retire !== undefined) {
    const rest = evictBeside(view, { room, owner }, first, allOf(retire));
    if (rest !== undefined) return { kind: 'open', evict: rest, retire };
  }
  if (!mayOpen && evicted !== undefined) {
    return waitForItself({ name: 'sandboxesPerDomain', value: limits.sandboxesPerDomain });
  }
  const leaving = mayOpen && isCrowded ? makesWay(view, shares, owner) : undefined;
  return waitForRoom(view, shares, demand, evicted, leaving);
}

/** The longest unused environment of an owner. */
function longestUnused(view: FleetView, owner: string): EnvironmentView | undefined {
  let best: EnvironmentView | undefined;
  for (const { unused } of view.slotsOwnedBy(owner)) {
    const oldest = unused.oldest?.value;
    if (oldest !== undefined && (best === undefined || sinceMs(oldest) < sinceMs(best))) best = oldest;
  }
  return best;
}

function sinceMs({ state }: EnvironmentView): number {
  return 'sinceMs' in state ? state.sinceMs : Number.POSITIVE_INFINITY;
}

/** What `evict` finds beside `first`, which goes in any case, and beside a sandbox that ends. */
function evictBeside(
  view: FleetView,
  wish: Wish,
  first: EnvironmentView | undefined,
  leaving?: Leaving,
): readonly EnvironmentView[] | undefined {
  if (first === undefined) return evict(view, leaving === undefined ? wish : { ...wish, leaving });
  const gone = leaving === undefined ? only(first) : both(only(first), leaving);
  const others = evict(view, { ...wish, leaving: gone });
  return others && [first, ...others];
}

function only(leaving: EnvironmentView): Leaving {
  return { memoryMiB: leaving.demand.memoryMiB, environments: 1, includes: (environment) => environment === leaving };
}

function allOf(slot: SlotView): Leaving {
  const { memoryMiB, environments } = slot;
  return { memoryMiB, environments: environments.size, includes: (environment) => environment.slot === slot };
}

function emptier(best: SlotView | undefined, slot: SlotView): SlotView {
  return best === undefined || slot.running < best.running ? slot : best;
}

function both(one: Leaving, other: Leaving): Leaving {
  return {
    memoryMiB: one.memoryMiB + other.memoryMiB,
    environments: one.environments + other.environments,
    includes: (environment) => one.includes(environment) || other.includes(environment),
  };
}

/**
 * The longest unused sandbox of another domain that runs nothing. One of a domain with more than its share goes first; those of the
 * others only for a domain that has none, or stays within its share.
 */
function leastUsed(view: FleetView, shares: Shares, demand: Demand, whose: 'any' | 'own'): SlotView | undefined {
  const owner = ownerOf(demand);
  const mayTakeAny = shares.of(owner).running === 0 || !shares.hasTooManySandboxes(owner, 1);
  let best: SlotView | undefined;
  let isBestOver = false;
  for (const slot of whose === 'own' ? view.slotsOwnedBy(owner) : view.slots()) {
    const isEnding = slot.state.phase === 'draining' || slot.state.phase === 'gone';
    if (slot.domain === demand.domain || isEnding || slot.running > 0 || slot.provisioned > 0) continue;
    const isOver = shares.hasTooManySandboxes(slot.owner);
    const mayTake = isOver || mayTakeAny || slot.owner === owner;
    if (!mayTake || (isBestOver && !isOver)) continue;
    if (best !== undefined && isOver === isBestOver && slot.lastUsedMs >= best.lastUsedMs) continue;
    best = slot;
    isBestOver = isOver;
  }
  return best;
}

function waitForItself(limit: LimitReached): Placement {
  return { kind: 'wait', limit, until: 'own' };
}

/** Who has more than a share waits for what is its own: nobody else has to stand behind it. */
function waitForRoom(
  { limits, environmentCount }: FleetView,
  shares: Shares,
  demand: Demand,
  evicted: readonly EnvironmentView[] | undefined,
  makesWay?: SlotView,
): Placement {
  const owner = ownerOf(demand);
  const room = { environments: 1, memoryMiB: demand.memoryMiB };
  const hasTooMuch = evicted === undefined ? shares.hasTooMuch(owner, room) : shares.hasTooManySandboxes(owner, 1);
  const until = hasTooMuch && shares.of(owner).running > 0 ? 'own' : 'room';
  const limit =
    evicted !== undefined
      ? { name: 'sandboxesMax', value: limits.sandboxesMax }
      : environmentCount >= limits.environmentsMax
        ? { name: 'environmentsMax', value: limits.environmentsMax }
        : { name: 'memoryBudgetMiB', value: limits.memoryBudgetMiB };
  return { kind: 'wait', limit, until, ...(makesWay !== undefined && { makesWay }) };
}
