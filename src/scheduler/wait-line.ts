/**
 * Invocations that wait for capacity, first come first served, each at most for a time and until its signal aborts. A waiter
 * ends exactly once: granted or refused. It does not know what they wait for.
 */
import type { Clock } from '../base/clock.ts';
import { LinkedList, listNode } from '../base/linked-list.ts';

export interface Waiting<Ask> {
  readonly ask: Ask;
  readonly position: 'first' | 'last';
  readonly waitMs: number;
  /** What a wait that takes too long ends with. */
  readonly tooLong: () => Error;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter<Ask, Grant> {
  readonly ask: Ask;
  grant(grant: Grant): void;
  refuse(error: unknown): void;
}

export class WaitLine<Ask, Grant> {
  readonly #clock: Clock;
  readonly #waiters = new LinkedList<Waiter<Ask, Grant>>();

  readonly #onLeft: () => void;

  /** @param onLeft somebody gave up: whoever stood behind may have a chance now. */
  constructor(clock: Clock, onLeft: () => void) {
    this.#clock = clock;
    this.#onLeft = onLeft;
  }

  get size(): number {
    return this.#waiters.size;
  }

  join({ ask, position, waitMs, tooLong, signal }: Waiting<Ask>): Promise<Grant> {
    const { promise, resolve, reject } = Promise.withResolvers<Grant>();
    const leave = () => {
      this.#waiters.remove(node);
      timer[Symbol.dispose]();
      signal?.removeEventListener('abort', onAbort);
    };
    const node = listNode<Waiter<Ask, Grant>>({
      ask,
      grant(grant) {
        leave();
        resolve(grant);
      },
      refuse(error) {
        leave();
        reject(error);
      },
    });
    const giveUp = (error: unknown) => {
      node.value.refuse(error);
      this.#onLeft();
    };
    const onAbort = () => giveUp(signal?.reason);
    const timer = this.#clock.after(waitMs, () => giveUp(tooLong()));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (position === 'first') this.#waiters.prepend(node);
    else this.#waiters.append(node);
    return promise;
  }

  /** Grants from the head of the line until `grant` has nothing for the first. */
  serve(grant: (ask: Ask) => Grant | undefined): void {
    for (let first = this.#waiters.oldest; first !== undefined; first = this.#waiters.oldest) {
      const granted = grant(first.value.ask);
      if (granted === undefined) return;
      first.value.grant(granted);
    }
  }

  refuseAll(makeError: () => Error): void {
    for (const waiter of this.#waiters) waiter.refuse(makeError());
  }
}
