/** Opens the logs of an engine, and answers about them: groups, streams, pages of events, tails. */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import { Constraints, pattern } from '../model/validation.ts';
import { FileStorage } from './file-storage.ts';
import { type FilterPattern, parseFilterPattern } from './filter-pattern.ts';
import type { FunctionLogs } from './function-logs.ts';
import type {
  LogEvent,
  LogFilter,
  LogGroupSummary,
  LogLoss,
  LogPage,
  LogPageInput,
  LogStreamPage,
  LogStreamPageInput,
  LogStreamSummary,
  LogTailInput,
  NamePageInput,
} from './log-event.ts';
import { LogGroup, LogIndex, type LogStream } from './log-index.ts';
import type { LogStorage } from './log-storage.ts';
import { LogWriter } from './log-writer.ts';
import { MemoryStorage } from './memory-storage.ts';
import { invalidToken, pageToken, readPageToken, readStreamToken, streamToken } from './page-token.ts';
import { type SearchPosition, searchPage } from './search.ts';
import { eventsBefore, eventsFrom } from './stream-page.ts';

export interface LogStoreOptions {
  readonly clock: Clock;
  /** Absent: in memory, a little. */
  readonly directory?: string;
  readonly bytesMax?: number;
  readonly ageMsMax?: number;
  readonly onLoss?: (loss: LogLoss) => void;
}

/** Below the data directory. */
export function logDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'logs');
}

export class LogStore implements FunctionLogs {
  readonly #clock: Clock;
  readonly #storage: LogStorage;
  readonly #index = new LogIndex();
  readonly #writer: LogWriter;
  /** What an earlier process left is known. */
  #found: Promise<void> | undefined;

