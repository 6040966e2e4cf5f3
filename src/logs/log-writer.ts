/**
 * Takes platform events as they happen and keeps their lines, in batches, behind the invocations: none waits for the disk. What the disk
 * does not take in time is dropped, counted, and told about in the stream where it is missing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { errorCode, errorMessage } from '../base/error-text.ts';
import { limits } from '../model/limits.ts';
import type { PlatformEvent } from '../model/platform-event.ts';
import { linesOf } from '../telemetry/lines.ts';
import type { LogLoss } from './log-event.ts';
import type { LogIndex, LogStream, Segment } from './log-index.ts';
import type { LogStorage } from './log-storage.ts';
import { messagesOf } from './messages.ts';
import { recordLine } from './record-line.ts';
import { outdated, type Retention } from './retention.ts';

export interface LogWriterOptions {
  readonly clock: Clock;
  readonly storage: LogStorage;
  readonly index: LogIndex;
  readonly retention: Retention;
  readonly segmentBytesMax: number;
  /** Told from time to time what was not kept since the last time. */
  readonly onLoss: (loss: LogLoss) => void;
}

type KeptEvent = Extract<PlatformEvent, { readonly logStream: string }>;

interface Waiting {
  /** Or that something is missing here. */
  readonly event: KeptEvent | Lost;
  readonly timeMs: number;
  readonly bytes: number;
}

/** What lines of the platform have, about. */
const platformLineBytes = 256;

export class LogWriter {
  readonly #options: LogWriterOptions;
  #waiting: Waiting[] = [];
  #bytesWaiting = 0;
  readonly #bytesOfStream = new Map<string, number>();
  /** By stream, until its mark is written. */
  readonly #lost = new Map<string, Lost>();
  #latestMs = 0;
  #timer: Disposable | undefined;
  #flushing: Promise<void> | undefined;
  #isClosed = false;
  #untold = { events: 0, bytes: 0 };
  #toldMs = Number.NEGATIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #lostEvents = 0;
  #reason = '';
  #listeners = new Set<() => void>();

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** In all. */
  get lostEvents(): number {
    return this.#lostEvents;
  }

  /** A time that every event has that is taken from now on, and none that was taken before. */
  seal(): number {
    this.#latestMs += 1;
    return this.#latestMs;
  }

