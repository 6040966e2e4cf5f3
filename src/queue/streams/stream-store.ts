/** Where the records of the engine's own streams are kept: append-only, by shard and position. */

export interface StoredStream {
  /** Never given again. */
  readonly streamId: number;
  readonly streamName: string;
  readonly shards: number;
  readonly retentionHours: number;
  readonly createdMs: number;
}

export interface NewRecord {
  readonly shard: number;
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

export interface StoredRecord {
  /** From 1, in each shard. */
  readonly position: number;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  readonly arrivedAtMs: number;
}

export interface StoredRead {
  readonly streamId: number;
  readonly shard: number;
  /** Exclusive. */
  readonly after: number;
  /** Older ones are gone, also if they are still there. */
  readonly arrivedAtMsMin: number;
  readonly recordsMax: number;
  /** Of data; a first record that is larger is read alone. */
  readonly bytesMax: number;
}

/** Whatever resolves is durable. @throws EngineError DataDirectoryUnusable */
export interface StreamStore {
  streams(): readonly StoredStream[];
  create(stream: Omit<StoredStream, 'streamId'>): Promise<StoredStream>;
  /** With its records. */
  remove(streamId: number): Promise<void>;
  /** Resolves to the records' positions when they are durable. Records of earlier calls come before those of later ones. */
  append(streamId: number, records: readonly NewRecord[], arrivedAtMs: number): Promise<readonly number[]>;
  read(read: StoredRead): readonly StoredRecord[];
  /** Of the last record that was ever appended to the shard; 0 when there was none. */
  lastPosition(streamId: number, shard: number): number;
  /** Of the last record that arrived before; 0 when there is none. */
  lastPositionBefore(streamId: number, shard: number, arrivedAtMs: number): number;
  /** Removes a part of what arrived before, oldest first, and says whether there may be more. */
  expire(streamId: number, arrivedAtMsMin: number): Promise<boolean>;
}
