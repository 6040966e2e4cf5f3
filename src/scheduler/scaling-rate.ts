/**
 * How fast functions may grow (LAMBDA.md F4.5): so many new environments in ten seconds for each. What is not used is not saved up
 * beyond that. Only functions that grew lately are remembered.
 */
import type { LimitReached } from './admit.ts';

const windowMs = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class ScalingRate {
  readonly #perWindow: number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param perWindow new environments of one function in ten seconds */
  constructor(perWindow: number) {
    this.#perWindow = perWindow;
  }

  /** Undefined: the function may have one more, which is counted. */
  take(functionName: string, nowMs: number): LimitReached | undefined {
    const bucket = this.#buckets.get(functionName) ?? { tokens: this.#perWindow, atMs: nowMs };
    const tokens = this.#filled(bucket, nowMs);
    if (tokens < 1) {
      return {
        name: 'environmentsPer10s',
        value: this.#perWindow,
        throttleReason: 'FunctionInvocationRateLimitExceeded',
        retryAfterMs: Math.ceil(((1 - tokens) / this.#perWindow) * windowMs),
      };
    }
    bucket.tokens = tokens - 1;
    bucket.atMs = nowMs;
    this.#buckets.set(functionName, bucket);
    return undefined;
  }

  /** Forgets those who might begin anew. */
  forgetFull(nowMs: number): void {
    for (const [functionName, bucket] of this.#buckets) {
      if (this.#filled(bucket, nowMs) >= this.#perWindow) this.#buckets.delete(functionName);
    }
  }

  get size(): number {
    return this.#buckets.size;
  }

  #filled({ tokens, atMs }: Bucket, nowMs: number): number {
    return Math.min(this.#perWindow, tokens + ((nowMs - atMs) / windowMs) * this.#perWindow);
  }
}