  /** Called after records were written, until the answer is disposed. */
  onWritten(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  readonly observe = (event: PlatformEvent): void => {
    switch (event.type) {
      case 'function':
        this.#take(event, event.text.length);
        break;
      case 'platform.fault':
      case 'platform.initStart':
      case 'platform.initReport':
      case 'platform.start':
      case 'platform.runtimeDone':
      case 'platform.report':
        this.#take(event, platformLineBytes);
        break;
      default:
        // Nothing that a function's log has lines for.
        break;
    }
  };

  #take(event: KeptEvent, bytes: number): void {
    if (this.#isClosed || event.logStream === '') return;
    // The wall clock may be set back; what comes later must not seem earlier, or nobody who follows would find it.
    this.#latestMs = Math.max(this.#latestMs, event.time);
    const ofStream = this.#bytesOfStream.get(event.logStream) ?? 0;
    const isRoom =
      this.#bytesWaiting + bytes <= limits.logBytesWaitingMax && ofStream + bytes <= limits.logStreamBytesWaitingMax;
    if (!isRoom) {
      this.#lose(event, event.type === 'function' ? linesIn(event.text) : 1, bytes, 'the disk did not keep up');
      return;
    }
    if (this.#lost.size > 0) this.#mark(event.logStream);
    this.#waiting.push({ event, timeMs: this.#latestMs, bytes });
    this.#bytesWaiting += bytes;
    this.#bytesOfStream.set(event.logStream, ofStream + bytes);
    if (this.#flushing !== undefined) return;
    if (this.#bytesWaiting >= limits.logBatchBytes) void this.flush();
    else this.#timer ??= this.#options.clock.after(limits.logFlushMs, () => void this.flush());
  }

  /** What was lost was lost here. */
  #mark(logStream: string): void {
    const lost = this.#lost.get(logStream);
    if (lost === undefined) return;
    this.#lost.delete(logStream);
    this.#waiting.push({ event: lost, timeMs: this.#latestMs, bytes: 0 });
  }

  /** Resolves when everything that was taken until now is written, or lost. Never rejects. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#flushing !== undefined) {
      const more = this.#waiting.length > 0;
      return more ? this.#flushing.then(() => this.flush()) : this.#flushing;
    }
    if (this.#waiting.length === 0 && this.#lost.size === 0) return Promise.resolve();
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      if (this.#waiting.length > 0 && !this.#isClosed) {
        this.#timer ??= this.#options.clock.after(limits.logFlushMs, () => void this.flush());
      }
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#timer?.[Symbol.dispose]();
    this.#tell();
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    for (const list of byStream(batch)) await this.#writeStream(list);
    await this.#writeMarks();
    for (const listener of this.#listeners) listener();
    await this.#retain();
    this.#tell();
  }

  /** In pieces, so that formatting megabytes of lines gives the thread back in between. */
  async #writeStream(list: readonly Waiting[]): Promise<void> {
    let piece: Piece | undefined;
    for (const { event, timeMs } of list) {
      piece ??= { place: event, lines: '', events: 0, marks: [], firstMs: timeMs, lastMs: timeMs };
      piece.lastMs = timeMs;
      if ('events' in event) {
        piece.lines += recordLine(timeMs, lossText(event));
        piece.marks.push(event);
      } else {
        for (const message of messagesOf(event, linesOf(event))) {
          piece.lines += recordLine(timeMs, message);
          piece.events += 1;
        }
      }
      if (piece.lines.length < limits.logBatchBytes / 4) continue;
      await this.#append(piece);
      piece = undefined;
      await nextTurn();
    }
    if (piece !== undefined && piece.lines !== '') await this.#append(piece);
    // They are all of one stream.
    const [first] = list;
    if (first === undefined) return;
    let bytesTaken = 0;
    for (const { bytes } of list) bytesTaken += bytes;
    this.#forgetBytes(first.event.logStream, bytesTaken);
  }

  #forgetBytes(logStream: string, bytes: number): void {
    this.#bytesWaiting -= bytes;
    const left = (this.#bytesOfStream.get(logStream) ?? 0) - bytes;
    if (left > 0) this.#bytesOfStream.set(logStream, left);
    else this.#bytesOfStream.delete(logStream);
  }

  async #append(piece: Piece): Promise<boolean> {
    const { index, segmentBytesMax } = this.#options;
    const { place, lines, events, marks, firstMs } = piece;
    const bytes = Buffer.from(lines, 'utf8');
    const stream = index.stream(place.logGroup, place.logStream, firstMs);
    const latest = stream.segments.at(-1);
    const isFull = latest !== undefined && latest.bytes > 0 && latest.bytes + bytes.byteLength > segmentBytesMax;
    try {
      await this.#write(stream, isFull ? undefined : latest, bytes, piece);
      return true;
    } catch (error) {
      const reason = lossReason(error);
      if (events > 0) this.#lose(place, events, bytes.byteLength, reason);
      for (const mark of marks) this.#remember(mark);
      return false;
    }
  }

  async #write(stream: LogStream, latest: Segment | undefined, bytes: Uint8Array, piece: Piece): Promise<void> {
    const { storage, index } = this.#options;
    const segment = latest ?? this.#begin(stream, piece.firstMs);
    try {
      await storage.write(segment, segment.bytes, bytes);
    } catch (error) {
      // Somebody removed the file, or the whole directory: what comes now is kept all the same.
      if (errorCode(error) === 'ENOENT' && segment.bytes > 0) return this.#write(stream, undefined, bytes, piece);
      if (segment.bytes === 0) index.removed(segment);
      throw error;
    }
    // Only now: who reads finds whole records.
    index.grown(stream, segment, bytes.byteLength, piece.lastMs);
  }

