/**
 * Where streams, event source mappings and checkpoints are: `<dir>/streams.db`, or the memory of this process. Opened apart from the
 * functions, and only for an engine that has some; the lock of the data directory is theirs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { MappingStore } from '../queue/sources/mapping-store.ts';
import type { StreamStore } from '../queue/streams/stream-store.ts';
import { Database, DatabaseError, inMemory } from './database.ts';
import { SqliteMappingStore } from './mapping-store.ts';
import { streamMigrations } from './stream-migrations.ts';
import { SqliteStreamStore } from './stream-store.ts';
import { StreamsFile } from './streams-file.ts';

export interface SourceStores {
  readonly streams: StreamStore;
  readonly mappings: MappingStore;
  /** After everything that was asked for is written. */
  close(): Promise<void>;
}

export interface SourceStorage {
  /** Some may have been kept from earlier. */
  readonly isThere: boolean;
  /** Once. @throws EngineError DataDirectoryUnusable */
  open(): SourceStores;
}

/** `directory`: absolute, and held by this process; undefined: in memory. */
export function sourceStorage(directory: string | undefined): SourceStorage {
  if (directory === undefined) {
    const place = 'the memory of this process';
    return { isThere: false, open: () => openIn(inMemory, place, limits.streamMemoryBytesMax) };
  }
  const path = join(directory, 'streams.db');
  const place = `data directory ${directory}`;
  return { isThere: existsSync(path), open: () => openIn(path, place, limits.streamBytesMax) };
}

function openIn(path: string, place: string, streamBytesMax: number): SourceStores {
  try {
    const database = new Database(path, streamMigrations, { durability: 'asked', check: 'none' });
    const file = new StreamsFile(database, place);
    return {
      streams: new SqliteStreamStore(file, streamBytesMax),
      mappings: new SqliteMappingStore(file),
      close: () => file.close(),
    };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new EngineError('DataDirectoryUnusable', `${place}: streams.db cannot be used: ${error.message}`, {
      cause: error,
    });
  }
}
