/**
 * `internalBinding('worker')` and `internalBinding('locks')`: the one thread of a guest, which starts no others, and the locks that
 * its parts can hold against each other.
 */
import type { CoreContext } from '../context.ts';
import { refuses } from '../modules/refusal.ts';

const { ArrayPrototypePush, Error, Promise, PromisePrototypeThen, PromiseResolve } = primordials;

export function createBindings({ library }: CoreContext): Record<string, object> {
  const { locks } = library.require<{ readonly locks: LockNames }>('isotherm/data/machine');
  return {
    worker: {
      isInternalThread: false,
      isMainThread: true,
      ownsProcessState: true,
      resourceLimits: new Float64Array(4),
      threadId: 0,
      threadName: '',
      getEnvMessagePort: () => undefined,
      kMaxYoungGenerationSizeMb: 0,
      kMaxOldGenerationSizeMb: 1,
      kCodeRangeSizeMb: 2,
      kStackSizeMb: 3,
      kTotalResourceLimitCount: 4,
      Worker: refuses('worker_threads.Worker', 'Worker'),
    },
    locks: new Locks(locks),
  };
}

interface LockNames {
  readonly LOCK_MODE_SHARED: string;
  readonly LOCK_MODE_EXCLUSIVE: string;
  readonly LOCK_STOLEN_ERROR: string;
}

interface LockInfo {
  readonly name: string;
  readonly mode: string;
  readonly clientId: string;
}

interface Held extends LockInfo {
  steal(): void;
}

interface Pending extends LockInfo {
  grant(): void;
}

type Callback = (lock: LockInfo | null) => unknown;

/** https://w3c.github.io/web-locks: first come, first served, for each name. */
class Locks implements LockNames {
  readonly LOCK_MODE_SHARED: string;
  readonly LOCK_MODE_EXCLUSIVE: string;
  readonly LOCK_STOLEN_ERROR: string;
  #held: readonly Held[] = [];
  #pending: readonly Pending[] = [];

  constructor(names: LockNames) {
    this.LOCK_MODE_SHARED = names.LOCK_MODE_SHARED;
    this.LOCK_MODE_EXCLUSIVE = names.LOCK_MODE_EXCLUSIVE;
    this.LOCK_STOLEN_ERROR = names.LOCK_STOLEN_ERROR;
  }

  readonly request = (
    name: string,
    clientId: string,
    mode: string,
    steal: boolean,
    ifAvailable: boolean,
    callback: Callback,
  ): Promise<unknown> => {
    return new Promise((resolve, reject) => {
      const settle = (given: unknown): unknown => PromisePrototypeThen(PromiseResolve(given), resolve, reject);
      const pending: Pending = {
        name,
        mode,
        clientId,
        grant: () => {
          const held: Held = {
            name,
            mode,
            clientId,
            steal: () => {
              this.#held = without(this.#held, held);
              reject(new Error(this.LOCK_STOLEN_ERROR));
            },
          };
          this.#held = withLast(this.#held, held);
          const release = (): void => {
            this.#held = without(this.#held, held);
            this.#grantNext();
          };
          const result = called(callback, held);
          PromisePrototypeThen(result, release, release);
          settle(result);
        },
      };
      if (steal) this.#steal(name);
      else if (ifAvailable && !this.#isFree(pending)) {
        settle(called(callback, null));
        return;
      }
      this.#pending = steal ? withFirst(pending, this.#pending) : withLast(this.#pending, pending);
      this.#grantNext();
    });
  };

  readonly query = (): Promise<unknown> =>
    PromiseResolve({ held: described(this.#held), pending: described(this.#pending) });

  #steal(name: string): void {
    const held = this.#held;
    for (let at = 0; at < held.length; at++) if (held[at]?.name === name) held[at]?.steal();
  }

  /** Nobody holds it otherwise, and nobody waits longer. */
  #isFree({ name, mode }: LockInfo): boolean {
    return isOpen(this.#held, name, mode === this.LOCK_MODE_SHARED ? mode : undefined) && isOpen(this.#pending, name);
  }

  #grantNext(): void {
    const waiting = this.#pending;
    let before: readonly Pending[] = [];
    for (let at = 0; at < waiting.length; at++) {
      const next = waiting[at];
      if (next === undefined) continue;
      const shared = next.mode === this.LOCK_MODE_SHARED ? next.mode : undefined;
      if (isOpen(this.#held, next.name, shared) && isOpen(before, next.name)) {
        this.#pending = without(this.#pending, next);
        next.grant();
      } else before = withLast(before, next);
    }
  }
}

/** Whether none of `locks` has the name, those of the mode `except` aside. */
function isOpen(locks: readonly LockInfo[], name: string, except?: string): boolean {
  for (let at = 0; at < locks.length; at++) if (locks[at]?.name === name && locks[at]?.mode !== except) return false;
  return true;
}

function called(callback: Callback, lock: LockInfo | null): Promise<unknown> {
  return new Promise((resolve) => resolve(callback(lock)));
}

function described(locks: readonly LockInfo[]): LockInfo[] {
  const found: LockInfo[] = [];
  for (let at = 0; at < locks.length; at++) {
    const { name = '', mode = '', clientId = '' } = locks[at] ?? {};
    ArrayPrototypePush(found, { name, mode, clientId });
  }
  return found;
}

function withLast<Item>(items: readonly Item[], last: Item): Item[] {
  const all: Item[] = [];
  for (let at = 0; at < items.length; at++) ArrayPrototypePush(all, items[at] ?? last);
  ArrayPrototypePush(all, last);
  return all;
}

function withFirst<Item>(first: Item, items: readonly Item[]): Item[] {
  const all = [first];
  for (let at = 0; at < items.length; at++) ArrayPrototypePush(all, items[at] ?? first);
  return all;
}

function without<Item>(items: readonly Item[], one: Item): Item[] {
  const kept: Item[] = [];
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (item !== undefined && item !== one) ArrayPrototypePush(kept, item);
  }
  return kept;
}
