/**
 * Redis Streams as a source of event source mappings: each key is a shard, an entry's id is its sequence, and the position is kept by
 * the pollers, not by a consumer group of the server. Each shard that is read has a connection, because XREAD waits on it.
 */
import type { Clock } from '../../base/clock.ts';
import { region } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import { type RedisStream, redisStreamArn } from '../../model/redis-stream.ts';
import {
  type EventSource,
  type ReadAnswer,
  type ReadRequest,
  type RecordContext,
  type Shard,
  SourceError,
  type SourceKind,
  type SourceRecord,
  type StartingPosition,
} from '../sources/source.ts';
import { RedisConnection } from './redis-connection.ts';
import { compareIds, type EntryData, firstId, isEntryId, lastNumber, recordOf } from './redis-entry.ts';
import { listOf, type Reply, textOf } from './resp.ts';

export function redisSourceKind(streams: readonly RedisStream[], clock: Clock): SourceKind {
  return {
    name: 'redis',
    accepts: (arn) => /^arn:[^:]*:redis:/.test(arn),
    async open(arn, signal) {
      const stream = streams.find(({ name }) => redisStreamArn(name) === arn);
      if (stream === undefined) throw new SourceError('final', `Stream not found: ${arn}`);
      const source = new RedisSource(stream, clock);
      try {
        await source.assertStreams(signal);
        return source;
      } catch (error) {
        await source[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

class RedisSource implements EventSource {
  readonly arn: string;
  readonly batchInfoName = 'RedisBatchInfo';
  readonly #stream: RedisStream;
  readonly #clock: Clock;
  /** By key; '' is the one for everything but reading. */
  readonly #connections = new Map<string, RedisConnection>();
  /** Of the entries that were read last, by key: how many fit is asked for. */
  readonly #entryBytes = new Map<string, number>();

  constructor(stream: RedisStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.arn = redisStreamArn(stream.name);
  }

  /** @throws SourceError for keys that are something else. One that is not there yet is a stream that is empty. */
  async assertStreams(signal: AbortSignal): Promise<void> {
    for (const key of this.#stream.keys) {
      const type = textOf(await this.#ask(['TYPE', key], signal));
      if (type === 'stream' || type === 'none') continue;
      throw new SourceError(
        'final',
        `Key ${JSON.stringify(key)} of ${this.arn} is no stream but a ${type.slice(0, 40)}`,
      );
    }
  }

  async shards(): Promise<readonly Shard[]> {
    return this.#stream.keys.map((shardId) => ({ shardId }));
  }

  async locate(key: string, position: StartingPosition, signal: AbortSignal): Promise<string> {
    switch (position.type) {
      case 'trim-horizon':
        return firstId;
      case 'latest':
        return this.#lastId(key, signal);
      case 'at-timestamp': {
        const ms = Math.ceil(position.epochMs);
        return ms < 1 ? firstId : `${ms - 1}-${lastNumber}`;
      }
      default:
        return position satisfies never;
    }
  }

  async read({ shardId: key, after, recordsMax, bytesMax, waitMs, signal }: ReadRequest): Promise<ReadAnswer> {
    if (!isEntryId(after)) throw new SourceError('final', `${after} is no id of an entry of ${this.arn}.`);
    const fitting = Math.floor(bytesMax / (this.#entryBytes.get(key) ?? limits.redisEntryBytesGuess));
    const count = Math.max(1, Math.min(recordsMax, fitting));
    const block = waitMs > 0 ? ['BLOCK', String(Math.ceil(waitMs))] : [];
    const connection = await this.#connection(key, signal);
    const reply = await connection.command(['XREAD', 'COUNT', String(count), ...block, 'STREAMS', key, after], {
      signal,
      waitMs,
    });
    const records = this.#records(key, reply, after, bytesMax);
    return { records, after: records.at(-1)?.sequence ?? after, isEnded: false };
  }

  eventRecord({ sequence, partitionKey, data, arrivedAtMs }: SourceRecord, { shardId, role }: RecordContext): string {
    return JSON.stringify({
      redis: {
        stream: shardId,
        id: sequence,
        partitionKey,
        approximateArrivalTimestamp: arrivedAtMs / 1_000,
        ...entryData(data),
      },
      eventSource: 'isotherm:redis',
      eventVersion: '1.0',
      eventID: `${shardId}:${sequence}`,
      eventName: 'isotherm:redis:record',
      invokeIdentityArn: role,
      awsRegion: region,
      eventSourceARN: this.arn,
    });
  }

  /** Values that are JSON can be looked into. */
  filterSubject({ sequence, partitionKey, data, arrivedAtMs }: SourceRecord): unknown {
    const { fields } = entryData(data);
    return {
      id: sequence,
      partitionKey,
      approximateArrivalTimestamp: arrivedAtMs / 1_000,
      data: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, parsed(value)])),
    };
  }

  compare(one: string, other: string): number {
    return compareIds(one, other);
  }

  /** Streams of Redis are trimmed by whoever adds to them. */
  retentionMs(): undefined {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections.values()) connection[Symbol.dispose]();
    this.#connections.clear();
  }

  #records(key: string, reply: Reply, after: string, bytesMax: number): readonly SourceRecord[] {
    // One stream was asked for, so there is one, with its name; none after waiting in vain.
    const [stream] = listOf(reply);
    const records: SourceRecord[] = [];
    let bytes = 0;
    let last = after;
    for (const entry of listOf(listOf(stream)[1])) {
      const record = recordOf(entry, key);
      if (record === undefined || compareIds(record.sequence, last) <= 0) {
        throw new SourceError(
          'temporary',
          `Redis answered for ${JSON.stringify(key)} with what are no entries in order.`,
        );
      }
      last = record.sequence;
      bytes += record.data.byteLength;
      // Those that do not fit are read again.
      if (records.length > 0 && bytes > bytesMax) break;
      records.push(record);
    }
    if (records.length > 0) this.#entryBytes.set(key, Math.max(1, bytes / records.length));
    return records;
  }

  async #lastId(key: string, signal: AbortSignal): Promise<string> {
    // XINFO refuses a key that is not there; what is put there later is all news.
    if (textOf(await this.#ask(['TYPE', key], signal)) === 'none') return firstId;
    const info = listOf(await this.#ask(['XINFO', 'STREAM', key], signal));
    const at = info.findIndex((item) => textOf(item) === 'last-generated-id');
    const id = textOf(info[at + 1]);
    if (at !== -1 && isEntryId(id)) return id;
    throw new SourceError('temporary', `Redis does not say the last id of ${JSON.stringify(key)}.`);
  }

  async #ask(parts: readonly string[], signal: AbortSignal): Promise<Reply> {
    const connection = await this.#connection('', signal);
    return connection.command(parts, { signal });
  }

  async #connection(name: string, signal: AbortSignal): Promise<RedisConnection> {
    const known = this.#connections.get(name);
    if (known?.isOpen === true) return known;
    const connection = await RedisConnection.open(this.#stream.endpoint, this.#clock, signal);
    this.#connections.set(name, connection);
    return connection;
  }
}

function entryData(data: Uint8Array): EntryData {
  return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
}

/** JSON if it is, else the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse throws a SyntaxError and nothing else: filters see it as what it is.
    return text;
  }
}
