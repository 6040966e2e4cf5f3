/**
 * How much memory a sandbox may hold right now. What it held when nothing last ran in it is taken as given: disposed isolates leave most
 * of their memory in the process (DESIGN.md section 5), and that must not count against the environments that run now. On
 * top, each environment that has run since may have grown to its own size.
 *
 * Whatever happened, all environments at full size and the size at which a sandbox is retired are the most.
 */
import { limits } from '../model/limits.ts';

export interface MemoryShare {
  readonly memoryMiB: number;
  /** The round in which it last ran. Kept here so that an invocation costs one comparison. */
  round: number;
}

export class MemoryAllowance {
  #settledBytes = 0;
  /** What it held before its first guest. */
  #blankBytes: number | undefined;
  #round = 1;
  #ranMiB = 0;
  #residentMiB = 0;

  add(memoryMiB: number): MemoryShare {
    this.#residentMiB += memoryMiB;
    return { memoryMiB, round: 0 };
  }

  remove(share: MemoryShare): void {
    // What it used may stay behind: it counts as run until the next reading without guests.
    this.#residentMiB -= share.memoryMiB;
  }

  /** Guest code is about to run. */
  run(share: MemoryShare): void {
    if (share.round === this.#round) return;
    share.round = this.#round;
    this.#ranMiB += share.memoryMiB;
  }

  /** A reading while no guest runs. */
  settle(residentBytes: number): void {
    this.#settledBytes = residentBytes;
    this.#blankBytes ??= residentBytes;
    this.#round += 1;
    this.#ranMiB = 0;
  }

  /** What it holds though no guest runs, beyond all that its environments may use and what it held when it was blank. */
  get keptBytes(): number {
    const { environmentMemoryFactor } = limits;
    return this.#settledBytes - (this.#blankBytes ?? 0) - this.#residentMiB * environmentMemoryFactor * MiB;
  }

  get allowedBytes(): number {
    return this.#whenRan(this.#ranMiB);
  }

  /** What is allowed at most until the next environment comes, however many of these run. For whoever cannot be told at each invocation. */
  get boundBytes(): number {
    return this.#whenRan(this.#ranMiB + this.#residentMiB);
  }

  #whenRan(memoryMiB: number): number {
    const { environmentMemoryFactor, sandboxMemorySlackMiB, sandboxRssMiBMax } = limits;
    const grown = this.#settledBytes + (sandboxMemorySlackMiB + memoryMiB * environmentMemoryFactor) * MiB;
    const most = (sandboxRssMiBMax + this.#residentMiB * environmentMemoryFactor) * MiB;
    return Math.min(grown, most);
  }
}

const MiB = 1024 * 1024;
