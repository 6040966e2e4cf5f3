/**
 * When a sandbox has served enough. A pure decision; who acts on it drains the sandbox and lets its last environment end.
 *
 * Why at all: about 80 % of the memory of disposed isolates stays in the process (DESIGN.md section 5), that of ICU's objects never
 * leaves it, so that a function could make one grow call by call without ever being over its own limit; and a daily change of
 * address space is what a long attack on one process cannot outlast.
 */
import { limits } from '../model/limits.ts';

export interface WearView {
  readonly ageMs: number;
  /** Environments created in it so far. */
  readonly environmentsServed: number;
  readonly rssBytes: number;
  /** Of those, what belongs to no environment that it has, as it was when no guest ran. */
  readonly keptBytes: number;
  /** Bytes written to its package store, which only grows. */
  readonly storeBytes: number;
}

export function shouldRetire(view: WearView): string | undefined {
  const { sandboxAgeMsMax, sandboxEnvironmentsServedMax, sandboxRssMiBMax, sandboxMemorySlackMiB, packageStoreMiBMax } =
    limits;
  if (view.ageMs >= sandboxAgeMsMax) {
    return `it is ${Math.floor(view.ageMs / 1_000)} s old (sandboxAgeMsMax is ${sandboxAgeMsMax} ms)`;
  }
  if (view.environmentsServed >= sandboxEnvironmentsServedMax) {
    return `it served ${view.environmentsServed} environments (sandboxEnvironmentsServedMax is ${sandboxEnvironmentsServedMax})`;
  }
  if (view.rssBytes >= sandboxRssMiBMax * MiB) {
    return `it holds ${Math.floor(view.rssBytes / MiB)} MiB (sandboxRssMiBMax is ${sandboxRssMiBMax})`;
  }
  if (view.keptBytes >= sandboxMemorySlackMiB * MiB) {
    return `it keeps ${Math.floor(view.keptBytes / MiB)} MiB that no environment uses (sandboxMemorySlackMiB is ${sandboxMemorySlackMiB})`;
  }
  if (view.storeBytes >= packageStoreMiBMax * MiB) {
    return `its package store has ${Math.floor(view.storeBytes / MiB)} MiB (packageStoreMiBMax is ${packageStoreMiBMax})`;
  }
  return undefined;
}

const MiB = 1024 * 1024;
