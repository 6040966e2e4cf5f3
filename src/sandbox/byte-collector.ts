/** Bytes put behind each other in one buffer that doubles as it fills: many short pieces cost no more than what they say. */
export class ByteCollector {
  #buffer: Buffer = empty;
  #length = 0;

  get byteLength(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.byteLength;
    if (length > this.#buffer.byteLength) {
      // Of its own: one out of Node's pool would keep that alive.
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#buffer.byteLength * 2, leastBytes));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }

  /** What was collected. It begins anew. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = empty;
    this.#length = 0;
    return taken;
  }
}

const empty = Buffer.alloc(0);
const leastBytes = 1_024;
