/**
 * Keeps isolates ready with the runtime in them and nothing of any user, made while nothing runs: that is more than half of a
 * cold start. One is plain; another has the modules of Node in it that the last function with any used. A heap limit is fixed
 * when an isolate is made, so they are made for the memory size that was asked for last. A sandbox that has given away a single isolate so
 * far may never need another, and may share the cores with those who wait for what was just lost: there they are made later.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { OpenedIsolate } from './runtime-image.ts';

export interface IsolateWish {
  readonly memoryLimitMiB: number;
  /** Public modules that will be required, and ids of others that will be asked for. */
  readonly modules: readonly string[];
  readonly ids: ReadonlySet<string>;
}

export interface PreparedIsolatesOptions {
  /** Blocks for a few milliseconds. */
  readonly open: (memoryLimitMiB: number) => OpenedIsolate;
  /** Does what else can be done ahead, in steps of a millisecond or so. The isolate can be used between any two. */
  readonly fill: (opened: OpenedIsolate, wish: IsolateWish) => Iterator<void>;
  /** Whether nothing is under way that would have to wait. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
}

interface Prepared {
  readonly wish: IsolateWish;
  readonly opened: OpenedIsolate;
  readonly filling: Iterator<void>;
}

export class PreparedIsolates {
  readonly #options: PreparedIsolatesOptions;
  #plain: Prepared | undefined;
  #filled: Prepared | undefined;
  #planned: Disposable | undefined;
  #taken = 0;

  constructor(options: PreparedIsolatesOptions) {
    this.#options = options;
  }

  /** The isolate is the caller's. It holds no module that was not wished for. Another one is made when there is time. */
  take(wish: IsolateWish): OpenedIsolate {
    const found = [this.#filled, this.#plain].find((prepared) => prepared !== undefined && suits(prepared.wish, wish));
    if (found === this.#filled) this.#filled = undefined;
    else if (found === this.#plain) this.#plain = undefined;
    this.#taken += 1;
    this.#make(wish);
    return found?.opened ?? this.#options.open(wish.memoryLimitMiB);
  }

  /** Makes what is missing for the first one like this, as soon as nothing runs. */
  prepare(wish: IsolateWish): void {
    this.#taken = 0;
    this.#make(wish);
  }

  #make(wish: IsolateWish): void {
    this.#planned?.[Symbol.dispose]();
    this.#plan(this.#missing(wish), limits.prepareDelayMsMin, limits.prepareDelayMsMin);
  }

  /** The longer the sandbox is busy, the more seldom it is asked. */
  #plan(steps: Iterator<number>, delayMs: number, busyDelayMs: number): void {
    const { clock, isIdle } = this.#options;
    this.#planned = clock.after(delayMs, () => {
      const step = isIdle() ? steps.next() : undefined;
      if (step === undefined) {
        const longerMs = Math.min(busyDelayMs * 2, limits.prepareDelayMsMax);
        this.#plan(steps, longerMs, longerMs);
      } else if (step.done !== true) {
        // Each step is a task of its own: a call that comes meanwhile waits for one of them.
        this.#plan(steps, step.value, limits.prepareDelayMsMin);
      }
    });
  }

  /** Yields how long to wait before the next step. */
  *#missing(wish: IsolateWish): Generator<number> {
    const { open, fill } = this.#options;
    if (this.#taken === 1) yield limits.prepareAfterFirstMs;
    if (this.#plain?.wish.memoryLimitMiB !== wish.memoryLimitMiB) {
      this.#plain?.opened.isolate.dispose();
      this.#plain = undefined;
      const plainWish = { ...wish, modules: [], ids: new Set<string>() };
      const opened = open(wish.memoryLimitMiB);
      this.#plain = { wish: plainWish, opened, filling: fill(opened, plainWish) };
      yield 0;
    }
    while (this.#plain?.filling.next().done === false) yield 0;
    if (wish.modules.length + wish.ids.size === 0) return;
    if (this.#filled === undefined || !suits(this.#filled.wish, wish) || !suits(wish, this.#filled.wish)) {
      this.#filled?.opened.isolate.dispose();
      this.#filled = undefined;
      const opened = open(wish.memoryLimitMiB);
      this.#filled = { wish, opened, filling: fill(opened, wish) };
      yield 0;
    }
    while (this.#filled?.filling.next().done === false) yield 0;
  }
}

/** Whether an isolate made for `prepared` is what `wish` wants, and no more than that. */
function suits(prepared: IsolateWish, wish: IsolateWish): boolean {
  return (
    prepared.memoryLimitMiB === wish.memoryLimitMiB &&
    prepared.modules.every((name) => wish.modules.includes(name)) &&
    prepared.ids.isSubsetOf(wish.ids)
  );
}
