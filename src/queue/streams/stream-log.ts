/**
 * The engine's own streams: append-only logs in shards, with the rules of Kinesis. A record is answered when it is durable. Readers
 * that wait are woken by what is put; nothing is polled. The wire protocol is `http/`'s business, the disk is `store/`'s.
 */
import { abortable } from '../../base/abortable.ts';
import type { Clock } from '../../base/clock.ts';
import { EngineError } from '../../model/errors.ts';
import { accountId, region } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import { Constraints, pattern } from '../../model/validation.ts';
import { hashKeyMax, hashKeyOf, hashKeyRange, parseShardId, shardIdOf, shardOf } from './hash-key.ts';
import type { StoredRecord, StoredStream, StreamStore } from './stream-store.ts';

export interface StreamDescription {
  readonly streamName: string;
  readonly streamArn: string;
  readonly createdMs: number;
  readonly retentionHours: number;
  readonly shards: readonly {
    readonly shardId: string;
    /** Decimal numbers, both inclusive, as Kinesis writes them. */
    readonly hashKeyFrom: string;
    readonly hashKeyTo: string;
  }[];
}

export interface PutInput {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Decimal; in place of the partition key's hash. */
  readonly explicitHashKey?: string;
}

export interface PutAnswer {
  readonly shardId: string;
  /** From 1, in each shard. */
  readonly position: number;
}

export interface ReadInput {
  readonly streamName: string;
  readonly shardId: string;
  /** 0: before the first. */
  readonly after: number;
  readonly recordsMax?: number;
  readonly bytesMax?: number;
  /** How long to wait for a first record. Default 0: not at all. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** What embedders and the API get. All throw EngineError. */
export interface Streams {
  create(input: { readonly streamName: string; readonly shards?: number }): Promise<StreamDescription>;
  describe(streamName: string): StreamDescription;
  /** Names, sorted. */
  list(): readonly string[];
  /** With everything in it. */
  delete(streamName: string): Promise<void>;
  /** Resolves when they are durable, in the order of the input. All or none are put. */
  put(streamName: string, records: readonly PutInput[]): Promise<readonly PutAnswer[]>;
  read(input: ReadInput): Promise<readonly StoredRecord[]>;
  /** The position to read after, to get what is put from now on, or what has arrived since. */
  positionOf(streamName: string, shardId: string, since: 'now' | { readonly epochMs: number }): number;
}

interface Open {
  readonly stream: StoredStream;
  /** By shard; replaced when it resolves. */
  readonly came: PromiseWithResolvers<void>[];
}

const streamNamePattern = pattern('[a-zA-Z0-9_.-]+');
const hourMs = 3_600_000;

export class StreamLog implements Streams, Disposable {
  readonly #store: StreamStore;
  readonly #clock: Clock;
  readonly #streams = new Map<string, Open>();
  /** Names of streams that are being written, or removed. */
  readonly #making = new Set<string>();
  #expiry: Disposable;
  #isClosed = false;

