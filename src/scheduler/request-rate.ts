/**
 * How many requests are taken each second (LAMBDA.md F3): so many for each of the concurrency that they share, which is the
 * function's reserve, or what all others have together. A second's worth may come at once. What was refused for another reason
 * counts: it came.
 */
import type { LimitReached } from './admit.ts';
import { TokenBucket } from './token-bucket.ts';

const windowMs = 1_000;

export class RequestRate {
  readonly #perConcurrency: number;
  readonly #shared = new TokenBucket(windowMs);
  /** Of functions with a reserve that were asked for lately. */
  readonly #own = new Map<string, { readonly bucket: TokenBucket; atMs: number }>();

  /** @param perConcurrency requests a second; not 0, which is no limit */
  constructor(perConcurrency: number) {
    this.#perConcurrency = perConcurrency;
  }

  /** Undefined: one more may come, which is counted. */
  takeShared(concurrency: number, nowMs: number): LimitReached | undefined {
    return this.#take(this.#shared, concurrency, nowMs);
  }

  takeOwn(functionName: string, reserved: number, nowMs: number): LimitReached | undefined {
    const own = this.#own.get(functionName) ?? { bucket: new TokenBucket(windowMs), atMs: nowMs };
    this.#own.set(functionName, own);
    own.atMs = nowMs;
    return this.#take(own.bucket, reserved, nowMs);
  }

  /** Forgets those who might begin anew: a second fills any bucket. */
  forgetFull(nowMs: number): void {
    for (const [functionName, { atMs }] of this.#own) {
      if (nowMs - atMs >= windowMs) this.#own.delete(functionName);
    }
  }

  get size(): number {
    return this.#own.size;
  }

  #take(bucket: TokenBucket, concurrency: number, nowMs: number): LimitReached | undefined {
    const retryAfterMs = bucket.take(concurrency * this.#perConcurrency, nowMs);
    if (retryAfterMs === 0) return undefined;
    const throttleReason = 'FunctionInvocationRateLimitExceeded';
    return { name: 'requestsPerConcurrency', value: this.#perConcurrency, throttleReason, retryAfterMs };
  }
}
