/**
 * Gathers what is written in one turn of the event loop into one transaction, and lets everybody wait for the disk together. While the
 * disk works the next group gathers, so the more there is to do the larger groups are.
 */
import type { Database } from './database.ts';

interface Member {
  readonly work: (database: Database) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #database: Database;
  #members: Member[] = [];
  #writing: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * `work` is run soon, in the order of the calls; the promise resolves when what it wrote outlives a power cut. It must not throw for a
   * reason of its own. @throws DatabaseError
   */
  run(work: (database: Database) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#members.push({ work, resolve, reject });
    this.#writing ??= this.#write();
    return promise;
  }

  /** Resolves when nothing is to be written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#members.length > 0) {
      // What else this turn brings belongs to the same group.
      await new Promise((resolve) => setImmediate(resolve));
      const members = this.#members;
      this.#members = [];
      try {
        this.#database.transaction(() => {
          for (const { work } of members) work(this.#database);
        });
        await this.#database.synced();
        for (const { resolve } of members) resolve();
      } catch (error) {
        // All or none: a full disk is everybody's.
        for (const { reject } of members) reject(error);
      }
    }
    this.#writing = undefined;
  }
}
