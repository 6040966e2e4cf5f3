/** Which unused environments go: to make room, or because of their age. Pure decisions over a view. */
import type { EnvironmentView, FleetView } from './fleet-view.ts';

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

/** The longest unused environments whose end makes `room`, beside what is `leaving`; undefined when all of them together would not. */
export function evict(view: FleetView, room: Room, leaving = nobody): readonly EnvironmentView[] | undefined {
  const { limits } = view;
  let memoryMissingMiB = view.memoryReservedMiB - leaving.memoryMiB + room.memoryMiB - limits.memoryBudgetMiB;
  let environmentsMissing = view.environmentCount - leaving.environments + room.environments - limits.environmentsMax;
  if (memoryMissingMiB <= 0 && environmentsMissing <= 0) return none;

  const evicted: EnvironmentView[] = [];
  for (let node = view.unused.oldest; node !== undefined; node = node.newer) {
    if (leaving.includes(node.value)) continue;
    evicted.push(node.value);
    memoryMissingMiB -= node.value.demand.memoryMiB;
    environmentsMissing -= 1;
    if (memoryMissingMiB <= 0 && environmentsMissing <= 0) return evicted;
  }
  return undefined;
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
