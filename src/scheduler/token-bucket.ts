/** So many in each window of time. What is not used is saved up to one window's worth; a new bucket is full. */
export class TokenBucket {
  readonly #windowMs: number;
  #tokens = Number.POSITIVE_INFINITY;
  #atMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /**
   * @param most in a window; it may change from call to call
   * @returns 0: one was taken; else the milliseconds until there is one, and none was taken
   */
  take(most: number, nowMs: number): number {
    const tokens = this.#fill(most, nowMs);
    if (tokens < 1) return Math.ceil(((1 - tokens) / most) * this.#windowMs);
    this.#tokens = tokens - 1;
    return 0;
  }

  isFull(most: number, nowMs: number): boolean {
    return this.#fill(most, nowMs) >= most;
  }

  #fill(most: number, nowMs: number): number {
    this.#tokens = Math.min(most, this.#tokens + ((nowMs - this.#atMs) / this.#windowMs) * most);
    this.#atMs = nowMs;
    return this.#tokens;
  }
}