  constructor(options: LogStoreOptions) {
    const { clock, directory, ageMsMax } = options;
    const bytesMax = options.bytesMax ?? (directory === undefined ? limits.logMemoryBytesMax : limits.logBytesKeptMax);
    this.#clock = clock;
    this.#storage = directory === undefined ? new MemoryStorage() : new FileStorage(directory);
    this.#writer = new LogWriter({
      clock,
      storage: this.#storage,
      index: this.#index,
      retention: { bytesMax, ...(ageMsMax !== undefined && { ageMsMax }) },
      segmentBytesMax: Math.min(limits.logSegmentBytesMax, Math.max(segmentBytesMin, bytesMax / 16)),
      onLoss: options.onLoss ?? (() => {}),
    });
  }

  get observe(): Observe {
    return this.#writer.observe;
  }

  get lostEvents(): number {
    return this.#writer.lostEvents;
  }

  get storedBytes(): number {
    return this.#index.bytes;
  }

  /** Looks at what is there now: at the start, and again where another process writes. */
  async find(): Promise<void> {
    const { groups, segments } = await this.#storage.find();
    this.#index.found(groups, segments);
  }

  async groups(input: NamePageInput = {}) {
    await this.#ready();
    const { prefix = '' } = input;
    const all = [...this.#index.groups.values()]
      .filter(({ facts }) => facts.group.startsWith(prefix))
      .toSorted((a, b) => compare(a.facts.group, b.facts.group));
    const { page, nextToken } = pageOf(all, ({ facts }) => facts.group, input);
    return { groups: page.map(groupSummary), ...nextToken };
  }

  async streams(input: NamePageInput & { readonly logGroup: string; readonly order?: StreamOrder }) {
    await this.#ready();
    const { prefix = '', order = 'name' } = input;
    const all = [...this.#group(input.logGroup).streams.values()]
      .filter(({ name }) => name.startsWith(prefix))
      .toSorted(streamOrders[order]);
    const { page, nextToken } = pageOf(all, ({ name }) => name, input);
    return { streams: page.map(streamSummary), ...nextToken };
  }

  async events(input: LogStreamPageInput): Promise<LogStreamPage> {
    await this.#ready();
    const { startMs = 0, endMs = Number.MAX_SAFE_INTEGER, limit = limits.logPageEventsMax, from = 'tail' } = input;
    checkPage(limit, startMs, endMs);
    const token = readStreamToken(input.nextToken);
    const stream = this.#group(input.logGroup).streams.get(input.logStream);
    if (stream === undefined) throw notFound('stream');
    const range = { stream, storage: this.#storage, startMs, endMs, limit };
    const isForward = token === undefined ? from === 'head' : token.direction === 'f';
    const found = isForward ? await eventsFrom(range, token?.offset) : await eventsBefore(range, token?.offset);
    return {
      events: found.events,
      forwardToken: streamToken('f', found.to),
      backwardToken: streamToken('b', found.from),
    };
  }

  async filter(input: LogPageInput): Promise<LogPage> {
    const { startMs = 0, endMs = Number.MAX_SAFE_INTEGER, limit = limits.logPageEventsMax } = input;
    checkPage(limit, startMs, endMs);
    const parsed = parseFilterPattern(input.pattern);
    const from = readPageToken(input.nextToken);
    await this.#ready();
    const streams = this.#streamsOf(input);
    const { events, position } = await this.#search(parsed, { streams, startMs, endMs, from, limit });
    return { events, ...(position !== undefined && { nextToken: pageToken(position) }) };
  }

  async *tail(input: LogTailInput): AsyncGenerator<LogEvent, void, undefined> {
    const { signal } = input;
    const parsed = parseFilterPattern(input.pattern);
    let startMs = input.startMs ?? this.#clock.epochMs();
    const last = input.endMs ?? Number.MAX_SAFE_INTEGER;
    while (!isAborted(signal)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      using _written = this.#writer.onWritten(resolve);
      // Of an earlier millisecond nothing more comes, which might lie before what was shown.
      const untilMs = Math.min(last, Math.max(this.#writer.seal(), startMs));
      await this.#ready();
      let from: SearchPosition | undefined;
      do {
        const streams = this.#index.groups.has(input.logGroup) ? this.#streamsOf(input) : [];
        const page = await this.#search(parsed, { streams, startMs, endMs: untilMs, from, limit: tailPageEvents });
        for (const event of page.events) {
          yield event;
          if (isAborted(signal)) return;
        }
        from = page.position;
      } while (from !== undefined);
      startMs = untilMs;
      if (startMs >= last) return;
      await this.#nextWrite(promise, signal);
    }
  }

  /** Until something was written, or a while: what the last millisecond brought is shown then. */
  async #nextWrite(written: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const { promise: rested, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(limits.logFlushMs, resolve);
    using _stop = onAbort(signal, resolve);
    await Promise.race([written, rested]);
    await delay(0);
  }

  async createGroup(logGroup: string, tags?: Readonly<Record<string, string>>): Promise<void> {
    checkGroupName(logGroup);
    await this.#ready();
    if (this.#index.groups.has(logGroup)) {
      throw new EngineError('ResourceConflictException', 'The specified log group already exists');
    }
    if (this.#index.groups.size >= limits.logGroupsMax) {
      throw new EngineError(
        'InvalidParameterValueException',
        `There may be ${limits.logGroupsMax} log groups at most (logGroupsMax)`,
      );
    }
    const facts = { group: logGroup, createdMs: this.#clock.epochMs(), ...(tags !== undefined && { tags }) };
    await this.#storage.putGroup(facts);
    this.#index.groups.set(logGroup, new LogGroup(facts));
  }

  async deleteGroup(logGroup: string): Promise<void> {
    await this.#ready();
    const group = this.#group(logGroup);
    for (const stream of [...group.streams.values()]) this.#forget(stream);
    this.#index.groups.delete(logGroup);
    await this.#storage.removeGroup(logGroup);
  }

  async deleteStream(logGroup: string, logStream: string): Promise<void> {
    await this.#ready();
    const stream = this.#group(logGroup).streams.get(logStream);
    if (stream === undefined) throw notFound('stream');
    const segments = this.#forget(stream);
    for (const segment of segments) await this.#storage.remove(segment);
  }

  #forget(stream: LogStream) {
    const segments = [...stream.segments];
    for (const segment of segments) this.#index.removed(segment);
    return segments;
  }

  async putRetention(logGroup: string, days: number | undefined): Promise<void> {
    await this.#ready();
    const group = this.#group(logGroup);
    const { retentionDays: _, ...others } = group.facts;
    await this.#putFacts(group, days === undefined ? others : { ...others, retentionDays: days });
  }

  async tags(logGroup: string): Promise<Readonly<Record<string, string>>> {
    await this.#ready();
    return this.#group(logGroup).facts.tags ?? {};
  }

  async putTags(logGroup: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.#ready();
    const group = this.#group(logGroup);
    await this.#putFacts(group, { ...group.facts, tags });
  }

  async #putFacts(group: LogGroup, facts: LogGroup['facts']): Promise<void> {
    await this.#storage.putGroup(facts);
    group.facts = facts;
  }

  /** Everything that was taken is written. Idempotent. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#storage.close();
  }

  async #ready(): Promise<void> {
    this.#found ??= this.find();
    try {
      await this.#found;
    } catch (error) {
      this.#found = undefined;
      throw error;
    }
    await this.#writer.flush();
  }

  #search(
    parsed: FilterPattern,
    range: {
      streams: readonly LogStream[];
      startMs: number;
      endMs: number;
      from: SearchPosition | undefined;
      limit: number;
    },
  ) {
    return searchPage({ storage: this.#storage, clock: this.#clock, pattern: parsed, ...range });
  }

  #streamsOf({ logGroup, logStreams, logStreamPrefix }: LogFilter): readonly LogStream[] {
    const { streams } = this.#group(logGroup);
    if (logStreams === undefined) {
      const all = [...streams.values()];
      return logStreamPrefix === undefined ? all : all.filter(({ name }) => name.startsWith(logStreamPrefix));
    }
    if (logStreamPrefix !== undefined) {
      throw new EngineError(
        'InvalidParameterValueException',
        'LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.',
      );
    }
    return [...new Set(logStreams)].map((name) => {
      const stream = streams.get(name);
      if (stream === undefined) throw notFound('stream');
      return stream;
    });
  }

  #group(name: string): LogGroup {
    const group = this.#index.groups.get(name);
    if (group === undefined) throw notFound('group');
    return group;
  }
}

const segmentBytesMin = 16 * 1_024;
const tailPageEvents = 1_000;

type StreamOrder = 'name' | 'latest' | 'name-descending' | 'earliest';

const streamOrders: Readonly<Record<StreamOrder, (a: LogStream, b: LogStream) => number>> = {
  name: (a, b) => compare(a.name, b.name),
  'name-descending': (a, b) => compare(b.name, a.name),
  latest: (a, b) => (b.lastMs ?? 0) - (a.lastMs ?? 0) || compare(a.name, b.name),
  earliest: (a, b) => (a.lastMs ?? 0) - (b.lastMs ?? 0) || compare(a.name, b.name),
};

/** By code units, as AWS sorts names. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The token is the name of the last one of the page before. */
function pageOf<Item>(
  all: readonly Item[],
  nameOf: (item: Item) => string,
  { limit = limits.logNamesPageMax, nextToken }: NamePageInput,
) {
  checkPage(limit, 0, 0, limits.logNamesPageMax);
  const before = nextToken === undefined ? -1 : all.findIndex((item) => nameOf(item) === nextToken);
  if (nextToken !== undefined && before === -1) throw invalidToken();
  const page = all.slice(before + 1, before + 1 + limit);
  const last = page.at(-1);
  const isMore = before + 1 + page.length < all.length;
  return { page, nextToken: isMore && last !== undefined ? { nextToken: nameOf(last) } : {} };
}

function groupSummary({ facts, bytes }: LogGroup): LogGroupSummary {
  const { group, createdMs, retentionDays } = facts;
  return {
    logGroup: group,
    createdMs,
    storedBytes: bytes,
    ...(retentionDays !== undefined && { retentionDays }),
  };
}

function streamSummary({ name, createdMs, firstMs, lastMs, bytes }: LogStream): LogStreamSummary {
  return {
    logStream: name,
    createdMs,
    storedBytes: bytes,
    ...(firstMs !== undefined && { firstEventMs: firstMs }),
    ...(lastMs !== undefined && { lastEventMs: lastMs }),
  };
}

function checkPage(limit: number, startMs: number, endMs: number, limitMax: number = limits.logPageEventsMax): void {
  const constraints = new Constraints();
  constraints.integer(limit, 'limit', { min: 1, max: limitMax });
  constraints.integer(startMs, 'startTime', { min: 0, max: Number.MAX_SAFE_INTEGER });
  constraints.integer(endMs, 'endTime', { min: 0, max: Number.MAX_SAFE_INTEGER });
  constraints.throwIfViolated();
}

const groupName = pattern('[\\.\\-_/#A-Za-z0-9]+');

function checkGroupName(name: unknown): void {
  const constraints = new Constraints();
  constraints.text(name, 'logGroupName', { lengthMin: 1, lengthMax: limits.logGroupLengthMax, pattern: groupName });
  constraints.throwIfViolated();
}

function notFound(what: 'group' | 'stream'): EngineError {
  return new EngineError('ResourceNotFoundException', `The specified log ${what} does not exist.`);
}

/** Asked anew: it changes between two events. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function onAbort(signal: AbortSignal | undefined, callback: () => void): Disposable {
  signal?.addEventListener('abort', callback, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', callback) };
}
