/**
 * Which environment runs an invocation. A pure decision over a view: nothing here waits, mutates or reads a clock.
 *
 * Order: a warm environment, most recently used first, so that the others age together and whole sandboxes drain; then the
 * successor of a reset one, which inherits its `/tmp` (LAMBDA.md B5.6); then a new one. A sandbox that is inside a long
 * guest slice is avoided as long as there is anywhere else to go: reuse is never guaranteed (B1.5), waiting is felt.
 */
import type { ListView } from '../base/linked-list.ts';
import type { Demand, EnvironmentView, FleetView, SlotView } from './fleet-view.ts';
import { evict, type Leaving } from './reclaim.ts';

export type Placement =
  | { readonly kind: 'reuse'; readonly environment: EnvironmentView }
  /** A new environment in the same sandbox takes over the memory and `/tmp` of this reset one. */
  | { readonly kind: 'succeed'; readonly environment: EnvironmentView }
  | { readonly kind: 'create'; readonly slot: SlotView; readonly evict: readonly EnvironmentView[] }
  /** Start a sandbox and create there; first end `retire`, a sandbox of another domain that nobody uses. */
  | { readonly kind: 'open'; readonly evict: readonly EnvironmentView[]; readonly retire?: SlotView }
  | { readonly kind: 'wait'; readonly limit: { readonly name: string; readonly value: number } };

/** How many candidates are looked at before a busy sandbox is accepted: keeps the decision O(1). */
const candidatesMax = 8;

export function place(view: FleetView, demand: Demand): Placement {
  const version = view.version(demand.versionKey);
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
  const room = { memoryMiB: demand.memoryMiB, environments: 1 };
  const evicted = evict(view, room);

  let calm: SlotView | undefined;
  let busy: SlotView | undefined;
  let full: SlotView | undefined;
  for (const slot of view.slotsOf(demand.domain)) {
    if (slot.state.phase !== 'open' && slot.state.phase !== 'starting') continue;
    if (slot.environments.size >= limits.environmentsPerSandbox) {
      if (slot.unused.size > (full?.unused.size ?? 0)) full = slot;
    } else if (slot.isBusy()) {
      busy = emptier(busy, slot);
    } else {
      calm = emptier(calm, slot);
    }
  }

  if (evicted !== undefined) {
    if (calm !== undefined) return { kind: 'create', slot: calm, evict: evicted };
    if (view.slotCount < limits.sandboxesMax) return { kind: 'open', evict: evicted };
  }
  if (where === 'calm') return wait(view, evicted);

  if (busy !== undefined && evicted !== undefined) return { kind: 'create', slot: busy, evict: evicted };
  // Its own sandboxes are full: the longest unused environment in one of them makes room, and counts for the rest as well.
  const coldest = full?.unused.oldest?.value;
  if (full !== undefined && coldest !== undefined) {
    const others = evict(view, room, only(coldest));
    if (others !== undefined) return { kind: 'create', slot: full, evict: [coldest, ...others] };
  }
  const retire = view.slotCount >= limits.sandboxesMax ? leastUsed(view, demand.domain) : undefined;
  if (retire !== undefined) {
    const rest = evict(view, room, allOf(retire));
    if (rest !== undefined) return { kind: 'open', evict: rest, retire };
  }
  return wait(view, evicted);
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

/** The longest unused sandbox of another domain that runs nothing. */
function leastUsed(view: FleetView, domain: string): SlotView | undefined {
  let best: SlotView | undefined;
  for (const slot of view.slots()) {
    const isEnding = slot.state.phase === 'draining' || slot.state.phase === 'gone';
    const isFree = slot.domain !== domain && !isEnding && slot.running === 0;
    if (isFree && (best === undefined || slot.lastUsedMs < best.lastUsedMs)) best = slot;
  }
  return best;
}

function wait(view: FleetView, evicted: readonly EnvironmentView[] | undefined): Placement {
  const { limits } = view;
  if (evicted !== undefined) return { kind: 'wait', limit: { name: 'sandboxesMax', value: limits.sandboxesMax } };
  return view.environmentCount >= limits.environmentsMax
    ? { kind: 'wait', limit: { name: 'environmentsMax', value: limits.environmentsMax } }
    : { kind: 'wait', limit: { name: 'memoryBudgetMiB', value: limits.memoryBudgetMiB } };
}
