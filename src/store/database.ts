/**
 * One SQLite file, owned by this process alone: opened, locked, checked, migrated. The only importer of node:sqlite.
 * It knows nothing of what is kept; `migrations.ts` has the tables.
 */
import { closeSync, fdatasync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';

/** Why a database cannot be used, or stopped being usable. */
export type DatabaseFault = 'locked' | 'foreign' | 'newer' | 'corrupt' | 'full' | 'inaccessible';

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly fault: DatabaseFault;

  constructor(fault: DatabaseFault, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

export type { SQLInputValue };

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** `isot` in the file's header: a database of another program is never migrated into ours. */
const applicationId = 0x69_73_6f_74;

/** In place of a path: a database that ends with the process. */
export const inMemory = ':memory:';

export interface DatabaseOptions {
  /**
   * `each`: a transaction is durable when it returns, and its thread waits for the disk. `asked`: it outlives the process when it returns,
   * and a power cut once `synced()` has resolved, which is the same for many. Default `each`.
   */
  readonly durability?: 'each' | 'asked';
  /** `none` for what may be gigabytes: damage is met when the damaged part is read. Default `whole`. */
  readonly check?: 'whole' | 'none';
}

export class Database {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Of the write-ahead log; opened for the first `synced()`. Only locks of the main file would end with another descriptor. */
  #log: number | undefined;
  #syncing: Promise<void> = Promise.resolve();

  /** @throws DatabaseError */
  constructor(path: string, migrations: readonly string[], options: DatabaseOptions = {}) {
    this.#path = path;
    this.#database = open(path);
    try {
      prepare(this.#database, migrations, options);
    } catch (error) {
      this.#database.close();
      throw translated(error);
    }
  }

  /** @throws DatabaseError */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    try {
      return this.#statement(sql).all(...values);
    } catch (error) {
      throw translated(error);
    }
  }

  /** @throws DatabaseError */
  run(sql: string, ...values: readonly SQLInputValue[]): void {
    try {
      this.#statement(sql).run(...values);
    } catch (error) {
      throw translated(error);
    }
  }

  /** All of `work` or nothing of it, also when the process is killed in between. Durable when it returns. @throws DatabaseError */
  transaction(work: () => void): void {
    try {
      inTransaction(this.#database, work);
    } catch (error) {
      throw translated(error);
    }
  }

  /** What was committed until now outlives a power cut when it resolves. The disk is waited for beside this thread. @throws DatabaseError */
  async synced(): Promise<void> {
    if (this.#path === inMemory) return;
    try {
      // A checkpoint in between has brought it into the main file, and made that durable.
      this.#log ??= openSync(`${this.#path}-wal`, 'r+');
      const syncing = sync(this.#log);
      this.#syncing = syncing.catch(() => undefined);
      await syncing;
    } catch (error) {
      throw translated(error);
    }
  }

  /** Idempotent. Releases the lock. Not while a `synced()` is waited for. */
  close(): void {
    this.#statements.clear();
    const log = this.#log;
    this.#log = undefined;
    // Its number may be another file's as soon as it is closed.
    if (log !== undefined) void this.#syncing.then(() => closeSync(log));
    if (this.#database.isOpen) this.#database.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const sync = promisify(fdatasync);

function open(path: string): DatabaseSync {
  try {
    if (path === inMemory) return new DatabaseSync(path, { enableForeignKeyConstraints: true });
    // Rows carry functions' environment variables, so the file is the owner's alone; SQLite gives -wal the same mode.
    closeSync(openSync(path, 'a', 0o600));
    return new DatabaseSync(path, { enableForeignKeyConstraints: true });
  } catch (error) {
    throw translated(error);
  }
}

function prepare(
  database: DatabaseSync,
  migrations: readonly string[],
  { durability = 'each', check: extent = 'whole' }: DatabaseOptions,
): void {
  // Exclusive locking keeps the operating system's lock from the first transaction until close, and the kernel drops it
  // with the process, however that ends: no stale lock is possible. Set before the write-ahead log is first touched, it
  // also needs no shared-memory file. (sqlite.org/wal.html, "Use of WAL Without Shared-Memory")
  database.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');

  const tableCount = pragma(database, 'SELECT count(*) AS value FROM sqlite_schema');
  const version = pragma(database, 'SELECT user_version AS value FROM pragma_user_version');
  const owner = pragma(database, 'SELECT application_id AS value FROM pragma_application_id');
  if (owner !== applicationId && (tableCount > 0 || version !== 0)) {
    throw new DatabaseError('foreign', 'it is a database of another program');
  }
  if (version > migrations.length) {
    throw new DatabaseError(
      'newer',
      `it was written by a newer isotherm: its schema is number ${version}, this isotherm knows ${migrations.length}`,
    );
  }
  database.exec('PRAGMA journal_mode = WAL;');
  // FULL: what a client was told is done survives a power cut. A deploy costs two such commits, an invocation none.
  database.exec('PRAGMA synchronous = FULL;');
  if (extent === 'whole') {
    const check = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (check !== 'ok') throw new DatabaseError('corrupt', String(check));
  }

  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    inTransaction(database, () => {
      database.exec(migration);
      database.exec(`PRAGMA user_version = ${index + 1}; PRAGMA application_id = ${applicationId};`);
    });
  }
  if (durability === 'asked') {
    // The first write makes the log's file, and SQLite syncs its folder then; later ones need the file alone.
    database.exec(`PRAGMA user_version = ${migrations.length}; PRAGMA synchronous = NORMAL;`);
  }
}

function pragma(database: DatabaseSync, sql: string): number {
  return Number(database.prepare(sql).get()?.value);
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html) that a user can do something about. */
const faultOfCode: Readonly<Record<number, DatabaseFault>> = {
  5: 'locked',
  6: 'locked',
  8: 'inaccessible',
  10: 'inaccessible',
  11: 'corrupt',
  13: 'full',
  14: 'inaccessible',
  26: 'corrupt',
};

/** What SQLite and the file system throw, in our terms. Anything else is a bug of ours and passes unchanged. */
function translated(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseError) return error;
  if ('errcode' in error && typeof error.errcode === 'number') {
    // Extended codes carry the primary one in their low byte.
    const fault = faultOfCode[error.errcode & 0xff];
    return fault === undefined ? error : new DatabaseError(fault, error.message, { cause: error });
  }
  if ('syscall' in error) return new DatabaseError('inaccessible', error.message, { cause: error });
  return error;
}
