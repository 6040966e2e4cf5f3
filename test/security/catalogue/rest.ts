/**
 * Whether the processes of a function come to rest after its answer. A sandbox has some housekeeping of its own, which a busy machine puts
 * off, and which ends: it prepares the next isolate, and V8 collects the garbage of idle ones. So they are looked at until they rest, and
 * how long that may take is counted in processor time: what runs on uses that up on any machine, and housekeeping on none.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { processFacts, waitsOf } from './process-facts.ts';

export interface Rest {
  /** Of a core, in the last stretch that was looked at. */
  readonly share: number;
  /** Used since it was first looked at. */
  readonly cpuMs: number;
}

/**
 * @param housekeepingMs of processor time that each process may use until it rests.
 * @returns of each process that is still there; at once when all rest.
 */
export async function comeToRest(pids: readonly number[], housekeepingMs: number): Promise<ReadonlyMap<number, Rest>> {
  await delay(stretchMs);
  const startedMs = performance.now();
  const first = looksAt(pids);
  let before = first;
  while (true) {
    const stretchedMs = performance.now();
    await delay(stretchMs);
    const tookMs = performance.now() - stretchedMs;
    const now = looksAt(pids);
    const rests = new Map<number, Rest>();
    let isStarved = false;
    for (const [pid, { cpuMs, waits }] of now) {
      const [was, began] = [before.get(pid), first.get(pid)];
      if (was === undefined || began === undefined) continue;
      rests.set(pid, { share: (cpuMs - was.cpuMs) / tookMs, cpuMs: cpuMs - began.cpuMs });
      const longestMs = Math.max(0, ...[...waits].map(([thread, ms]) => ms - (was.waits.get(thread) ?? 0)));
      isStarved ||= longestMs > tookMs * starvedShare;
    }
    before = now;
    const all = [...rests.values()];
    const isSpent = all.some(({ cpuMs }) => cpuMs > housekeepingMs);
    const isResting = !isStarved && all.every(({ share }) => share <= restShareMax);
    if (isResting || isSpent || performance.now() - startedMs > patienceMs) return rests;
  }
}

function looksAt(pids: readonly number[]) {
  const found = new Map<number, { readonly cpuMs: number; readonly waits: ReadonlyMap<number, number> }>();
  for (const pid of pids) {
    const facts = processFacts(pid);
    if (facts !== undefined && !facts.isZombie) found.set(pid, { cpuMs: facts.cpuMs, waits: waitsOf(pid) });
  }
  return found;
}

/** From so long after the answer on nothing of the function may run. */
const stretchMs = 300;
/** Of a core: what the threat catalogue allows. The kernel counts in 10 ms, so it is one tick of a stretch. */
export const restShareMax = 0.05;
/** A thread that wants to run and gets no processor does not rest: such a stretch says nothing. */
const starvedShare = 0.5;
/** Where a machine gives a process so little that it can neither rest nor use its allowance up. */
const patienceMs = 120_000;
