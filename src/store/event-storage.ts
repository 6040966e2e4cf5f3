/**
 * Where asynchronous events are: `<dir>/queue.db`, or the memory of this process. Opened apart from the functions, and only for an engine
 * that has events; the lock of the data directory is theirs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../model/errors.ts';
import type { EventStore } from '../queue/event-store.ts';
import { Database, DatabaseError, inMemory } from './database.ts';
import { SqliteEventStore } from './event-store.ts';
import { queueMigrations } from './queue-migrations.ts';

export interface EventStorage {
  /** Events may have been kept from earlier. */
  readonly isThere: boolean;
  /** Once. @throws EngineError DataDirectoryUnusable */
  open(): EventStore;
}

/** `directory`: absolute, and held by this process; undefined: in memory. */
export function eventStorage(directory: string | undefined): EventStorage {
  if (directory === undefined) return { isThere: false, open: () => openIn(inMemory, 'the memory of this process') };
  const path = join(directory, 'queue.db');
  return { isThere: existsSync(path), open: () => openIn(path, `data directory ${directory}`) };
}

function openIn(path: string, place: string): EventStore {
  try {
    return new SqliteEventStore({
      database: new Database(path, queueMigrations, { durability: 'asked', check: 'none' }),
      place,
    });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new EngineError('DataDirectoryUnusable', `${place}: queue.db cannot be used: ${error.message}`, {
      cause: error,
    });
  }
}
