/** FunctionStore on SQLite: every call is one transaction, so a kill between any two steps leaves whole functions only. */
import type { FunctionStore, StoredFunction, StoredVersion } from '../functions/function-store.ts';
import type { CodePack } from '../functions/prepared-code.ts';
import type { FunctionAlias } from '../model/function-alias.ts';
import type { LayerVersion } from '../model/layer-version.ts';
import type { Database, Row, SQLInputValue } from './database.ts';
import { decodedRows, inStore } from './store-failure.ts';
import { decodeAlias, decodeFunction, decodeLayer, decodeVersion, storedPath } from './stored-row.ts';

/** Of a function or a version: its pack, and that of its layers. */
const packColumns = `packs.code_sha256, packs.code_bytes, packs.path, packs.files,
  layers.code_sha256 AS layers_sha256, layers.code_bytes AS layers_bytes, layers.path AS layers_path, layers.files AS layers_files`;
const packJoins = 'JOIN packs USING (pack_id) LEFT JOIN packs AS layers ON layers.pack_id = layers_pack_id';

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
    return this.#decoded(
      this.#read(`SELECT name, record, facts, ${packColumns} FROM functions ${packJoins} ORDER BY name`),
      (row) => decodeFunction(row, this.#options.codeDirectory),
    );
  }

  /** Durable when it returns. @throws EngineError DataDirectoryUnusable */
  save({ record, pack, facts }: StoredFunction, version?: StoredVersion): void {
    const { functionName } = record.configuration;
    this.#write((database) => {
      const before = this.#packsOf('functions WHERE name = ?', functionName);
      database.run(
        `INSERT INTO functions (name, record, facts, pack_id, layers_pack_id) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET record = excluded.record, facts = excluded.facts,
           pack_id = excluded.pack_id, layers_pack_id = excluded.layers_pack_id`,
        functionName,
        JSON.stringify(record),
        JSON.stringify(facts),
        ...this.#keepPacks(pack),
      );
      if (version !== undefined) this.#keepVersion(version);
      this.#forgetUnused(before);
    });
  }

  /** Harmless for a name that is not kept. @throws EngineError DataDirectoryUnusable */
  remove(functionName: string): void {
    this.#write((database) => {
      const before = [
        ...this.#packsOf('functions WHERE name = ?', functionName),
        ...this.#packsOf('versions WHERE name = ?', functionName),
      ];
      // Versions and aliases go with it.
      database.run('DELETE FROM functions WHERE name = ?', functionName);
      this.#forgetUnused(before);
    });
  }

  /** @throws EngineError DataDirectoryUnusable */
  versions(): ReadonlyMap<string, readonly string[]> {
    const versions = new Map<string, string[]>();
    for (const { name, version } of this.#read('SELECT name, version FROM versions ORDER BY name, version')) {
      const known = versions.get(String(name));
      if (known === undefined) versions.set(String(name), [String(version)]);
      else known.push(String(version));
    }
    return versions;
  }

  /** @throws EngineError DataDirectoryUnusable */
  loadVersion(functionName: string, version: string): StoredVersion | undefined {
    const rows = this.#read(
      `SELECT name, version, published_from, record, ${packColumns} FROM versions ${packJoins} WHERE name = ? AND version = ?`,
      functionName,
      Number(version),
    );
    return this.#decoded(rows, (row) => decodeVersion(row, this.#options.codeDirectory))[0];
  }

  /** Durable when it returns. @throws EngineError DataDirectoryUnusable */
  saveVersion(version: StoredVersion): void {
    this.#write(() => this.#keepVersion(version));
  }

  /** @throws EngineError DataDirectoryUnusable */
  removeVersion(functionName: string, version: string): void {
    this.#write((database) => {
      const before = this.#packsOf('versions WHERE name = ? AND version = ?', functionName, Number(version));
      database.run('DELETE FROM versions WHERE name = ? AND version = ?', functionName, Number(version));
      this.#forgetUnused(before);
    });
  }

  /** @throws EngineError DataDirectoryUnusable */
  aliases(): readonly FunctionAlias[] {
    return this.#decoded(this.#read('SELECT name, alias, record FROM aliases ORDER BY name, alias'), decodeAlias);
  }

  /** Durable when it returns. @throws EngineError DataDirectoryUnusable */
  saveAlias(alias: FunctionAlias): void {
    this.#write((database) =>
      database.run(
        `INSERT INTO aliases (name, alias, record) VALUES (?, ?, ?)
         ON CONFLICT (name, alias) DO UPDATE SET record = excluded.record`,
        alias.functionName,
        alias.name,
        JSON.stringify(alias),
      ),
    );
  }

  /** @throws EngineError DataDirectoryUnusable */
  removeAlias(functionName: string, name: string): void {
    this.#write((database) => database.run('DELETE FROM aliases WHERE name = ? AND alias = ?', functionName, name));
  }

  /** @throws EngineError DataDirectoryUnusable */
  layers(): ReturnType<FunctionStore['layers']> {
    const rows = this.#read('SELECT layer, version, record FROM layers ORDER BY layer, version');
    const numbers = this.#read('SELECT layer, last_version FROM layer_numbers');
    return {
      layers: this.#decoded(rows, decodeLayer),
      lastVersions: new Map(numbers.map(({ layer, last_version }) => [String(layer), Number(last_version)])),
    };
  }

  /** Durable when it returns. @throws EngineError DataDirectoryUnusable */
  saveLayer(layer: LayerVersion): void {
    const { layerName, version, codeSha256, codeBytes } = layer;
    this.#write((database) => {
      database.run(
        `INSERT INTO layer_numbers (layer, last_version) VALUES (?, ?)
         ON CONFLICT (layer) DO UPDATE SET last_version = excluded.last_version`,
        layerName,
        version,
      );
      database.run(
        'INSERT INTO layers (layer, version, code_sha256, code_bytes, record) VALUES (?, ?, ?, ?, ?)',
        layerName,
        version,
        codeSha256,
        codeBytes,
        JSON.stringify(layer),
      );
    });
  }

  /** Durable when it returns. @throws EngineError DataDirectoryUnusable */
  updateLayer(layer: LayerVersion): void {
    const { layerName, version } = layer;
    this.#write((database) => {
      const sql = 'UPDATE layers SET record = ? WHERE layer = ? AND version = ?';
      database.run(sql, JSON.stringify(layer), layerName, version);
    });
  }

  /** @throws EngineError DataDirectoryUnusable */
  removeLayer(layerName: string, version: number): void {
    this.#write((database) => database.run('DELETE FROM layers WHERE layer = ? AND version = ?', layerName, version));
  }

  /** @throws EngineError DataDirectoryUnusable */
  codeInUse(): ReadonlySet<string> {
    // A pack that nobody needs has no row.
    const rows = this.#read('SELECT code_sha256 FROM packs UNION SELECT code_sha256 FROM layers');
    return new Set(rows.map((row) => String(row.code_sha256)));
  }

  /** @throws EngineError DataDirectoryUnusable */
  codeBytes(): number {
    const [row] = this.#read(
      `SELECT coalesce(sum(code_bytes), 0) AS bytes FROM (
         SELECT code_bytes FROM (SELECT pack_id FROM functions UNION ALL SELECT pack_id FROM versions) JOIN packs USING (pack_id)
         UNION ALL SELECT code_bytes FROM layers)`,
    );
    return Number(row?.bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose();
  }

  #keepVersion({ record, pack, publishedFrom }: StoredVersion): void {
    this.#options.database.run(
      `INSERT INTO versions (name, version, published_from, record, pack_id, layers_pack_id) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (name, version) DO UPDATE SET record = excluded.record`,
      record.configuration.functionName,
      Number(record.version),
      publishedFrom,
      JSON.stringify(record),
      ...this.#keepPacks(pack),
    );
  }

  /** Ids of the pack and of its layers. */
  #keepPacks(pack: CodePack): [number, number | null] {
    return [this.#keepPack(pack), pack.layers === undefined ? null : this.#keepPack(pack.layers)];
  }

  /** Returns its id. */
  #keepPack({ codeSha256, codeBytes, packPath, files }: CodePack): number {
    const { database, codeDirectory } = this.#options;
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

  #packsOf(where: string, ...values: readonly SQLInputValue[]): readonly number[] {
    const rows = this.#options.database.all(`SELECT pack_id, layers_pack_id FROM ${where}`, ...values);
    return rows
      .flatMap(({ pack_id, layers_pack_id }) => [pack_id, layers_pack_id])
      .flatMap((id) => (id === null ? [] : Number(id)));
  }

  /** Of packs that somebody has just left: each is one look into four indexes, however many packs there are. */
  #forgetUnused(packIds: readonly number[]): void {
    for (const packId of new Set(packIds)) {
      this.#options.database.run(
        `DELETE FROM packs WHERE pack_id = ?
         AND NOT EXISTS (SELECT 1 FROM functions WHERE functions.pack_id = packs.pack_id)
         AND NOT EXISTS (SELECT 1 FROM functions WHERE functions.layers_pack_id = packs.pack_id)
         AND NOT EXISTS (SELECT 1 FROM versions WHERE versions.pack_id = packs.pack_id)
         AND NOT EXISTS (SELECT 1 FROM versions WHERE versions.layers_pack_id = packs.pack_id)`,
        packId,
      );
    }
  }

  #read(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return inStore(this.#options.directory, 'read', () => this.#options.database.all(sql, ...values));
  }

  #write(work: (database: Database) => void): void {
    const { database, directory } = this.#options;
    inStore(directory, 'write', () => database.transaction(() => work(database)));
  }

  #decoded<Decoded>(rows: readonly Row[], decode: (row: Row) => Decoded): readonly Decoded[] {
    return decodedRows(this.#options.directory, rows, decode);
  }
}
