/** Lets work through at a rate; what comes faster waits its turn. Its caller bounds how much can wait. */
import type { Clock } from '../base/clock.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

export class Throttle {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  #waiting: (() => void)[] = [];
  #timer: Disposable | undefined;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(clock, rate);
  }

  run(work: () => void): void {
    if (this.#waiting.length > 0 || this.#bucket.waitMs() > 0) {
      this.#waiting.push(work);
      this.#arm();
    } else {
      this.#bucket.spend(1);
      work();
    }
  }

  close(): void {
    this.#waiting = [];
    this.#timer?.[Symbol.dispose]();
  }

  #arm(): void {
    if (this.#waiting.length === 0) return;
    this.#timer ??= this.#clock.after(this.#bucket.waitMs(), () => {
      this.#timer = undefined;
      while (this.#waiting.length > 0 && this.#bucket.waitMs() === 0) {
        this.#bucket.spend(1);
        this.#waiting.shift()?.();
      }
      this.#arm();
    });
  }
}
