/**
 * One at a time for what holds the main thread for milliseconds: making isolates. Of environments that are asked for all at once each
 * is made in a task of its own, and those that were made before answer in between. Else the first would answer when the last is made.
 */
export class Turns {
  readonly #defer: (callback: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  /** @param defer runs its callback in a later task */
  constructor(defer: (callback: () => void) => void) {
    this.#defer = defer;
  }

  /** Undefined: it is the caller's turn at once. A turn ends with the task that it began in. */
  next(): Promise<void> | undefined {
    if (!this.#isTaken) {
      this.#take();
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(): void {
    this.#isTaken = true;
    this.#defer(() => {
      const next = this.#waiting.shift();
      this.#isTaken = next !== undefined;
      if (next === undefined) return;
      this.#take();
      next();
    });
  }
}
