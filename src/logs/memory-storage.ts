/** Log streams of an engine without a data directory. How much there may be is decided where segments are removed. */
import type { LogStorage, SegmentHead } from './log-storage.ts';

export class MemoryStorage implements LogStorage {
  readonly #segments = new Map<string, Buffer>();

  async write(segment: SegmentHead, at: number, bytes: Uint8Array): Promise<void> {
    const key = keyOf(segment);
    const kept = this.#segments.get(key);
    this.#segments.set(key, kept === undefined ? Buffer.from(bytes) : Buffer.concat([kept.subarray(0, at), bytes]));
  }

  async read(segment: SegmentHead, at: number, into: Uint8Array): Promise<number> {
    const kept = this.#segments.get(keyOf(segment));
    return kept === undefined ? 0 : kept.copy(into, 0, at);
  }

  async remove(segment: SegmentHead): Promise<void> {
    this.#segments.delete(keyOf(segment));
  }

  async putGroup(): Promise<void> {}

  async removeGroup(): Promise<void> {}

  async find() {
    return { groups: [], segments: [] };
  }

  close(): void {
    this.#segments.clear();
  }
}

function keyOf({ group, stream, base }: SegmentHead): string {
  return JSON.stringify([group, stream, base]);
}
