/** FunctionStore on SQLite: every call is one transaction, so a kill between any two steps leaves whole functions only. */
import { errorMessage } from '../base/error-text.ts';
import type { FunctionStore, StoredFunction } from '../functions/function-store.ts';
import { EngineError } from '../model/errors.ts';
import { type Database, DatabaseError } from './database.ts';
import { decodeRow, storedPath } from './stored-row.ts';

export interface SqliteFunctionStoreOptions {
  readonly database: Database;
  /** Absolute path of the database's directory, for messages. */
  readonly directory: string;
  readonly codeDirectory: string;
  /** Called once, at the first close. */
  readonly onClose: () => void;
}

export class SqliteFunctionStore implements FunctionStore {
  readonly #options: SqliteFunctionStoreOptions;
  #closed = false;

  constructor(options: SqliteFunctionStoreOptions) {
    this.#options = options;
  }

  /** @throws EngineError DataDirectoryUnusable */
  load(): readonly StoredFunction[] {
    const rows = this.#attempt('read', () =>
      this.#options.database.all(
        'SELECT name, record, code_sha256, code_bytes, path, files FROM functions JOIN packs USING (pack_id) ORDER BY name',
      ),
    );
    return rows.map((row) => {
      try {
        return decodeRow(row, this.#options.codeDirectory);
      } catch (error) {
        throw this.#unusable(errorMessage(error), error);
      }
    });
  }

  /** Durable when it returns. @throws EngineError DataDirectoryUnusable */
  save({ record, pack }: StoredFunction): void {
    const { database, codeDirectory } = this.#options;
    const path = storedPath(pack.packPath, codeDirectory);
    this.#attempt('write', () =>
      database.transaction(() => {
        if (this.#packId(pack.codeSha256, path) === undefined) {
          database.run(
            'INSERT INTO packs (code_sha256, code_bytes, path, files) VALUES (?, ?, ?, ?)',
            pack.codeSha256,
            pack.codeBytes,
            path,
            JSON.stringify(pack.files),
          );
        }
        database.run(
          `INSERT INTO functions (name, record, pack_id)
           VALUES (?, ?, (SELECT pack_id FROM packs WHERE code_sha256 = ? AND path = ?))
           ON CONFLICT (name) DO UPDATE SET record = excluded.record, pack_id = excluded.pack_id`,
          record.configuration.functionName,
          JSON.stringify(record),
          pack.codeSha256,
          path,
        );
        this.#forgetUnusedPacks();
      }),
    );
  }

  /** Harmless for a name that is not kept. @throws EngineError DataDirectoryUnusable */
  remove(functionName: string): void {
    const { database } = this.#options;
    this.#attempt('write', () =>
      database.transaction(() => {
        database.run('DELETE FROM functions WHERE name = ?', functionName);
        this.#forgetUnusedPacks();
      }),
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose();
  }

  #packId(codeSha256: string, path: string): unknown {
    const { database } = this.#options;
    return database.all('SELECT pack_id FROM packs WHERE code_sha256 = ? AND path = ?', codeSha256, path)[0];
  }

  #forgetUnusedPacks(): void {
    this.#options.database.run('DELETE FROM packs WHERE pack_id NOT IN (SELECT pack_id FROM functions)');
  }

  #attempt<Result>(verb: 'read' | 'write', work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      throw this.#unusable(`cannot ${verb} isotherm.db: ${error.message}`, error);
    }
  }

  #unusable(reason: string, cause: unknown): EngineError {
    return new EngineError('DataDirectoryUnusable', `data directory ${this.#options.directory}: ${reason}`, { cause });
  }
}
