/** ScheduleStore on SQLite. */
import { z } from 'zod';
import { keyedRecord } from '../base/keyed-record.ts';
import type { Schedule } from '../queue/schedules/schedule.ts';
import type { ScheduleStore, StoredSchedule } from '../queue/schedules/schedule-store.ts';
import type { Database, Row } from './database.ts';
import { decodedRows, inStore } from './store-failure.ts';
import { naming } from './stored-row.ts';

const scheduleSchema: z.ZodType<Schedule> = z.object({
  name: z.string(),
  expression: z.string(),
  timeZone: z.string(),
  state: z.enum(['ENABLED', 'DISABLED']),
  description: z.string().exactOptional(),
  roleArn: z.string().exactOptional(),
  tags: keyedRecord(z.string()),
  targets: z.array(
    z.object({
      id: z.string(),
      functionArn: z.string(),
      input: z.string().exactOptional(),
      roleArn: z.string().exactOptional(),
      maximumEventAge: z.int().exactOptional(),
      maximumRetryAttempts: z.int().exactOptional(),
    }),
  ),
  anchorMs: z.number(),
});

export class SqliteScheduleStore implements ScheduleStore {
  readonly #database: Database;
  readonly #directory: string;

  constructor(database: Database, directory: string) {
    this.#database = database;
    this.#directory = directory;
  }

  /** @throws EngineError DataDirectoryUnusable, as all of them */
  load(): readonly StoredSchedule[] {
    const rows = inStore(this.#directory, 'read', () =>
      this.#database.all('SELECT name, record, fired_ms FROM schedules ORDER BY name'),
    );
    return decodedRows(this.#directory, rows, decodeSchedule);
  }

  save(schedule: Schedule): void {
    this.#write(() =>
      this.#database.run(
        `INSERT INTO schedules (name, record) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET record = excluded.record`,
        schedule.name,
        JSON.stringify(schedule),
      ),
    );
  }

  remove(name: string): void {
    this.#write(() => this.#database.run('DELETE FROM schedules WHERE name = ?', name));
  }

  fired(instants: ReadonlyMap<string, number>): void {
    this.#write(() => {
      for (const [name, firedMs] of instants) {
        this.#database.run('UPDATE schedules SET fired_ms = ? WHERE name = ?', firedMs, name);
      }
    });
  }

  #write(work: () => void): void {
    inStore(this.#directory, 'write', () => this.#database.transaction(work));
  }
}

function decodeSchedule(row: Row): StoredSchedule {
  return naming(`schedule ${row.name}`, () => {
    const schedule = scheduleSchema.parse(JSON.parse(String(row.record)));
    if (schedule.name !== row.name) throw new Error(`it calls itself ${schedule.name}`);
    return { schedule, ...(row.fired_ms !== null && { firedMs: Number(row.fired_ms) }) };
  });
}
