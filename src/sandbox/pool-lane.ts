/**
 * Bounds how many slices run on isolated-vm's thread pool at once. When all its threads are busy isolated-vm starts further
 * ones without a limit, and a thread that cannot be started ends the process (SECURITY.md 0.3). Waiting slices get their turn
 * in the order they came; since an environment has at most one slice, that is fair between environments.
 */
import { LinkedList, listNode } from '../base/linked-list.ts';

export interface PoolWaiting {
  /** `entered`: the place is taken and must be left. `cancelled`: it is not. */
  readonly ended: Promise<'entered' | 'cancelled'>;
  cancel(): void;
}

export class PoolLane {
  readonly #slicesMax: number;
  #running = 0;
  readonly #waiting = new LinkedList<() => void>();

  constructor(slicesMax: number) {
    this.#slicesMax = slicesMax;
  }

  /** Undefined: there was a place, and it is taken now. */
  enter(): PoolWaiting | undefined {
    if (this.#running < this.#slicesMax) {
      this.#running += 1;
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<'entered' | 'cancelled'>();
    const node = listNode(() => resolve('entered'));
    this.#waiting.append(node);
    return {
      ended: promise,
      cancel: () => {
        // When it has entered already the promise is settled, and this changes nothing.
        this.#waiting.remove(node);
        resolve('cancelled');
      },
    };
  }

  leave(): void {
    const next = this.#waiting.oldest;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    // The place passes on; it is never free in between.
    this.#waiting.remove(next);
    next.value();
  }
}
