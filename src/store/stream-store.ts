/**
 * StreamStore on SQLite. Positions are given inside the commit, so that none is given twice whatever fails. What is over the most
 * bytes of a stream goes with the append that made it so, oldest first.
 */
import type { NewRecord, StoredRead, StoredRecord, StoredStream, StreamStore } from '../queue/streams/stream-store.ts';
import type { Database, Row } from './database.ts';
import type { StreamsFile } from './streams-file.ts';

/** Bits of a record's key that are its position: a million records a second for twelve days, or a thousand for 34 years. */
const positionBits = 40n;
const positionMask = (1n << positionBits) - 1n;
/** Records that are removed in one go. */
const removedAtOnce = 1_000;

export class SqliteStreamStore implements StreamStore {
  readonly #file: StreamsFile;
  /** Of the records of one stream: keys and data. */
  readonly #streamBytesMax: number;
  /** By stream and shard. */
  readonly #shardKeys = new Map<number, readonly bigint[]>();

  constructor(file: StreamsFile, streamBytesMax: number) {
    this.#file = file;
    this.#streamBytesMax = streamBytesMax;
    for (const { streamId } of this.streams()) this.#know(streamId);
  }

  streams(): readonly StoredStream[] {
    return this.#file.all('SELECT * FROM streams ORDER BY stream_name').map((row) => ({
      streamId: Number(row.stream_id),
      streamName: String(row.stream_name),
      shards: Number(row.shards),
      retentionHours: Number(row.retention_hours),
      createdMs: Number(row.created_ms),
    }));
  }

  async create(stream: Omit<StoredStream, 'streamId'>): Promise<StoredStream> {
    const { streamName, shards, retentionHours, createdMs } = stream;
    let streamId = 0;
    await this.#file.write((database) => {
      const [row] = database.all(
        'INSERT INTO streams (stream_name, shards, retention_hours, created_ms) VALUES (?, ?, ?, ?) RETURNING stream_id',
        streamName,
        shards,
        retentionHours,
        createdMs,
      );
      streamId = Number(row?.stream_id);
      for (let shard = 0; shard < shards; shard += 1) {
        database.run('INSERT INTO shards (stream_id, shard) VALUES (?, ?)', streamId, shard);
      }
    });
    this.#know(streamId);
    return { ...stream, streamId };
  }

  async remove(streamId: number): Promise<void> {
    await this.#file.write((database) => {
      for (const shardKey of this.#shardKeys.get(streamId) ?? []) {
        database.run('DELETE FROM records WHERE record_key BETWEEN ? AND ?', firstKey(shardKey), lastKey(shardKey));
      }
      database.run('DELETE FROM streams WHERE stream_id = ?', streamId);
    });
    this.#shardKeys.delete(streamId);
  }

  async append(streamId: number, records: readonly NewRecord[], arrivedAtMs: number): Promise<readonly number[]> {
    const positions: number[] = [];
    await this.#file.write((database) => {
      positions.push(...this.#insert(database, streamId, records, arrivedAtMs));
    });
    return positions;
  }

  read({ streamId, shard, after, arrivedAtMsMin, recordsMax, bytesMax }: StoredRead): readonly StoredRecord[] {
    const shardKey = this.#shardKeys.get(streamId)?.[shard];
    if (shardKey === undefined) return [];
    // Lengths first, which cost no reading of the data: a thousand records may be a gigabyte.
    const lengths = this.#file.all(
      'SELECT length(data) AS bytes FROM records WHERE record_key > ? AND record_key <= ? AND arrived_ms >= ? ORDER BY record_key LIMIT ?',
      firstKey(shardKey) + BigInt(after),
      lastKey(shardKey),
      arrivedAtMsMin,
      recordsMax,
    );
    let bytes = 0;
    let count = 0;
    for (const length of lengths) {
      bytes += Number(length.bytes);
      if (count > 0 && bytes > bytesMax) break;
      count += 1;
    }
    return this.#file
      .all(
        `SELECT record_key & ${positionMask} AS position, partition_key, arrived_ms, data FROM records
       WHERE record_key > ? AND record_key <= ? AND arrived_ms >= ? ORDER BY record_key LIMIT ?`,
        firstKey(shardKey) + BigInt(after),
        lastKey(shardKey),
        arrivedAtMsMin,
        count,
      )
      .map(recordOf);
  }

  lastPosition(streamId: number, shard: number): number {
    const [row] = this.#file.all('SELECT last_position FROM shards WHERE stream_id = ? AND shard = ?', streamId, shard);
    return Number(row?.last_position ?? 0);
  }

  lastPositionBefore(streamId: number, shard: number, arrivedAtMs: number): number {
    const shardKey = this.#shardKeys.get(streamId)?.[shard];
    if (shardKey === undefined) return 0;
    const [row] = this.#file.all(
      `SELECT record_key & ${positionMask} AS position FROM records
       WHERE record_key BETWEEN ? AND ? AND arrived_ms >= ? ORDER BY record_key LIMIT 1`,
      firstKey(shardKey),
      lastKey(shardKey),
      arrivedAtMs,
    );
    return row === undefined ? this.lastPosition(streamId, shard) : Number(row.position) - 1;
  }

  async expire(streamId: number, arrivedAtMsMin: number): Promise<boolean> {
    let isMore = false;
    for (const shardKey of this.#shardKeys.get(streamId) ?? []) {
      // Nothing is written while nothing is old enough.
      if ((this.#oldest(shardKey) ?? arrivedAtMsMin) >= arrivedAtMsMin) continue;
      await this.#file.write((database) => {
        const removed = removeFirst(database, streamId, shardKey, removedAtOnce, arrivedAtMsMin);
        isMore ||= removed === removedAtOnce;
      });
    }
    return isMore;
  }

  #know(streamId: number): void {
    const rows = this.#file.all('SELECT shard_key FROM shards WHERE stream_id = ? ORDER BY shard', streamId);
    this.#shardKeys.set(
      streamId,
      rows.map((row) => BigInt(Number(row.shard_key))),
    );
  }

  #insert(database: Database, streamId: number, records: readonly NewRecord[], arrivedAtMs: number): readonly number[] {
    const shardKeys = this.#shardKeys.get(streamId);
    if (shardKeys === undefined) return [];
    let added = 0;
    const positions = records.map(({ shard, partitionKey, data }) => {
      const shardKey = shardKeys[shard] ?? 0n;
      const [row] = database.all(
        'UPDATE shards SET last_position = last_position + 1 WHERE shard_key = ? RETURNING last_position',
        shardKey,
      );
      const position = Number(row?.last_position);
      database.run(
        'INSERT INTO records (record_key, partition_key, arrived_ms, data) VALUES (?, ?, ?, ?)',
        firstKey(shardKey) + BigInt(position),
        partitionKey,
        arrivedAtMs,
        data,
      );
      added += data.byteLength + Buffer.byteLength(partitionKey);
      return position;
    });
    const [row] = database.all(
      'UPDATE streams SET bytes = bytes + ? WHERE stream_id = ? RETURNING bytes',
      added,
      streamId,
    );
    if (Number(row?.bytes) > this.#streamBytesMax) this.#trim(database, streamId, shardKeys);
    return positions;
  }

  /** Removes the oldest of all shards until the stream is small enough. */
  #trim(database: Database, streamId: number, shardKeys: readonly bigint[]): void {
    for (;;) {
      const [stream] = database.all('SELECT bytes FROM streams WHERE stream_id = ?', streamId);
      if (Number(stream?.bytes) <= this.#streamBytesMax) return;
      const [oldest] = shardKeys
        .map((shardKey) => ({ shardKey, arrivedAtMs: this.#oldest(shardKey) ?? Number.POSITIVE_INFINITY }))
        .sort((one, other) => one.arrivedAtMs - other.arrivedAtMs);
      if (oldest === undefined || oldest.arrivedAtMs === Number.POSITIVE_INFINITY) return;
      removeFirst(database, streamId, oldest.shardKey, 1, Number.POSITIVE_INFINITY);
    }
  }

  #oldest(shardKey: bigint): number | undefined {
    const [row] = this.#file.all(
      'SELECT arrived_ms FROM records WHERE record_key BETWEEN ? AND ? ORDER BY record_key LIMIT 1',
      firstKey(shardKey),
      lastKey(shardKey),
    );
    return row === undefined ? undefined : Number(row.arrived_ms);
  }
}

