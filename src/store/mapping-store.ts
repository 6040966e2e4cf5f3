/** MappingStore on SQLite. Checkpoints of many shards are committed together; a mapping that was removed gets none any more. */
import { z } from 'zod';
import { keyedRecord } from '../base/keyed-record.ts';
import type { EventSourceMapping } from '../model/event-source-mapping.ts';
import type { MappingStore } from '../queue/sources/mapping-store.ts';
import type { StoredCheckpoint } from '../queue/sources/ports.ts';
import { naming } from './stored-row.ts';
import type { StreamsFile } from './streams-file.ts';

const mappingSchema: z.ZodType<EventSourceMapping> = z.object({
  uuid: z.string(),
  eventSourceArn: z.string(),
  functionName: z.string(),
  qualifier: z.string().exactOptional(),
  enabled: z.boolean(),
  startingPosition: z.enum(['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP']),
  startingPositionTimestamp: z.number().exactOptional(),
  batchSize: z.int().min(1),
  batchingWindowSeconds: z.int().min(0),
  parallelizationFactor: z.int().min(1),
  retryAttemptsMax: z.int(),
  recordAgeSecondsMax: z.int(),
  bisectsOnError: z.boolean(),
  reportsItemFailures: z.boolean(),
  onFailure: z.string().exactOptional(),
  filters: z.array(z.string()),
  tags: keyedRecord(z.string()),
  lastModifiedMs: z.number(),
});

const checkpointSchema = z.object({
  shard_id: z.string(),
  after: z.string(),
  lanes: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  is_ended: z.int(),
});

export class SqliteMappingStore implements MappingStore {
  readonly #file: StreamsFile;

  constructor(file: StreamsFile) {
    this.#file = file;
  }

  mappings(): readonly EventSourceMapping[] {
    return this.#file.decoded(this.#file.all('SELECT uuid, record FROM mappings ORDER BY uuid'), (row) =>
      naming(`mapping ${row.uuid}`, () => mappingSchema.parse(JSON.parse(String(row.record)))),
    );
  }

  async saveMapping(mapping: EventSourceMapping): Promise<void> {
    await this.#file.write((database) =>
      database.run(
        'INSERT INTO mappings (uuid, record) VALUES (?, ?) ON CONFLICT (uuid) DO UPDATE SET record = excluded.record',
        mapping.uuid,
        JSON.stringify(mapping),
      ),
    );
  }

  async removeMapping(uuid: string): Promise<void> {
    // Its checkpoints go with it.
    await this.#file.write((database) => database.run('DELETE FROM mappings WHERE uuid = ?', uuid));
  }

  load(uuid: string): ReadonlyMap<string, StoredCheckpoint> {
    const rows = this.#file.all('SELECT shard_id, after, lanes, is_ended FROM checkpoints WHERE uuid = ?', uuid);
    const checkpoints = this.#file.decoded(rows, (row): [shardId: string, checkpoint: StoredCheckpoint] =>
      naming(`shard ${row.shard_id} of mapping ${uuid}`, () => {
        const { shard_id, after, lanes, is_ended } = checkpointSchema.parse(row);
        return [shard_id, { after, lanes, isEnded: is_ended === 1 }];
      }),
    );
    return new Map(checkpoints);
  }

  async save(uuid: string, shardId: string, { after, lanes, isEnded }: StoredCheckpoint): Promise<void> {
    await this.#file.write((database) => {
      database.run(
        `INSERT INTO checkpoints (uuid, shard_id, after, lanes, is_ended)
         SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM mappings WHERE uuid = ?)
         ON CONFLICT (uuid, shard_id) DO UPDATE SET after = excluded.after, lanes = excluded.lanes, is_ended = excluded.is_ended`,
        uuid,
        shardId,
        after,
        JSON.stringify(lanes),
        isEnded ? 1 : 0,
        uuid,
      );
    });
  }
}
