/**
 * Lets work through at a rate; what comes faster waits its turn. Its caller bounds how much can wait, and takes back what nobody wants
 * any more: a guest that begins and drops without end would fill the host's memory with turns that come much later.
 */
import type { Clock } from './clock.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

export class Throttle {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  /** In the order they came. */
  readonly #waiting = new Set<() => void>();
  #timer: Disposable | undefined;
  #isPaused = false;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(clock, rate);
  }

  /** Gives what takes it back; undefined when it has run. `work` is new each time. */
  run(work: () => void): Disposable | undefined {
    if (!this.#isPaused && this.#waiting.size === 0 && this.#bucket.waitMs() === 0) {
      this.#bucket.spend(1);
      work();
      return undefined;
    }
    this.#waiting.add(work);
    this.#arm();
    return { [Symbol.dispose]: () => void this.#waiting.delete(work) };
  }

  /** Nothing runs until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#disarm();
  }

  resume(): void {
    this.#isPaused = false;
    this.#arm();
  }

  close(): void {
    this.#waiting.clear();
    this.#disarm();
  }

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#isPaused || this.#waiting.size === 0) return;
    this.#timer ??= this.#clock.after(this.#bucket.waitMs(), () => {
      this.#timer = undefined;
      for (const work of this.#waiting) {
        if (this.#bucket.waitMs() > 0) break;
        this.#waiting.delete(work);
        this.#bucket.spend(1);
        work();
      }
      this.#arm();
    });
  }
}
