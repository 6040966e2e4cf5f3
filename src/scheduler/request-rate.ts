/**
 * How many requests are taken each second (LAMBDA.md F3): so many for each of the concurrency that they share, which is the
 * function's reserve, or what all others have together. A second's worth may come at once. What was refused for another reason
 * counts: it came.
 */
import type { LimitReached } from './admit.ts';

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RequestRate {
  readonly #perConcurrency: number;
  readonly #shared: Bucket = { tokens: Number.POSITIVE_INFINITY, atMs: 0 };
  /** Of functions with a reserve that were asked for lately. */
  readonly #own = new Map<string, Bucket>();

  /** @param perConcurrency requests a second; not 0, which is no limit */
  constructor(perConcurrency: number) {
    this.#perConcurrency = perConcurrency;
  }

  /** Undefined: one more may come, which is counted. */
  takeShared(concurrency: number, nowMs: number): LimitReached | undefined {
    return this.#take(this.#shared, concurrency, nowMs);
  }

  takeOwn(functionName: string, reserved: number, nowMs: number): LimitReached | undefined {
    let bucket = this.#own.get(functionName);
    if (bucket === undefined) {
      bucket = { tokens: Number.POSITIVE_INFINITY, atMs: nowMs };
      this.#own.set(functionName, bucket);
    }
    return this.#take(bucket, reserved, nowMs);
  }

  /** Forgets those who might begin anew: a second fills any bucket. */
  forgetFull(nowMs: number): void {
    for (const [functionName, { atMs }] of this.#own) {
      if (nowMs - atMs >= secondMs) this.#own.delete(functionName);
    }
  }

  get size(): number {
    return this.#own.size;
  }

  #take(bucket: Bucket, concurrency: number, nowMs: number): LimitReached | undefined {
    const perSecond = concurrency * this.#perConcurrency;
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.atMs) / secondMs) * perSecond);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return undefined;
    }
    return {
      name: 'requestsPerConcurrency',
      value: this.#perConcurrency,
      throttleReason: 'FunctionInvocationRateLimitExceeded',
      retryAfterMs: Math.ceil(((1 - bucket.tokens) / perSecond) * secondMs),
    };
  }
}

const secondMs = 1_000;
