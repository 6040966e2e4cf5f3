/** BucketStore on SQLite. */
import type { BucketStore, ObjectUpdate, StoredBucket } from '../queue/buckets/bucket-store.ts';
import type { Database } from './database.ts';
import { inStore } from './store-failure.ts';

export class SqliteBucketStore implements BucketStore {
  readonly #database: Database;
  readonly #directory: string;

  constructor(database: Database, directory: string) {
    this.#database = database;
    this.#directory = directory;
  }

  /** @throws EngineError DataDirectoryUnusable, as all of them */
  load(bucketName: string): StoredBucket | undefined {
    return inStore(this.#directory, 'read', () => {
      const [row] = this.#database.all('SELECT directory, sequencer FROM buckets WHERE name = ?', bucketName);
      if (row === undefined) return undefined;
      const objects = this.#database.all('SELECT key, fingerprint FROM bucket_objects WHERE bucket = ?', bucketName);
      return {
        directory: String(row.directory),
        sequencer: Number(row.sequencer),
        objects: new Map(objects.map(({ key, fingerprint }) => [String(key), String(fingerprint)])),
      };
    });
  }

  begin(bucketName: string, { directory, sequencer, objects }: StoredBucket): void {
    this.#write(() => {
      // Its objects go with it.
      this.#database.run('DELETE FROM buckets WHERE name = ?', bucketName);
      const add = 'INSERT INTO buckets (name, directory, sequencer) VALUES (?, ?, ?)';
      this.#database.run(add, bucketName, directory, sequencer);
      for (const [key, fingerprint] of objects) this.#put(bucketName, key, fingerprint);
    });
  }

  update(bucketName: string, sequencer: number, updates: readonly ObjectUpdate[]): void {
    this.#write(() => {
      this.#database.run('UPDATE buckets SET sequencer = ? WHERE name = ?', sequencer, bucketName);
      for (const { key, fingerprint } of updates) {
        if (fingerprint !== undefined) this.#put(bucketName, key, fingerprint);
        else this.#database.run('DELETE FROM bucket_objects WHERE bucket = ? AND key = ?', bucketName, key);
      }
    });
  }

  #put(bucketName: string, key: string, fingerprint: string): void {
    this.#database.run(
      `INSERT INTO bucket_objects (bucket, key, fingerprint) VALUES (?, ?, ?)
       ON CONFLICT (bucket, key) DO UPDATE SET fingerprint = excluded.fingerprint`,
      bucketName,
      key,
      fingerprint,
    );
  }

  #write(work: () => void): void {
    inStore(this.#directory, 'write', () => this.#database.transaction(work));
  }
}