  constructor({ store, clock }: { readonly store: StreamStore; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
    for (const stream of store.streams()) this.#open(stream);
    this.#expiry = this.#armExpiry(limits.streamExpiryIntervalMs);
  }

  async create({
    streamName,
    shards = 1,
  }: {
    readonly streamName: string;
    readonly shards?: number;
  }): Promise<StreamDescription> {
    this.#assertOpen();
    const constraints = new Constraints();
    const lengthMax = limits.streamNameLengthMax;
    constraints.text(streamName, 'streamName', { lengthMin: 1, lengthMax, pattern: streamNamePattern });
    constraints.integer(shards, 'shardCount', { min: 1, max: limits.streamShardsMax });
    constraints.throwIfViolated();
    if (this.#streams.has(streamName) || this.#making.has(streamName)) {
      throw new EngineError(
        'ResourceInUseException',
        `Stream ${streamName} under account ${accountId} already exists.`,
      );
    }
    const { streamsMax: value } = limits;
    if (this.#streams.size + this.#making.size >= value) {
      const message = `There are ${value} streams already (streamsMax).`;
      const limit = { name: 'streamsMax', value, asked: value + 1 };
      throw new EngineError('InvalidParameterValueException', message, { limit });
    }
    const retentionHours = limits.streamRetentionHours;
    this.#making.add(streamName);
    try {
      const createdMs = this.#clock.epochMs();
      return describe(this.#open(await this.#store.create({ streamName, shards, retentionHours, createdMs })).stream);
    } finally {
      this.#making.delete(streamName);
    }
  }

  describe(streamName: string): StreamDescription {
    return describe(this.#named(streamName).stream);
  }

  list(): readonly string[] {
    return [...this.#streams.keys()].sort();
  }

  async delete(streamName: string): Promise<void> {
    this.#assertOpen();
    const { stream, came } = this.#named(streamName);
    this.#streams.delete(streamName);
    this.#making.add(streamName);
    // Who waits finds out.
    for (const { resolve } of came) resolve();
    try {
      await this.#store.remove(stream.streamId);
    } catch (error) {
      this.#open(stream);
      throw error;
    } finally {
      this.#making.delete(streamName);
    }
  }

  async put(streamName: string, records: readonly PutInput[]): Promise<readonly PutAnswer[]> {
    this.#assertOpen();
    const open = this.#named(streamName);
    const { streamId, shards } = open.stream;
    const placed = records.map((record) => ({ ...record, shard: shardOf(checkedHashKey(record), shards) }));
    const positions = await this.#store.append(streamId, placed, this.#clock.epochMs());
    if (positions.length < placed.length) throw streamNotFound(streamName);
    for (const shard of new Set(placed.map(({ shard }) => shard))) {
      open.came[shard]?.resolve();
      open.came[shard] = Promise.withResolvers();
    }
    return placed.map(({ shard }, index) => ({ shardId: shardIdOf(shard), position: positions[index] ?? 0 }));
  }

  async read(input: ReadInput): Promise<readonly StoredRecord[]> {
    const { streamName, waitMs = 0, signal } = input;
    signal?.throwIfAborted();
    const { promise: waited, resolve } = Promise.withResolvers<'waited'>();
    using _timer = waitMs > 0 ? this.#clock.after(waitMs, () => resolve('waited')) : undefined;
    for (;;) {
      this.#assertOpen();
      const { stream, came } = this.#named(streamName);
      const shard = shardNamed(input.shardId, stream);
      const records = this.#store.read({
        streamId: stream.streamId,
        shard,
        after: input.after,
        arrivedAtMsMin: this.#clock.epochMs() - stream.retentionHours * hourMs,
        recordsMax: input.recordsMax ?? limits.sourceReadRecordsMax,
        bytesMax: input.bytesMax ?? limits.sourceReadBytesMax,
      });
      if (records.length > 0 || waitMs === 0) return records;
      const ended = await abortable(Promise.race([waited, came[shard]?.promise]), signal);
      if (ended === 'waited') return [];
    }
  }

  positionOf(streamName: string, shardId: string, since: 'now' | { readonly epochMs: number }): number {
    const { stream } = this.#named(streamName);
    const shard = shardNamed(shardId, stream);
    if (since === 'now') return this.#store.lastPosition(stream.streamId, shard);
    return this.#store.lastPositionBefore(stream.streamId, shard, since.epochMs);
  }

  /** Ends every wait. The store is closed by whoever opened it. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#expiry[Symbol.dispose]();
    for (const { came } of this.#streams.values()) for (const { resolve } of came) resolve();
  }

  #open(stream: StoredStream): Open {
    const came = Array.from({ length: stream.shards }, () => Promise.withResolvers<void>());
    const open = { stream, came };
    this.#streams.set(stream.streamName, open);
    return open;
  }

  #armExpiry(delayMs: number): Disposable {
    return this.#clock.after(delayMs, () => void this.#expire());
  }

  /** Removes what is too old, a part at a time, so that nobody waits long behind it. */
  async #expire(): Promise<void> {
    let isMore = false;
    for (const { stream } of [...this.#streams.values()]) {
      const arrivedAtMsMin = this.#clock.epochMs() - stream.retentionHours * hourMs;
      try {
        isMore = (await this.#store.expire(stream.streamId, arrivedAtMsMin)) || isMore;
      } catch (error) {
        // A disk that cannot be written now: what is too old is not shown anyway, and is removed another time.
        if (!(error instanceof EngineError)) throw error;
      }
      if (this.#isClosed) return;
    }
    this.#expiry = this.#armExpiry(isMore ? limits.streamExpiryPauseMs : limits.streamExpiryIntervalMs);
  }

  #named(streamName: string): Open {
    const open = this.#streams.get(streamName);
    if (open === undefined) throw streamNotFound(streamName);
    return open;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new EngineError('EngineClosed', 'The engine is closed.');
  }
}

export function streamArn(streamName: string): string {
  return `arn:aws:kinesis:${region}:${accountId}:stream/${streamName}`;
}

function describe({ streamName, createdMs, retentionHours, shards }: StoredStream): StreamDescription {
  return {
    streamName,
    streamArn: streamArn(streamName),
    createdMs,
    retentionHours,
    shards: Array.from({ length: shards }, (_, shard) => {
      const { from, to } = hashKeyRange(shard, shards);
      return { shardId: shardIdOf(shard), hashKeyFrom: String(from), hashKeyTo: String(to) };
    }),
  };
}

function checkedHashKey({ partitionKey, data, explicitHashKey }: PutInput): bigint {
  const constraints = new Constraints();
  constraints.text(partitionKey, 'partitionKey', { lengthMin: 1, lengthMax: limits.partitionKeyLengthMax });
  if (explicitHashKey !== undefined) {
    constraints.text(explicitHashKey, 'explicitHashKey', { lengthMax: 39, pattern: pattern('0|([1-9]\\d{0,38})') });
  }
  constraints.throwIfViolated();
  const { streamRecordBytesMax: value } = limits;
  const asked = data.byteLength + Buffer.byteLength(partitionKey);
  if (asked > value) {
    throw new EngineError(
      'InvalidParameterValueException',
      `A record has at most ${value} bytes of partition key and data (streamRecordBytesMax), received ${asked}.`,
      { limit: { name: 'streamRecordBytesMax', value, asked } },
    );
  }
  if (explicitHashKey === undefined) return hashKeyOf(partitionKey);
  const hashKey = BigInt(explicitHashKey);
  if (hashKey <= hashKeyMax) return hashKey;
  throw new EngineError(
    'InvalidParameterValueException',
    `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicitHashKey}`,
  );
}

function shardNamed(shardId: string, { streamName, shards }: StoredStream): number {
  const shard = parseShardId(shardId, shards);
  if (shard !== undefined) return shard;
  throw new EngineError(
    'ResourceNotFoundException',
    `Could not find shard ${shardId.slice(0, 128)} in stream ${streamName} under account ${accountId}.`,
  );
}

function streamNotFound(streamName: string): EngineError {
  return new EngineError('ResourceNotFoundException', `Stream ${streamName} under account ${accountId} not found.`);
}
