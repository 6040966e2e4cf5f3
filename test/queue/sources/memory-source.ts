/** An ordered stream in memory, and checkpoints in memory, for tests of what polls. Sequences are numbers as texts. */
import { abortable } from '../../../src/base/abortable.ts';
import type { CheckpointStore, StoredCheckpoint } from '../../../src/queue/sources/ports.ts';
import {
  type EventSource,
  type ReadAnswer,
  type ReadRequest,
  SourceError,
  type SourceRecord,
} from '../../../src/queue/sources/source.ts';

export const memoryArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

export class MemorySource implements EventSource {
  readonly arn = memoryArn;
  readonly batchInfoName = 'KinesisBatchInfo';
  readonly records = new Map<string, SourceRecord[]>();
  retention: number | undefined;
  /** What the next reads fail with. */
  readonly failures: SourceError[] = [];
  #came = Promise.withResolvers<void>();

  constructor(...shards: readonly string[]) {
    for (const shardId of shards) this.records.set(shardId, []);
  }

  put(shardId: string, partitionKey: string, data: string, arrivedAtMs = 0): string {
    const records = this.records.get(shardId) ?? [];
    this.records.set(shardId, records);
    const sequence = String(records.length + 1);
    records.push({ sequence, partitionKey, data: Buffer.from(data), arrivedAtMs });
    this.#came.resolve();
    this.#came = Promise.withResolvers();
    return sequence;
  }

  async shards() {
    return [...this.records.keys()].map((shardId) => ({ shardId }));
  }

  async locate(shardId: string, position: Parameters<EventSource['locate']>[1]): Promise<string> {
    const records = this.records.get(shardId) ?? [];
    switch (position.type) {
      case 'trim-horizon':
        return '0';
      case 'latest':
        return String(records.length);
      case 'at-timestamp':
        return String(records.filter(({ arrivedAtMs }) => arrivedAtMs < position.epochMs).length);
      default:
        return position satisfies never;
    }
  }

  async read({ shardId, after, recordsMax, signal }: ReadRequest): Promise<ReadAnswer> {
    signal.throwIfAborted();
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const from = Number(after);
    let records = (this.records.get(shardId) ?? []).slice(from, from + recordsMax);
    while (records.length === 0) {
      await abortable(this.#came.promise, signal);
      records = (this.records.get(shardId) ?? []).slice(from, from + recordsMax);
    }
    return { records, after: String(from + records.length), isEnded: false };
  }

  eventRecord({ sequence, partitionKey, data }: SourceRecord): string {
    return JSON.stringify({ sequence, partitionKey, data: Buffer.from(data).toString() });
  }

  filterSubject({ data }: SourceRecord): unknown {
    const text = Buffer.from(data).toString();
    try {
      return { data: JSON.parse(text) };
    } catch {
      return { data: text };
    }
  }

  compare(one: string, other: string): number {
    return Number(one) - Number(other);
  }

  retentionMs(): number | undefined {
    return this.retention;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.failures.push(new SourceError('final', 'The source is closed.'));
  }
}

export class MemoryCheckpoints implements CheckpointStore {
  readonly saved = new Map<string, StoredCheckpoint>();
  saves = 0;

  load(): ReadonlyMap<string, StoredCheckpoint> {
    return new Map(this.saved);
  }

  async save(_uuid: string, shardId: string, checkpoint: StoredCheckpoint): Promise<void> {
    this.saves += 1;
    this.saved.set(shardId, checkpoint);
  }
}
