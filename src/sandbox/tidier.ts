/**
 * Lets environments give memory back once they are quiet: init leaves garbage behind, a third of what an environment with a few
 * modules holds, and V8 collects it only when it needs the room. One at a time, while nothing else runs in the sandbox. The C library
 * keeps what is freed then, 0.15 MB for each, until it is told to give it back: once, after the last one.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';

export interface Tidied {
  tidy(): Promise<void>;
}

export interface TidierOptions {
  readonly isIdle: () => boolean;
  /** Gives back what the whole process has freed. Blocks for a millisecond or two. */
  readonly trimHeap: () => void;
  readonly clock: Clock;
}

export class Tidier {
  readonly #options: TidierOptions;
  readonly #waiting = new Set<Tidied>();
  #isPlanned = false;
  #isHeapTrimmed = true;

  constructor(options: TidierOptions) {
    this.#options = options;
  }

  /** It answered for the first time. */
  note(environment: Tidied): void {
    this.#waiting.add(environment);
    if (!this.#isPlanned) this.#plan(limits.tidyDelayMs);
  }

  /** It is gone. */
  forget(environment: Tidied): void {
    this.#waiting.delete(environment);
  }

  #plan(delayMs: number): void {
    this.#isPlanned = true;
    this.#options.clock.after(delayMs, () => {
      this.#isPlanned = false;
      this.#run();
    });
  }

  async #run(): Promise<void> {
    const [next] = this.#waiting;
    if (next === undefined && this.#isHeapTrimmed) return;
    if (!this.#options.isIdle()) {
      this.#plan(limits.tidyDelayMs);
      return;
    }
    if (next === undefined) {
      this.#isHeapTrimmed = true;
      this.#options.trimHeap();
      return;
    }
    this.#waiting.delete(next);
    this.#isPlanned = true;
    this.#isHeapTrimmed = false;
    await next.tidy();
    this.#plan(0);
  }
}
