/**
 * EventStore on SQLite, in a file of its own or in memory. What a start reads does not grow with what waits: events are read in pages, by
 * an index that holds only those that wait.
 */
import { z } from 'zod';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type {
  EventChanges,
  EventDetails,
  EventStore,
  NewEvent,
  NewRecord,
  QueueSummary,
  RecordHead,
  WaitingEvent,
  WaitingRecord,
} from '../queue/event-store.ts';
import { type Database, DatabaseError, type Row, type SQLInputValue } from './database.ts';

export interface SqliteEventStoreOptions {
  readonly database: Database;
  /** What messages call it. */
  readonly place: string;
}

export class SqliteEventStore implements EventStore {
  readonly #database: Database;
  readonly #place: string;

  /** What a process that was killed had under way waits again. */
  constructor({ database, place }: SqliteEventStoreOptions) {
    this.#database = database;
    this.#place = place;
    this.#run('UPDATE events SET is_under_way = 0 WHERE is_under_way = 1');
  }

  queues(): readonly QueueSummary[] {
    const rows = this.#read('SELECT queue_id, name, events, bytes FROM queues WHERE is_retired = 0 ORDER BY name');
    return rows.map((row) => ({
      queueId: Number(row.queue_id),
      functionName: String(row.name),
      events: Number(row.events),
      bytes: Number(row.bytes),
    }));
  }

  openQueue(functionName: string): number {
    this.#run('INSERT INTO queues (name) VALUES (?)', functionName);
    const [row] = this.#read('SELECT queue_id FROM queues WHERE name = ? AND is_retired = 0', functionName);
    return Number(row?.queue_id);
  }

  retire(queueId: number): void {
    this.#run('UPDATE queues SET is_retired = 1 WHERE queue_id = ?', queueId);
  }

  retired(): readonly number[] {
    return this.#read('SELECT queue_id FROM queues WHERE is_retired = 1').map(({ queue_id }) => Number(queue_id));
  }

