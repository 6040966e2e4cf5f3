/**
 * Bytes that a guest wrote and that wait to be written out. They are copied: what arrived lies in a chunk of the sandbox's channel,
 * which one small write would keep in memory as a whole. Bounded by the connection's window, which its owner checks.
 */
export class WriteQueue {
  readonly #blocks: Buffer[] = [];
  /** Used bytes of the last block. */
  #used = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.byteLength) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#used === block.byteLength) {
        block = Buffer.allocUnsafeSlow(Math.max(blockBytes, bytes.byteLength - at));
        this.#blocks.push(block);
        this.#used = 0;
      }
      const part = bytes.subarray(at, at + block.byteLength - this.#used);
      block.set(part, this.#used);
      this.#used += part.byteLength;
      at += part.byteLength;
    }
    this.#byteLength += bytes.byteLength;
  }

  /** All of it; undefined when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#byteLength === 0) return undefined;
    const last = this.#blocks.pop();
    const parts = last === undefined ? this.#blocks : [...this.#blocks, last.subarray(0, this.#used)];
    const [only] = parts;
    const taken = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
    this.clear();
    return taken;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#used = 0;
    this.#byteLength = 0;
  }
}

const blockBytes = 16 * 1024;
