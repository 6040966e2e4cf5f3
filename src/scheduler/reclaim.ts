/** Which unused environments go: to make room, or because of their age. Pure decisions over a view. */
import type { ListNodeView } from '../base/linked-list.ts';
import type { EnvironmentView, FleetView } from './fleet-view.ts';
import { Shares } from './share.ts';

export interface Room {
  readonly memoryMiB: number;
  readonly environments: number;
}

/** What ends anyway: it counts as gone, once. */
export interface Leaving {
  readonly memoryMiB: number;
  readonly environments: number;
  includes(environment: EnvironmentView): boolean;
}

export interface Wish {
  readonly room: Room;
  /** Who wants it. */
  readonly owner: string;
  /** Default: nobody. */
  readonly leaving?: Leaving;
}

/**
 * Unused environments whose end makes room, the longest unused first; undefined when their end would not. First go those of trust
 * domains that hold more than their share, the asker's among them. Those of the others go only for an asker that stays within its own
 * share, or that runs nothing at all: a burst of one domain takes no warm environment from a neighbour.
 */
export function evict(view: FleetView, wish: Wish): readonly EnvironmentView[] | undefined {
  const missing = new Missing(view, wish);
  if (missing.isNothing) return none;
  const { owner, room } = wish;
  const shares = new Shares(view, owner);
  const mayTakeAny = shares.of(owner).running === 0 || !shares.hasTooMuch(owner, room);
  const isOver = (each: string): boolean => (each === owner ? shares.hasTooMuch(owner, room) : shares.hasTooMuch(each));
  const own = oldestFirst(view, isOver, missing);
  if (own !== undefined || !mayTakeAny) return own;
  return takeWhile(view.unused.oldest, new Missing(view, wish));
}

/** How much room is missing, less with each environment that goes. */
class Missing {
  readonly #leaving: Leaving;
  #memoryMiB: number;
  #environments: number;

  constructor({ limits, memoryReservedMiB, environmentCount }: FleetView, { room, leaving = nobody }: Wish) {
    this.#leaving = leaving;
    this.#memoryMiB = memoryReservedMiB - leaving.memoryMiB + room.memoryMiB - limits.memoryBudgetMiB;
    this.#environments = environmentCount - leaving.environments + room.environments - limits.environmentsMax;
  }

  get isNothing(): boolean {
    return this.#memoryMiB <= 0 && this.#environments <= 0;
  }

  /** False for one that goes anyway. */
  take(environment: EnvironmentView): boolean {
    if (this.#leaving.includes(environment)) return false;
    this.#memoryMiB -= environment.demand.memoryMiB;
    this.#environments -= 1;
    return true;
  }
}

function takeWhile(oldest: Node | undefined, missing: Missing): readonly EnvironmentView[] | undefined {
  const evicted: EnvironmentView[] = [];
  for (let node = oldest; node !== undefined; node = node.newer) {
    if (!missing.take(node.value)) continue;
    evicted.push(node.value);
    if (missing.isNothing) return evicted;
  }
  return undefined;
}

type Node = ListNodeView<EnvironmentView>;

/** As `takeWhile`, of some domains: slot by slot, so that it costs nothing how many environments the others have. */
function oldestFirst(
  view: FleetView,
  isMeant: (owner: string) => boolean,
  missing: Missing,
): readonly EnvironmentView[] | undefined {
  const heads: Node[] = [];
  for (const slot of view.slots()) {
    if (slot.unused.oldest !== undefined && isMeant(slot.owner)) heads.push(slot.unused.oldest);
  }
  const evicted: EnvironmentView[] = [];
  for (;;) {
    const at = longestUnused(heads);
    const head = heads[at];
    if (head === undefined) return undefined;
    if (head.newer === undefined) heads.splice(at, 1);
    else heads[at] = head.newer;
    if (!missing.take(head.value)) continue;
    evicted.push(head.value);
    if (missing.isNothing) return evicted;
  }
}

function longestUnused(heads: readonly Node[]): number {
  let best = 0;
  for (const [at, head] of heads.entries()) if (unusedSince(head) < unusedSince(heads[best])) best = at;
  return best;
}

function unusedSince(node: Node | undefined): number {
  const state = node?.value.state;
  return state !== undefined && 'sinceMs' in state ? state.sinceMs : Number.POSITIVE_INFINITY;
}

const none: readonly EnvironmentView[] = [];

const nobody: Leaving = { memoryMiB: 0, environments: 0, includes: () => false };

/** Environments that were unused for too long, oldest first. */
export function expire(view: FleetView, nowMs: number): readonly EnvironmentView[] {
  const expired: EnvironmentView[] = [];
  for (let node = view.unused.oldest; node !== undefined; node = node.newer) {
    const { state } = node.value;
    const isOld = 'sinceMs' in state && nowMs - state.sinceMs >= view.limits.environmentIdleMs;
    if (!isOld) break;
    expired.push(node.value);
  }
  return expired;
}
