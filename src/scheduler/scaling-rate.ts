/**
 * How fast functions may grow (LAMBDA.md F4.5): so many new environments in ten seconds for each. What is not used is not saved up
 * beyond that. Only functions that grew lately are remembered.
 */
import type { LimitReached } from './admit.ts';
import { TokenBucket } from './token-bucket.ts';

const windowMs = 10_000;

export class ScalingRate {
  readonly #perWindow: number;
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param perWindow new environments of one function in ten seconds */
  constructor(perWindow: number) {
    this.#perWindow = perWindow;
  }

  /** Undefined: the function may have one more, which is counted. */
  take(functionName: string, nowMs: number): LimitReached | undefined {
    const bucket = this.#buckets.get(functionName) ?? new TokenBucket(windowMs);
    this.#buckets.set(functionName, bucket);
    const retryAfterMs = bucket.take(this.#perWindow, nowMs);
    if (retryAfterMs === 0) return undefined;
    const throttleReason = 'FunctionInvocationRateLimitExceeded';
    return { name: 'environmentsPer10s', value: this.#perWindow, throttleReason, retryAfterMs };
  }

  /** Forgets those who might begin anew. */
  forgetFull(nowMs: number): void {
    for (const [functionName, bucket] of this.#buckets) {
      if (bucket.isFull(this.#perWindow, nowMs)) this.#buckets.delete(functionName);
    }
  }

  get size(): number {
    return this.#buckets.size;
  }
}
