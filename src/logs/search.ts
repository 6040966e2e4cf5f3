/**
 * FilterLogEvents: the events of many streams of one group in the order of their time, a page at a time. A page looks through so many bytes
 * and takes so long at most, and gives the thread back after each piece; its token says how far it came.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { FilterPattern } from './filter-pattern.ts';
import type { LogEvent } from './log-event.ts';
import type { LogStream } from './log-index.ts';
import type { LogStorage } from './log-storage.ts';
import { escaped } from './record-line.ts';
import { type CursorRecord, StreamCursor } from './stream-cursor.ts';

/** Where a page ended: events are ordered by time, then stream, then place. Everything before is done. */
export interface SearchPosition {
  readonly timestamp: number;
  readonly streamKey: string;
  readonly offset: number;
}

export interface SearchInput {
  readonly streams: readonly LogStream[];
  readonly storage: LogStorage;
  readonly clock: Clock;
  readonly pattern: FilterPattern;
  readonly startMs: number;
  readonly endMs: number;
  readonly from: SearchPosition | undefined;
  readonly limit: number;
}

export interface SearchPage {
  readonly events: readonly LogEvent[];
  /** Absent: that was all. */
  readonly position?: SearchPosition;
}

interface Turn {
  readonly cursor: StreamCursor;
  /** The record that is its next; absent when it has yet to be read. */
  record: CursorRecord | undefined;
}

export async function searchPage(input: SearchInput): Promise<SearchPage> {
  const { clock, pattern, endMs, limit } = input;
  const turns = new TurnHeap();
  for (const cursor of cursorsOf(input)) turns.push({ cursor, record: undefined });
  const chunkBytes = chunkSize(turns.size);
  const budget = { bytes: limits.logSearchBytesMax };
  const untilMs = clock.nowMs() + limits.logSearchMsMax;
  let work = 0;
  const events: LogEvent[] = [];
  let eventBytes = 0;
  for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) {
    const { cursor, record } = turn;
    if (cursor.boundMs >= endMs) continue;
    if (record === undefined) {
      if (cursor.isDry) {
        if (budget.bytes <= 0 || clock.nowMs() >= untilMs) return { events, position: positionOf(turn) };
        turns.bound(limits.logSearchBufferBytesMax);
        await cursor.fill(chunkBytes, budget);
        if (cursor.isAtEnd) continue;
        work += cursor.bufferBytes >> 4;
      }
      turn.record = cursor.next();
      turns.push(turn);
      continue;
    }
    if (pattern.matches(record.message)) {
      const bytes = record.message.length + eventOverheadBytes;
      if (events.length === limit || (events.length > 0 && eventBytes + bytes > limits.logPageBytesMax)) {
        return { events, position: positionOf(turn) };
      }
      events.push(logEvent(cursor.stream, record));
      eventBytes += bytes;
    }
    turn.record = cursor.next();
    turns.push(turn);
    work += record.message.length + recordWork;
    // Some hundred microseconds: invocations go on in between.
    if (work >= workPerTurn) {
      work = 0;
      await nextTurn();
      if (clock.nowMs() >= untilMs) {
        const next = turns.pop();
        return next === undefined ? { events } : { events, position: positionOf(next) };
      }
    }
  }
  return { events };
}

/** In characters looked at; a record costs something itself. */
const workPerTurn = 128 * 1_024;
const recordWork = 256;
/** What CloudWatch counts for each event beside its message. */
const eventOverheadBytes = 26;

function cursorsOf({ streams, storage, startMs, endMs, from, pattern }: SearchInput): StreamCursor[] {
  const needle = pattern.needle === undefined ? undefined : Buffer.from(escaped(pattern.needle));
  const cursors: StreamCursor[] = [];
  for (const stream of streams) {
    const { firstMs, lastMs, key } = stream;
    if (firstMs === undefined || lastMs === undefined || lastMs < startMs || firstMs >= endMs) continue;
    const resumed = from === undefined ? { startMs } : resumeAt(from, key, startMs);
    if (lastMs < resumed.startMs) continue;
    cursors.push(new StreamCursor(stream, storage, { ...resumed, needle }));
  }
  return cursors;
}

function resumeAt(from: SearchPosition, key: string, startMs: number) {
  if (key === from.streamKey) {
    const resumed = { startMs: Math.max(startMs, from.timestamp) };
    return from.offset === 0 ? resumed : { ...resumed, offset: from.offset };
  }
  // Its events of that millisecond came before, or come now.
  return { startMs: Math.max(startMs, key < from.streamKey ? from.timestamp + 1 : from.timestamp) };
}

function positionOf({ cursor, record }: Turn): SearchPosition {
  return {
    timestamp: record?.timestamp ?? cursor.boundMs,
    streamKey: cursor.stream.key,
    offset: record?.offset ?? cursor.offset,
  };
}

function chunkSize(streams: number): number {
  const share = Math.floor(limits.logSearchBufferBytesMax / Math.max(1, streams));
  return Math.min(limits.logSearchChunkBytes, Math.max(chunkBytesMin, share));
}

const chunkBytesMin = 16 * 1_024;

export function logEvent(stream: LogStream, { timestamp, message, offset }: CursorRecord): LogEvent {
  // 56 digits as CloudWatch has them: the time, then what tells events of one millisecond apart.
  const streamDigits = String(BigInt(`0x${stream.key.slice(0, 20)}`)).padStart(25, '0');
  const eventId = `${String(timestamp).padStart(15, '0')}${streamDigits}${String(offset).padStart(16, '0')}`;
  return { timestamp, message, logStream: stream.name, eventId };
}

/** The earliest first; of one millisecond by stream. */
class TurnHeap {
  readonly #turns: Turn[] = [];

  get size(): number {
    return this.#turns.length;
  }

  push(turn: Turn): void {
    const turns = this.#turns;
    let at = turns.length;
    turns.push(turn);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = turns[parent];
      if (above === undefined || !isBefore(turn, above)) break;
      turns[at] = above;
      at = parent;
    }
    turns[at] = turn;
  }

  pop(): Turn | undefined {
    const turns = this.#turns;
    const first = turns[0];
    const last = turns.pop();
    if (first === undefined || last === undefined || turns.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const leftTurn = turns[left];
      if (leftTurn === undefined) break;
      const rightTurn = turns[left + 1];
      const isRight = rightTurn !== undefined && isBefore(rightTurn, leftTurn);
      const child = isRight ? rightTurn : leftTurn;
      if (!isBefore(child, last)) break;
      turns[at] = child;
      at = isRight ? left + 1 : left;
    }
    turns[at] = last;
    return first;
  }

  /** Streams whose turn is far away give back what they read ahead when all have too much. */
  bound(bytesMax: number): void {
    let bytes = 0;
    for (const { cursor } of this.#turns) {
      bytes += cursor.bufferBytes;
      if (bytes > bytesMax) cursor.release();
    }
  }
}

function isBefore(a: Turn, b: Turn): boolean {
  const difference = timeOf(a) - timeOf(b);
  return difference < 0 || (difference === 0 && a.cursor.stream.key < b.cursor.stream.key);
}

function timeOf({ cursor, record }: Turn): number {
  return record?.timestamp ?? cursor.boundMs;
}
