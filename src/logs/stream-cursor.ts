/**
 * Goes through the records of one stream, forwards, from a position or a time on, a piece of the file at a time. It knows a bound below
 * which nothing comes any more without having read on, so that streams are opened only when their turn comes.
 */
import { limits } from '../model/limits.ts';
import type { LogStream, Segment } from './log-index.ts';
import type { LogStorage } from './log-storage.ts';
import { messageOf, newlineByte, recordAt } from './record-line.ts';

export interface CursorRecord {
  readonly timestamp: number;
  readonly message: string;
  /** Where it begins in its stream, and what follows it. */
  readonly offset: number;
}

/** What a search may still do. */
export interface Budget {
  bytes: number;
}

export class StreamCursor {
  readonly stream: LogStream;
  readonly #storage: LogStorage;
  readonly #needle: Buffer | undefined;
  readonly #startMs: number;
  /** Nothing that comes is earlier. */
  boundMs: number;
  /** The next record is here or behind; 0 also before it was looked for. */
  offset: number;
  #buffer: Buffer | undefined;
  #at = 0;
  /** Of the buffer's first byte. */
  #bufferOffset = 0;
  #isSought: boolean;
  #isAtEnd = false;
  /** Records behind it came after the search had begun. */
  readonly #end: number;

  constructor(
    stream: LogStream,
    storage: LogStorage,
    from: { readonly startMs: number; readonly offset?: number; readonly needle?: Buffer | undefined },
  ) {
    this.stream = stream;
    this.#storage = storage;
    this.#needle = from.needle;
    this.#startMs = from.startMs;
    this.boundMs = Math.max(from.startMs, stream.firstMs ?? 0);
    this.offset = from.offset ?? 0;
    this.#isSought = from.offset !== undefined;
    this.#end = stream.end;
  }

  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  get bufferBytes(): number {
    return this.#buffer?.byteLength ?? 0;
  }

  /** Gives its memory back; it reads again when its turn comes. */
  release(): void {
    this.#buffer = undefined;
  }

  /** Whether `next` would have to read. */
  get isDry(): boolean {
    return this.#buffer === undefined;
  }

  /** The next record of those in memory; undefined when it has to read on, or is at its end. */
  next(): CursorRecord | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined) return undefined;
    while (this.#at < buffer.byteLength) {
      let lineAt = this.#at;
      if (this.#needle !== undefined) {
        const found = buffer.indexOf(this.#needle, lineAt);
        if (found === -1) break;
        lineAt = buffer.lastIndexOf(newlineByte, found) + 1;
        if (lineAt < this.#at) lineAt = this.#at;
      }
      const lineEnd = buffer.indexOf(newlineByte, lineAt);
      if (lineEnd === -1) break;
      this.#at = lineEnd + 1;
      const offset = this.#bufferOffset + lineAt;
      this.offset = this.#bufferOffset + this.#at;
      const record = recordAt(buffer, lineAt, lineEnd);
      if (record === undefined || record.timestamp < this.#startMs) continue;
      this.boundMs = Math.max(this.boundMs, record.timestamp);
      return { timestamp: record.timestamp, message: messageOf(buffer, record.textAt, lineEnd), offset };
    }
    this.#leave(buffer);
    return undefined;
  }

  /** The buffer is done: what follows is no earlier than its last record. */
  #leave(buffer: Buffer): void {
    const lastEnd = buffer.byteLength - 1;
    const lastAt = lastEnd <= 0 ? 0 : buffer.lastIndexOf(newlineByte, lastEnd - 1) + 1;
    const last = recordAt(buffer, lastAt, buffer.byteLength);
    if (last !== undefined) this.boundMs = Math.max(this.boundMs, last.timestamp);
    this.offset = this.#bufferOffset + buffer.byteLength;
    this.#buffer = undefined;
  }

  /** Reads whole lines, about so many bytes. */
  async fill(chunkBytes: number, budget: Budget): Promise<void> {
    if (!this.#isSought) {
      this.offset = await soughtOffset(this.stream, this.#storage, this.#startMs);
      this.#isSought = true;
    }
    for (let want = chunkBytes; ; want = Math.min(want * 4, lineBytesMax)) {
      const segment = this.#segmentAt(this.offset);
      if (segment === undefined) {
        this.#isAtEnd = true;
        return;
      }
      const within = this.offset - segment.base;
      const most = Math.min(segment.base + segment.bytes, this.#end) - this.offset;
      const buffer = Buffer.allocUnsafe(Math.min(want, most));
      const count = await this.#storage.read(segment, within, buffer);
      budget.bytes -= count + 1;
      const end = buffer.subarray(0, count).lastIndexOf(newlineByte) + 1;
      if (end > 0) {
        this.#buffer = buffer.subarray(0, end);
        this.#bufferOffset = this.offset;
        this.#at = 0;
        return;
      }
      // No line ends here: it is longer, or what was here is gone or torn.
      if (count < buffer.byteLength || buffer.byteLength === most || want >= lineBytesMax) {
        this.offset = segment.base + segment.bytes;
      }
    }
  }

  #segmentAt(offset: number): Segment | undefined {
    if (offset >= this.#end) return undefined;
    const segment = this.stream.segments.find(({ base, bytes }) => base + bytes > offset);
    // What came before it was removed.
    if (segment !== undefined) this.offset = Math.max(segment.base, offset);
    return segment;
  }
}

/**
 * A place shortly before the first record that is not earlier. Looks at a few places in the one segment that may hold earlier and later
 * ones: the times of a stream never fall, so files need no index.
 */
export async function soughtOffset(stream: LogStream, storage: LogStorage, startMs: number): Promise<number> {
  const segment = stream.segments.find(({ lastMs }) => lastMs >= startMs);
  if (segment === undefined) return stream.end;
  if (segment.firstMs >= startMs) return segment.base;
  let low = 0;
  let high = segment.bytes;
  while (high - low > seekBytes) {
    const middle = Math.floor((low + high) / 2);
    const found = await recordBehind(segment, storage, middle, high);
    if (found === undefined || found.timestamp >= startMs) high = middle;
    else low = found.at;
  }
  return segment.base + low;
}

async function recordBehind(segment: Segment, storage: LogStorage, from: number, to: number) {
  for (let want = seekReadBytes; ; want *= 8) {
    const bytes = Buffer.allocUnsafe(Math.min(want, to - from));
    const count = await storage.read(segment, from, bytes);
    const at = bytes.subarray(0, count).indexOf(newlineByte) + 1;
    const record = at === 0 ? undefined : recordAt(bytes, at, count);
    if (record !== undefined) return { timestamp: record.timestamp, at: from + at };
    if (count < want || want > lineBytesMax) return undefined;
  }
}

const seekBytes = 64 * 1_024;
const seekReadBytes = 4_096;
/** A record, every character of which is escaped, and its head. */
export const lineBytesMax = 2 * limits.logLineBytesMax + 64;
