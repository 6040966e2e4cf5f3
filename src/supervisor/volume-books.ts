/**
 * How much the volumes of one sandbox may hold together. The sandbox keeps the quota of each; these are the host's own books, for a
 * sandbox that does not. A volume outlives its environment while it waits for an heir, and counts until it is let go of.
 *
 * The file that all of them lie in gives nothing back: a sandbox hands what a volume leaves to the next one. So what counts is the most
 * that they were ever allowed to hold at once.
 */
import { limits } from '../model/limits.ts';

const MiB = 1024 * 1024;

export class VolumeBooks {
  /** By the environment that has it, or had it last. */
  readonly #sizesMiB = new Map<string, number>();
  #sumMiB = 0;
  #mostMiB = 0;

  /** The most that they were ever allowed to hold at once. */
  get mostMiB(): number {
    return this.#mostMiB;
  }

  /** What the file may hold before the sandbox has broken a quota for certain. */
  get allowedBytes(): number {
    return (this.#mostMiB + limits.volumeSlackMiB) * MiB;
  }

  /** @param inheritsFrom whose volume it takes over, if that is still there: an heir has the size of what it inherits. */
  add(environmentId: string, sizeMiB: number, inheritsFrom?: string): void {
    const inheritedMiB = inheritsFrom === undefined ? undefined : this.#sizesMiB.get(inheritsFrom);
    if (inheritsFrom !== undefined) this.delete(inheritsFrom);
    const heldMiB = inheritedMiB ?? sizeMiB;
    this.#sizesMiB.set(environmentId, heldMiB);
    this.#sumMiB += heldMiB;
    this.#mostMiB = Math.max(this.#mostMiB, this.#sumMiB);
  }

  /** The sandbox has been told to let go of it, or is told in this turn: what it is told afterwards it reads afterwards. */
  delete(environmentId: string): void {
    this.#sumMiB -= this.#sizesMiB.get(environmentId) ?? 0;
    this.#sizesMiB.delete(environmentId);
  }
}
