/**
 * Keeps one isolate ready with the runtime in it and nothing of any user, made while nothing runs: that is more than half of a
 * cold start. Its heap limit is fixed when it is made, so it is made for the memory size that was asked for last, and modules
 * that the last function used are compiled in it already.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { OpenedIsolate } from './runtime-image.ts';

export interface IsolateWish {
  readonly memoryLimitMiB: number;
  /** Ids of scripts with modules, see RuntimeImage.scriptsOf. */
  readonly scripts: readonly string[];
}

export interface PreparedIsolatesOptions {
  /** Blocks for a few milliseconds. */
  readonly open: (memoryLimitMiB: number) => OpenedIsolate;
  /** Blocks for a few milliseconds, too. */
  readonly compile: (opened: OpenedIsolate, scripts: readonly string[]) => void;
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
  take(wish: IsolateWish): OpenedIsolate {
    const { memoryLimitMiB } = wish;
    const ready = this.#ready;
    this.prepare(wish);
    if (ready?.memoryLimitMiB !== memoryLimitMiB) return this.#options.open(memoryLimitMiB);
    this.#ready = undefined;
    return ready.opened;
  }

  /** Makes one as soon as nothing runs, if there is none of this size then. */
  prepare(wish: IsolateWish): void {
    this.#planned?.[Symbol.dispose]();
    this.#plan(wish, limits.prepareDelayMsMin);
  }

  /** The longer the sandbox is busy, the more seldom it is asked. */
  #plan(wish: IsolateWish, delayMs: number): void {
    const { clock, isIdle, open } = this.#options;
    const { memoryLimitMiB, scripts } = wish;
    this.#planned = clock.after(delayMs, () => {
      if (this.#ready?.memoryLimitMiB === memoryLimitMiB) return;
      if (!isIdle()) {
        this.#plan(wish, Math.min(delayMs * 2, limits.prepareDelayMsMax));
        return;
      }
      this.#ready?.opened.isolate.dispose();
      this.#ready = undefined;
      const opened = open(memoryLimitMiB);
      this.#ready = { memoryLimitMiB, opened };
      // In a task of its own: together they would keep a call waiting twice as long.
      if (scripts.length > 0) this.#compileLater(opened, scripts);
    });
  }

  #compileLater(opened: OpenedIsolate, scripts: readonly string[]): void {
    const { clock, isIdle, compile } = this.#options;
    this.#planned = clock.after(0, () => {
      if (this.#ready?.opened === opened && isIdle()) compile(opened, scripts);
    });
  }
}