  #begin(stream: LogStream, firstMs: number): Segment {
    const { group, name, createdMs, end } = stream;
    const segment = { group, stream: name, createdMs, base: end, bytes: 0, firstMs, lastMs: firstMs };
    this.#options.index.add(stream, segment);
    return segment;
  }

  #lose(place: Place, events: number, bytes: number, reason: string): void {
    this.#lostEvents += events;
    this.#untold.events += events;
    this.#untold.bytes += bytes;
    this.#reason = reason;
    this.#remember({ logGroup: place.logGroup, logStream: place.logStream, events, bytes, reason });
  }

  /** Until its mark is written. */
  #remember(loss: Lost): void {
    const lost = this.#lost.get(loss.logStream);
    if (lost !== undefined) {
      lost.events += loss.events;
      lost.bytes += loss.bytes;
      lost.reason = loss.reason;
    } else if (this.#lost.size < limits.logLossMarksMax) {
      this.#lost.set(loss.logStream, loss);
    }
  }

  /** Where something is missing a line says so, as soon as one can be written. */
  async #writeMarks(): Promise<void> {
    for (const lost of [...this.#lost.values()]) {
      // What it came behind has yet to be written.
      if (this.#bytesOfStream.has(lost.logStream)) continue;
      this.#lost.delete(lost.logStream);
      const timeMs = this.#latestMs;
      const lines = recordLine(timeMs, lossText(lost));
      const piece = { place: lost, lines, events: 0, marks: [lost], firstMs: timeMs, lastMs: timeMs };
      // If it fails the next write tries again; others would fail in the same way now.
      if (!(await this.#append(piece))) return;
    }
  }

  async #retain(): Promise<void> {
    const { clock, index, retention, storage } = this.#options;
    const nowMs = clock.nowMs();
    const isTooMuch = index.bytes > retention.bytesMax || index.segments > limits.logStreamsMax;
    if (!isTooMuch && nowMs - this.#lookedMs < limits.logRetentionLookMs) return;
    this.#lookedMs = nowMs;
    for (const segment of outdated(index, retention, clock.epochMs())) {
      index.removed(segment);
      try {
        await storage.remove(segment);
      } catch (error) {
        this.#reason = lossReason(error);
      }
    }
  }

  #tell(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#untold.events === 0) return;
    if (!this.#isClosed && nowMs - this.#toldMs < limits.logLossTellMs) return;
    this.#toldMs = nowMs;
    this.#options.onLoss({ ...this.#untold, reason: this.#reason });
    this.#untold = { events: 0, bytes: 0 };
  }
}

/** In the order they came. What happens in one environment mostly comes in a row, so that the tables are seldom asked. */
function byStream(batch: readonly Waiting[]): Waiting[][] {
  const lists: Waiting[][] = [];
  const groups = new Map<string, Map<string, Waiting[]>>();
  let group = '';
  let stream = '';
  let list: Waiting[] | undefined;
  for (const waiting of batch) {
    const { logGroup, logStream } = waiting.event;
    if (list === undefined || logStream !== stream || logGroup !== group) {
      const streams = groups.get(logGroup) ?? new Map<string, Waiting[]>();
      groups.set(logGroup, streams);
      list = streams.get(logStream);
      if (list === undefined) {
        list = [];
        lists.push(list);
        streams.set(logStream, list);
      }
      group = logGroup;
      stream = logStream;
    }
    list.push(waiting);
  }
  return lists;
}

interface Place {
  readonly logGroup: string;
  readonly logStream: string;
}

interface Lost extends Place {
  events: number;
  bytes: number;
  reason: string;
}

/** Lines of one stream that are written together. */
interface Piece {
  readonly place: Place;
  lines: string;
  events: number;
  readonly marks: Lost[];
  readonly firstMs: number;
  lastMs: number;
}

/** About as many events. */
function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return Math.max(1, lines);
}

function lossText({ events, bytes, reason }: Lost): string {
  return `isotherm: ${events} log events (${bytes} bytes) were lost here: ${reason}`;
}

function lossReason(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full';
  return code === undefined ? errorMessage(error) : `the log could not be written (${code})`;
}
