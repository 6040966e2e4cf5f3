/** Which unused environments go: to make room, or because of their age. Pure decisions over a view. */
import type { EnvironmentView, FleetView, SlotView } from './fleet-view.ts';

export interface Room {
  readonly memoryMiB: number;
  readonly environments: number;
}

/**
 * The longest unused environments whose end makes `room`, or undefined when all of them together would not. `spared` is a
 * slot that ends anyway, with all it holds: it counts as gone.
 */
export function evict(view: FleetView, room: Room, spared?: SlotView): readonly EnvironmentView[] | undefined {
  const { limits } = view;
  let memoryMissingMiB = view.memoryReservedMiB - (spared?.memoryMiB ?? 0) + room.memoryMiB - limits.memoryBudgetMiB;
  let environmentsMissing =
    view.environmentCount - (spared?.environments.size ?? 0) + room.environments - limits.environmentsMax;
  if (memoryMissingMiB <= 0 && environmentsMissing <= 0) return none;

  const evicted: EnvironmentView[] = [];
  for (let node = view.unused.oldest; node !== undefined; node = node.newer) {
    if (node.value.slot === spared) continue;
    evicted.push(node.value);
    memoryMissingMiB -= node.value.demand.memoryMiB;
    environmentsMissing -= 1;
    if (memoryMissingMiB <= 0 && environmentsMissing <= 0) return evicted;
  }
  return undefined;
}

const none: readonly EnvironmentView[] = [];

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
