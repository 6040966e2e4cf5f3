/** FunctionStore on SQLite: every call is one transaction, so a kill between any two steps leaves whole functions only. */
import { errorMessage } from '../base/error-text.ts';
import type { FunctionStore, StoredFunction } from '../functions/function-store.ts';
import type { CodePack } from '../functions/prepared-code.ts';
import { EngineError } from '../model/errors.ts';
import { type Database, DatabaseError, type Row } from './database.ts';
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
        `SELECT name, record, packs.code_sha256, packs.code_bytes, packs.path, packs.files,
           layers.code_sha256 AS layers_sha256, layers.code_bytes AS layers_bytes, layers.path AS layers_path, layers.files AS layers_files
         FROM functions JOIN packs USING (pack_id) LEFT JOIN packs AS layers ON layers.pack_id = layers_pack_id ORDER BY name`,
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
    this.#attempt('write', () =>
      database.transaction(() => {
        const packId = this.#keepPack(pack, codeDirectory);
        const layersId = pack.layers === undefined ? null : this.#keepPack(pack.layers, codeDirectory);
        database.run(
          `INSERT INTO functions (name, record, pack_id, layers_pack_id) VALUES (?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE
           SET record = excluded.record, pack_id = excluded.pack_id, layers_pack_id = excluded.layers_pack_id`,
          record.configuration.functionName,
          JSON.stringify(record),
          packId,
          layersId,
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

  /** Returns its id. */
  #keepPack({ codeSha256, codeBytes, packPath, files }: CodePack, codeDirectory: string): number {
    const { database } = this.#options;
    const path = storedPath(packPath, codeDirectory);
    const find = (): Row | undefined =>
      database.all('SELECT pack_id FROM packs WHERE code_sha256 = ? AND path = ?', codeSha256, path)[0];
    if (find() === undefined) {
      database.run(
        'INSERT INTO packs (code_sha256, code_bytes, path, files) VALUES (?, ?, ?, ?)',
        codeSha256,
        codeBytes,
        path,
        JSON.stringify(files),
      );
    }
    return Number(find()?.pack_id);
  }

  #forgetUnusedPacks(): void {
    this.#options.database.run(
      `DELETE FROM packs WHERE pack_id NOT IN (SELECT pack_id FROM functions)
       AND pack_id NOT IN (SELECT layers_pack_id FROM functions WHERE layers_pack_id IS NOT NULL)`,
    );
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
