/** Log streams of an engine without a data directory. How much there may be is decided where segments are removed. */
import type { LogStorage, SegmentHead } from './log-storage.ts';

export class MemoryStorage implements LogStorage {
  /** With some room to grow: a segment is written in many batches, and joining them anew each time would copy all of it each time. */
  readonly #segments = new Map<string, Kept>();

  async write(segment: SegmentHead, at: number, bytes: Uint8Array): Promise<void> {
    const key = keyOf(segment);
    const size = at + bytes.byteLength;
    let kept = this.#segments.get(key);
    if (kept === undefined || kept.room.byteLength < size) {
      const room = Buffer.allocUnsafeSlow(kept === undefined ? size : Math.ceil(size * growth));
      kept?.room.copy(room, 0, 0, Math.min(at, kept.size));
      kept = { room, size };
      this.#segments.set(key, kept);
    }
    kept.room.set(bytes, at);
    kept.size = size;
  }

  async read(segment: SegmentHead, at: number, into: Uint8Array): Promise<number> {
    const kept = this.#segments.get(keyOf(segment));
    return kept === undefined || at >= kept.size ? 0 : kept.room.copy(into, 0, at, kept.size);
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

/** A fifth of the memory may be room; what is written is copied four times in all. */
const growth = 1.25;

interface Kept {
  readonly room: Buffer;
  /** Of what is written. */
  size: number;
}

function keyOf({ group, stream, base }: SegmentHead): string {
  return JSON.stringify([group, stream, base]);
}
