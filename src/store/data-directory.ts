/**
 * A data directory: `<dir>/isotherm.db`, `<dir>/isotherm.pid`, `<dir>/code/`. Creates it, takes it for this engine alone,
 * and says in one sentence why it cannot. What lies in `code/` is the business of `functions/`.
 */
import { accessSync, constants, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorMessage } from '../base/error-text.ts';
import { makeDirectory } from '../base/make-directory.ts';
import type { FunctionStore } from '../functions/function-store.ts';
import { EngineError } from '../model/errors.ts';
import type { BucketStore } from '../queue/buckets/bucket-store.ts';
import type { ScheduleStore } from '../queue/schedules/schedule-store.ts';
import { SqliteBucketStore } from './bucket-store.ts';
import { Database, DatabaseError } from './database.ts';
import { SqliteFunctionStore } from './function-store.ts';
import { migrations } from './migrations.ts';
import { SqliteScheduleStore } from './schedule-store.ts';

export interface DataDirectory {
  /** Absolute. */
  readonly directory: string;
  /** Absolute; exists. Code packs live here. */
  readonly codeDirectory: string;
  /** Closing the store gives the directory back. */
  readonly functions: FunctionStore;
  /** Of the same file: not to be used once `functions` is closed. */
  readonly schedules: ScheduleStore;
  readonly buckets: BucketStore;
}

/**
 * Opens or creates the directory and locks it. The lock belongs to the database file and ends with the process, also with
 * SIGKILL. @throws EngineError DataDirectoryUnusable, DataDirectoryInUse
 */
export function openDataDirectory(path: string): DataDirectory {
  const directory = resolve(path);
  const codeDirectory = join(directory, 'code');
  const pidPath = join(directory, 'isotherm.pid');
  makeOurDirectory(directory, directory);
  makeOurDirectory(codeDirectory, directory);
  const database = openDatabase(directory, pidPath);
  try {
    // Only the holder of the lock writes it, and it decides nothing: it is there to be named to whoever comes second.
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw unusable(directory, `isotherm.pid cannot be written: ${errorMessage(error)}`, error);
  }
  const functions = new SqliteFunctionStore({
    database,
    directory,
    codeDirectory,
    onClose: () => {
      rmSync(pidPath, { force: true });
      database.close();
    },
  });
  return {
    directory,
    codeDirectory,
    functions,
    schedules: new SqliteScheduleStore(database, directory),
    buckets: new SqliteBucketStore(database, directory),
  };
}

function makeOurDirectory(path: string, directory: string): void {
  try {
    // Functions' environment variables are kept in it: nobody else may look.
    makeDirectory(path, 0o700);
    if (!statSync(path).isDirectory()) throw unusable(directory, `${path} is not a directory`, undefined);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw unusable(directory, fileSystemReason(path, error), error);
  }
}

function openDatabase(directory: string, pidPath: string): Database {
  try {
    return new Database(join(directory, 'isotherm.db'), migrations);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.fault === 'locked') {
      throw new EngineError(
        'DataDirectoryInUse',
        `data directory ${directory} is in use by another engine (${holder(pidPath)}); stop it, or choose another directory`,
        { cause: error },
      );
    }
    throw unusable(directory, databaseReason(error), error);
  }
}

function databaseReason(error: DatabaseError): string {
  switch (error.fault) {
    case 'newer':
    case 'foreign':
      return `isotherm.db cannot be used: ${error.message}`;
    case 'corrupt':
      return `isotherm.db is damaged (${error.message}); restore it from a copy, or remove it to start empty`;
    case 'full':
      return 'the disk is full';
    case 'inaccessible':
    case 'locked':
      return `isotherm.db cannot be opened: ${error.message}`;
    default:
      return error.fault satisfies never;
  }
}

/** The pid is written right after the lock is taken, so for an instant it may be missing or that of an earlier holder. */
function holder(pidPath: string): string {
  try {
    const pid = Number.parseInt(readFileSync(pidPath, 'utf8'), 10);
    return Number.isSafeInteger(pid) ? `process ${pid}` : 'a process that is just starting';
  } catch {
    // No pid file yet, or one that we may not read: the lock alone proves that somebody is there.
    return 'a process that is just starting';
  }
}

function fileSystemReason(path: string, error: unknown): string {
  switch (errorCode(error)) {
    case 'EEXIST':
    case 'ENOTDIR':
      return `${path} is not a directory, or one of its parents is a file`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${path} is not writable`;
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    default:
      return `${path} cannot be created: ${errorMessage(error)}`;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unusable(directory: string, reason: string, cause: unknown): EngineError {
  return new EngineError('DataDirectoryUnusable', `data directory ${directory} cannot be used: ${reason}`, { cause });
}