/** Removes the first records of a shard, `count` at most, that arrived before; returns how many. */
function removeFirst(
  database: Database,
  streamId: number,
  shardKey: bigint,
  count: number,
  arrivedAtMsMin: number,
): number {
  const rows = database.all(
    'SELECT record_key & ? AS position, arrived_ms, length(data) + octet_length(partition_key) AS bytes FROM records WHERE record_key BETWEEN ? AND ? ORDER BY record_key LIMIT ?',
    positionMask,
    firstKey(shardKey),
    lastKey(shardKey),
    count,
  );
  let bytes = 0;
  let removed = 0;
  let last = 0;
  for (const row of rows) {
    if (Number(row.arrived_ms) >= arrivedAtMsMin) break;
    bytes += Number(row.bytes);
    last = Number(row.position);
    removed += 1;
  }
  if (removed === 0) return 0;
  const upTo = firstKey(shardKey) + BigInt(last);
  database.run('DELETE FROM records WHERE record_key BETWEEN ? AND ?', firstKey(shardKey), upTo);
  database.run('UPDATE streams SET bytes = bytes - ? WHERE stream_id = ?', bytes, streamId);
  return removed;
}

function firstKey(shardKey: bigint): bigint {
  return shardKey << positionBits;
}

function lastKey(shardKey: bigint): bigint {
  return firstKey(shardKey) | positionMask;
}

function recordOf(row: Row): StoredRecord {
  return {
    position: Number(row.position),
    partitionKey: String(row.partition_key),
    data: row.data instanceof Uint8Array ? row.data : new Uint8Array(),
    arrivedAtMs: Number(row.arrived_ms),
  };
}
