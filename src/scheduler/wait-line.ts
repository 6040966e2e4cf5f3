/**
 * Invocations that wait for capacity, each at most for a time and until its signal aborts. Those of one group (a trust domain) are served
 * in the order they came, and the groups take turns, so that nobody's crowd keeps others waiting. A waiter ends exactly once: granted
 * or refused. It does not know what they wait for.
 */
import type { Clock } from '../base/clock.ts';
import { LinkedList, listNode } from '../base/linked-list.ts';

/** Why somebody waits: for something of its own group to end, which is nobody else's business, or for room that all share. */
export type WaitsUntil = 'own' | 'room';

export interface Waiting<Ask> {
  readonly ask: Ask;
  readonly group: string;
  readonly until: WaitsUntil;
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

type Group<Ask, Grant> = LinkedList<Waiter<Ask, Grant>>;

export class WaitLine<Ask, Grant extends object> {
  readonly #clock: Clock;
  /** In the order of their turns. */
  readonly #groups = new Map<string, Group<Ask, Grant>>();
  readonly #onLeft: () => void;
  #size = 0;
  /** Whether somebody waits for room: whoever comes now has to stand behind. */
  #wantsRoom = false;

  /** @param onLeft somebody gave up: whoever stood behind may have a chance now. */
  constructor(clock: Clock, onLeft: () => void) {
    this.#clock = clock;
    this.#onLeft = onLeft;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether somebody of the group would overtake nobody who could be served as well. */
  isFreeFor(group: string): boolean {
    return !this.#wantsRoom && !this.#groups.has(group);
  }

  join({ ask, group, until, position, waitMs, tooLong, signal }: Waiting<Ask>): Promise<Grant> {
    const { promise, resolve, reject } = Promise.withResolvers<Grant>();
    const leave = () => {
      this.#remove(group, node);
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
    const waiters = this.#groups.get(group) ?? new LinkedList<Waiter<Ask, Grant>>();
    this.#groups.set(group, waiters);
    if (position === 'first') waiters.prepend(node);
    else waiters.append(node);
    this.#size += 1;
    if (until === 'room') this.#wantsRoom = true;
    return promise;
  }

  /**
   * Grants to one group after the other, until all that is left of each waits for its own, or the one whose turn it is for room. An error
   * refuses whoever was asked for.
   */
  serve(grant: (ask: Ask) => Grant | WaitsUntil | Error): void {
    this.#wantsRoom = false;
    const waiting = new Set(this.#groups.keys());
    for (const group of this.#groups.keys()) {
      if (!waiting.has(group)) continue;
      const waiters = this.#groups.get(group);
      const first = waiters?.oldest;
      if (waiters === undefined || first === undefined) continue;
      const granted = grant(first.value.ask);
      if (granted === 'room') {
        this.#wantsRoom = true;
        return;
      }
      if (granted === 'own') {
        waiting.delete(group);
        continue;
      }
      if (granted instanceof Error) first.value.refuse(granted);
      else first.value.grant(granted);
      this.#takeTurn(group, waiters);
    }
  }

  refuseAll(makeError: () => Error): void {
    for (const waiters of [...this.#groups.values()]) {
      for (const waiter of waiters) waiter.refuse(makeError());
    }
  }

  /** The others come first now. A map that is walked shows what is added to it, so this group's turn comes again. */
  #takeTurn(group: string, waiters: Group<Ask, Grant>): void {
    if (waiters.size === 0) return;
    this.#groups.delete(group);
    this.#groups.set(group, waiters);
  }

  #remove(group: string, node: ReturnType<typeof listNode<Waiter<Ask, Grant>>>): void {
    const waiters = this.#groups.get(group);
    if (waiters === undefined || node.list !== waiters) return;
    waiters.remove(node);
    this.#size -= 1;
    if (this.#size === 0) this.#wantsRoom = false;
    if (waiters.size === 0) this.#groups.delete(group);
  }
}