  purge(queueId: number, eventsMax: number): boolean {
    const rows = this.#read(
      'SELECT event_id FROM events WHERE queue_id = ? AND is_under_way = 0 ORDER BY due_ms, event_id LIMIT ?',
      queueId,
      eventsMax,
    );
    this.#write(() => {
      for (const { event_id } of rows) this.#remove(Number(event_id));
      if (rows.length < eventsMax) this.#database.run('DELETE FROM queues WHERE queue_id = ?', queueId);
    });
    return rows.length === eventsMax;
  }

  due(queueId: number, nowMs: number, eventsMax: number): readonly WaitingEvent[] {
    const rows = this.#read(
      `SELECT event_id, request_id, qualifier, accepted_ms, due_ms, attempts, failures, setbacks, hops, bytes FROM events
       WHERE queue_id = ? AND is_under_way = 0 AND due_ms <= ? ORDER BY due_ms, event_id LIMIT ?`,
      queueId,
      Math.floor(nowMs),
      eventsMax,
    );
    return rows.map((row) => ({
      eventId: Number(row.event_id),
      requestId: String(row.request_id),
      qualifier: row.qualifier === null ? undefined : String(row.qualifier),
      acceptedMs: Number(row.accepted_ms),
      dueMs: Number(row.due_ms),
      attempts: Number(row.attempts),
      failures: Number(row.failures),
      setbacks: Number(row.setbacks),
      hops: Number(row.hops),
      bytes: Number(row.bytes),
    }));
  }

  nextDueMs(queueId: number, afterMs: number): number | undefined {
    const [row] = this.#read(
      'SELECT due_ms FROM events WHERE queue_id = ? AND is_under_way = 0 AND due_ms > ? ORDER BY due_ms LIMIT 1',
      queueId,
      Math.floor(afterMs),
    );
    return row === undefined ? undefined : Number(row.due_ms);
  }

  begin(eventIds: readonly number[]): void {
    this.#write(() => {
      for (const eventId of eventIds) {
        this.#database.run('UPDATE events SET is_under_way = 1, attempts = attempts + 1 WHERE event_id = ?', eventId);
      }
    });
  }

  content(eventId: number): { readonly details: EventDetails; readonly payload: Uint8Array } {
    const [row] = this.#read('SELECT details, payload FROM payloads WHERE event_id = ?', eventId);
    const { details, payload } = this.#decoded(contentSchema, row, `event ${eventId}`);
    return { details: this.#decoded(detailsSchema, JSON.parse(details), `event ${eventId}`), payload };
  }

  oldestMs(): number | undefined {
    // Ids rise with time.
    const [row] = this.#read('SELECT accepted_ms FROM events ORDER BY event_id LIMIT 1');
    return row === undefined ? undefined : Number(row.accepted_ms);
  }

  targets(): ReturnType<EventStore['targets']> {
    const rows = this.#read('SELECT target, min(due_ms) AS due_ms FROM records GROUP BY target');
    return rows.map(({ target, due_ms }) => ({ target: String(target), dueMs: Number(due_ms) }));
  }

  dueRecords(target: string, nowMs: number, recordsMax: number): readonly WaitingRecord[] {
    const rows = this.#read(
      `SELECT record_id, failures, created_ms, name, request_id, head, body FROM records
       WHERE target = ? AND due_ms <= ? ORDER BY due_ms, record_id LIMIT ?`,
      target,
      Math.floor(nowMs),
      recordsMax,
    );
    return rows.map((row) => {
      const columns = this.#decoded(recordSchema, row, `record ${row.record_id}`);
      return {
        recordId: columns.record_id,
        target,
        functionName: columns.name,
        requestId: columns.request_id,
        createdMs: columns.created_ms,
        failures: columns.failures,
        head: this.#decoded(headSchema, JSON.parse(columns.head), `record ${columns.record_id}`),
        body: columns.body,
      };
    });
  }

  nextRecordMs(target: string): number | undefined {
    const [row] = this.#read('SELECT due_ms FROM records WHERE target = ? ORDER BY due_ms LIMIT 1', target);
    return row === undefined ? undefined : Number(row.due_ms);
  }

  write({ accepted, postponed, ended, recordsPostponed, recordsDone, recordsNew }: EventChanges): void {
    this.#write((database) => {
      const growth = new Map<number, { events: number; bytes: number }>();
      const grow = (queueId: number, events: number, bytes: number): void => {
        const known = growth.get(queueId) ?? { events: 0, bytes: 0 };
        growth.set(queueId, { events: known.events + events, bytes: known.bytes + bytes });
      };
      for (const event of accepted) {
        this.#insert(event);
        grow(event.queueId, 1, event.payload.byteLength);
      }
      for (const { eventId, dueMs, attempts, failures, setbacks } of postponed) {
        database.run(
          `UPDATE events SET is_under_way = 0, due_ms = ?, attempts = ?, failures = ?, setbacks = ? WHERE event_id = ?`,
          Math.round(dueMs),
          attempts,
          failures,
          setbacks,
          eventId,
        );
      }
      for (const { queueId, eventId, bytes, records } of ended) {
        this.#remove(eventId);
        grow(queueId, -1, -bytes);
        for (const record of records) this.#insertRecord(record);
      }
      for (const [queueId, { events, bytes }] of growth) {
        database.run(
          'UPDATE queues SET events = events + ?, bytes = bytes + ? WHERE queue_id = ?',
          events,
          bytes,
          queueId,
        );
      }
      for (const { recordId, failures, dueMs } of recordsPostponed) {
        database.run(
          'UPDATE records SET failures = ?, due_ms = ? WHERE record_id = ?',
          failures,
          Math.round(dueMs),
          recordId,
        );
      }
      for (const record of recordsNew) this.#insertRecord(record);
      for (const recordId of recordsDone) database.run('DELETE FROM records WHERE record_id = ?', recordId);
    });
  }

  async synced(): Promise<void> {
    try {
      await this.#database.synced();
    } catch (error) {
      throw this.#failed('write', error);
    }
  }

  close(): void {
    this.#database.close();
  }

  #insert({ queueId, requestId, qualifier, acceptedMs, hops, details, payload }: NewEvent): void {
    const nowMs = Math.round(acceptedMs);
    this.#database.run(
      `INSERT INTO events (queue_id, request_id, qualifier, accepted_ms, due_ms, hops, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      queueId,
      requestId,
      qualifier ?? null,
      nowMs,
      nowMs,
      hops,
      payload.byteLength,
    );
    this.#database.run(
      'INSERT INTO payloads (event_id, details, payload) VALUES (last_insert_rowid(), ?, ?)',
      JSON.stringify(details),
      payload,
    );
  }

  #insertRecord({ target, functionName, requestId, createdMs, head, body }: NewRecord): void {
    this.#database.run(
      'INSERT INTO records (target, due_ms, created_ms, name, request_id, head, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
      target,
      Math.round(createdMs),
      Math.round(createdMs),
      functionName,
      requestId,
      JSON.stringify(head),
      body,
    );
  }

  #remove(eventId: number): void {
    this.#database.run('DELETE FROM events WHERE event_id = ?', eventId);
    this.#database.run('DELETE FROM payloads WHERE event_id = ?', eventId);
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#write((database) => database.run(sql, ...values));
  }

  #read(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    try {
      return this.#database.all(sql, ...values);
    } catch (error) {
      throw this.#failed('read', error);
    }
  }

  #write(work: (database: Database) => void): void {
    try {
      this.#database.transaction(() => work(this.#database));
    } catch (error) {
      throw this.#failed('write', error);
    }
  }

  #decoded<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
    const decoded = schema.safeParse(value);
    if (decoded.success) return decoded.data;
    const reason = z.prettifyError(decoded.error).replaceAll('\n', ' ');
    throw this.#unusable(`${what} is not one that isotherm wrote: ${reason}`, decoded.error);
  }

  #failed(verb: 'read' | 'write', error: unknown): unknown {
    if (!(error instanceof DatabaseError)) return error;
    const reason = error.fault === 'full' ? 'the disk is full' : errorMessage(error);
    return this.#unusable(`cannot ${verb} the queue of asynchronous events: ${reason}`, error);
  }

  #unusable(reason: string, cause: unknown): EngineError {
    return new EngineError('DataDirectoryUnusable', `${this.#place}: ${reason}`, { cause });
  }
}

const contentSchema = z.object({ details: z.string(), payload: z.instanceof(Uint8Array) });

const detailsSchema: z.ZodType<EventDetails> = z.object({
  clientContextJson: z.string().exactOptional(),
  cognitoIdentityJson: z.string().exactOptional(),
  traceId: z.string().exactOptional(),
});

const recordSchema = z.object({
  record_id: z.int(),
  failures: z.int(),
  created_ms: z.int(),
  name: z.string(),
  request_id: z.string(),
  head: z.string(),
  body: z.instanceof(Uint8Array),
});

const headSchema: z.ZodType<RecordHead> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('destination'),
    condition: z.enum(['Success', 'RetriesExhausted', 'EventAgeExceeded', 'ZeroReservedConcurrency']),
    source: z.string(),
    hops: z.int(),
  }),
  z.object({ kind: z.literal('dead-letter'), errorMessage: z.string(), hops: z.int() }),
]);
