/** The last bytes of what a process printed: enough to see why it died, however much it printed. */
export class OutputTail {
  readonly #bytesMax: number;
  #tail: Buffer = Buffer.alloc(0);
  #bytesSeen = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Uint8Array): void {
    this.#bytesSeen += chunk.byteLength;
    const kept = Buffer.concat([this.#tail, chunk.subarray(Math.max(0, chunk.byteLength - this.#bytesMax))]);
    // A copy, so that the tail never keeps a large chunk alive.
    this.#tail = Buffer.from(kept.subarray(Math.max(0, kept.byteLength - this.#bytesMax)));
  }

  get bytesSeen(): number {
    return this.#bytesSeen;
  }

  /** On one line and without control characters: a taken-over process chooses these bytes, and they go into logs. */
  text(): string {
    return this.#tail
      .toString('utf8')
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
      .trim();
  }
}
