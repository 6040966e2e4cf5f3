/**
 * Keeps one isolate ready with the runtime in it and nothing of any user, made while nothing runs: that is more than half of a
 * cold start. Its heap limit is fixed when it is made, so it is made for the memory size that was asked for last.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { OpenedIsolate } from './runtime-image.ts';

export interface PreparedIsolatesOptions {
  /** Blocks for a few milliseconds. */
  readonly open: (memoryLimitMiB: number) => OpenedIsolate;
  /** Whether nothing is under way that would have to wait. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
}

export class PreparedIsolates {
  readonly #options: PreparedIsolatesOptions;
  #ready: { readonly memoryLimitMiB: number; readonly opened: OpenedIsolate } | undefined;
  #planned: Disposable | undefined;

  constructor(options: PreparedIsolatesOptions) {
    this.#options = options;
  }

  /** The isolate is the caller's. Another one is made when there is time. */
  take(memoryLimitMiB: number): OpenedIsolate {
    const ready = this.#ready;
    this.prepare(memoryLimitMiB);
    if (ready?.memoryLimitMiB !== memoryLimitMiB) return this.#options.open(memoryLimitMiB);
    this.#ready = undefined;
    return ready.opened;
  }

  /** Makes one as soon as nothing runs, if there is none of this size then. */
  prepare(memoryLimitMiB: number): void {
    this.#planned?.[Symbol.dispose]();
    this.#plan(memoryLimitMiB, limits.prepareDelayMsMin);
  }

  /** The longer the sandbox is busy, the more seldom it is asked. */
  #plan(memoryLimitMiB: number, delayMs: number): void {
    const { clock, isIdle, open } = this.#options;
    this.#planned = clock.after(delayMs, () => {
      if (this.#ready?.memoryLimitMiB === memoryLimitMiB) return;
      if (!isIdle()) {
        this.#plan(memoryLimitMiB, Math.min(delayMs * 2, limits.prepareDelayMsMax));
        return;
      }
      this.#ready?.opened.isolate.dispose();
      this.#ready = undefined;
      this.#ready = { memoryLimitMiB, opened: open(memoryLimitMiB) };
    });
  }
}
