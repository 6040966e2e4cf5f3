/**
 * Who may use the thread pool of this process next. Threads and memory are few and belong to all guests of the sandbox: so many
 * operations run at once, their memory stays below a limit, and guests take turns.
 */
import { limits } from '../../../model/limits.ts';

interface Waiting {
  readonly memoryBytes: number;
  readonly run: () => Promise<void>;
}

export class Turns {
  /** By whoever waits; the one that was served last is last. */
  readonly #queues = new Map<object, Waiting[]>();
  /** Those that are frozen: what they have not begun waits. */
  readonly #paused = new Set<object>();
  #running = 0;
  #memoryBytes = 0;

  /** `run` must not reject. */
  wait(who: object, memoryBytes: number, run: () => Promise<void>): void {
    const queue = this.#queues.get(who);
    if (queue === undefined) this.#queues.set(who, [{ memoryBytes, run }]);
    else queue.push({ memoryBytes, run });
    this.#next();
  }

  /** Nothing of theirs begins until they resume; what has begun goes on, as nothing can interrupt it. */
  pause(who: object): void {
    this.#paused.add(who);
  }

  resume(who: object): void {
    if (this.#paused.delete(who)) this.#next();
  }

  /** Forgets what has not begun. */
  leave(who: object): void {
    this.#queues.delete(who);
    this.#paused.delete(who);
    this.#next();
  }

  #next(): void {
    while (this.#running < limits.cryptoThreadsMax) {
      const [who, queue] = this.#foremost() ?? [];
      const [first, ...rest] = queue ?? [];
      if (who === undefined || first === undefined) return;
      // Nothing overtakes what needs much memory, or that would wait for ever.
      if (this.#running > 0 && this.#memoryBytes + first.memoryBytes > limits.cryptoMemoryBytesMax) return;
      this.#queues.delete(who);
      if (rest.length > 0) this.#queues.set(who, rest);
      this.#begin(first);
    }
  }

  #foremost(): readonly [object, Waiting[]] | undefined {
    for (const entry of this.#queues) if (!this.#paused.has(entry[0])) return entry;
    return undefined;
  }

  #begin({ memoryBytes, run }: Waiting): void {
    this.#running += 1;
    this.#memoryBytes += memoryBytes;
    run().finally(() => {
      this.#running -= 1;
      this.#memoryBytes -= memoryBytes;
      this.#next();
    });
  }
}

/** The thread pool's, of which there is one. */
export const threadPoolTurns = new Turns();
