/** GetLogEvents: the events of one stream, forwards or backwards from a place in it. */

import { limits } from '../model/limits.ts';
import type { LogEvent } from './log-event.ts';
import type { LogStream } from './log-index.ts';
import type { LogStorage } from './log-storage.ts';
import { messageOf, newlineByte, recordAt } from './record-line.ts';
import { logEvent } from './search.ts';
import { lineBytesMax, StreamCursor, soughtOffset } from './stream-cursor.ts';

export interface StreamRange {
  readonly stream: LogStream;
  readonly storage: LogStorage;
  readonly startMs: number;
  readonly endMs: number;
  readonly limit: number;
}

export interface StreamEvents {
  readonly events: readonly LogEvent[];
  /** Where the first of them begins and what follows the last. */
  readonly from: number;
  readonly to: number;
}

export async function eventsFrom(range: StreamRange, offset: number | undefined): Promise<StreamEvents> {
  const { stream, storage, startMs, endMs, limit } = range;
  const begin = offset ?? (await soughtOffset(stream, storage, startMs));
  const cursor = new StreamCursor(stream, storage, { startMs, offset: begin });
  const events: LogEvent[] = [];
  let bytes = 0;
  let from: number | undefined;
  let to = begin;
  while (events.length < limit) {
    if (cursor.isDry) await cursor.fill(limits.logSearchChunkBytes, { bytes: 0 });
    if (cursor.isAtEnd) break;
    const record = cursor.next();
    if (record === undefined) continue;
    bytes += record.message.length;
    if (record.timestamp >= endMs || (events.length > 0 && bytes > limits.logPageBytesMax)) break;
    events.push(logEvent(stream, record));
    from ??= record.offset;
    to = cursor.offset;
  }
  return { events, from: from ?? begin, to };
}

/** The last ones before a place, in their order. */
export async function eventsBefore(range: StreamRange, offset: number | undefined): Promise<StreamEvents> {
  const { stream, storage, startMs, limit } = range;
  const end = offset ?? (await endOf(range));
  const events: LogEvent[] = [];
  let bytes = 0;
  let from = end;
  for (;;) {
    const segment = stream.segments.findLast(({ base }) => base < from);
    if (segment === undefined) break;
    const lines = await linesBefore(segment, storage, Math.min(from, segment.base + segment.bytes) - segment.base);
    if (lines.length === 0) {
      from = segment.base;
      continue;
    }
    for (const line of lines.toReversed()) {
      if (line.timestamp < startMs) return { events: events.toReversed(), from, to: end };
      bytes += line.message.length;
      if (events.length === limit || (events.length > 0 && bytes > limits.logPageBytesMax)) {
        return { events: events.toReversed(), from, to: end };
      }
      from = segment.base + line.at;
      events.push(logEvent(stream, { timestamp: line.timestamp, message: line.message, offset: from }));
    }
  }
  return { events: events.toReversed(), from, to: end };
}

/** Behind the last event that is early enough. */
async function endOf({ stream, storage, endMs }: StreamRange): Promise<number> {
  if ((stream.lastMs ?? 0) < endMs) return stream.end;
  const cursor = new StreamCursor(stream, storage, { startMs: 0, offset: await soughtOffset(stream, storage, endMs) });
  while (!cursor.isAtEnd) {
    if (cursor.isDry) await cursor.fill(limits.logSearchChunkBytes, { bytes: 0 });
    const record = cursor.next();
    if (record !== undefined && record.timestamp >= endMs) return record.offset;
  }
  return stream.end;
}

interface Line {
  readonly timestamp: number;
  readonly message: string;
  readonly at: number;
}

/** The whole lines of the last piece before a place in a segment. */
async function linesBefore(
  segment: LogStream['segments'][number],
  storage: LogStorage,
  end: number,
): Promise<readonly Line[]> {
  for (let want = limits.logSearchChunkBytes; ; want = lineBytesMax) {
    const from = Math.max(0, end - want);
    const bytes = Buffer.allocUnsafe(end - from);
    const count = await storage.read(segment, from, bytes);
    const lines: Line[] = [];
    let at = from === 0 ? 0 : bytes.indexOf(newlineByte) + 1;
    for (let lineEnd = bytes.indexOf(newlineByte, at); lineEnd !== -1 && lineEnd < count; ) {
      const record = recordAt(bytes, at, lineEnd);
      if (record !== undefined) {
        const message = messageOf(bytes, record.textAt, lineEnd);
        lines.push({ timestamp: record.timestamp, message, at: from + at });
      }
      at = lineEnd + 1;
      lineEnd = bytes.indexOf(newlineByte, at);
    }
    if (lines.length > 0 || from === 0 || want === lineBytesMax) return lines;
  }
}
