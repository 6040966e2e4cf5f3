/** `streams.db` as its two stores use it: reads at once, writes in groups, and failures in the words of the engine. */
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { type Database, DatabaseError, type Row, type SQLInputValue } from './database.ts';
import { GroupCommit } from './group-commit.ts';

export class StreamsFile {
  readonly #database: Database;
  readonly #commits: GroupCommit;
  /** What messages call it. */
  readonly #place: string;

  constructor(database: Database, place: string) {
    this.#database = database;
    this.#commits = new GroupCommit(database);
    this.#place = place;
  }

  /** What was committed until now. @throws EngineError DataDirectoryUnusable, as all of them */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    try {
      return this.#database.all(sql, ...values);
    } catch (error) {
      throw this.#translated('read', error);
    }
  }

  /** Resolves when it outlives a power cut. What is written in one turn is one transaction. */
  async write(work: (database: Database) => void): Promise<void> {
    const written = this.#commits.run(work);
    try {
      await written;
    } catch (error) {
      throw this.#translated('write', error);
    }
  }

  decoded<Decoded>(rows: readonly Row[], decode: (row: Row) => Decoded): readonly Decoded[] {
    return rows.map((row) => {
      try {
        return decode(row);
      } catch (error) {
        throw this.#unusable(errorMessage(error), error);
      }
    });
  }

  /** After everything that was asked for is written. */
  async close(): Promise<void> {
    await this.#commits.settled();
    this.#database.close();
  }

  #translated(verb: 'read' | 'write', error: unknown): unknown {
    // Anything else is a bug of ours and passes.
    if (!(error instanceof DatabaseError)) return error;
    return this.#unusable(`cannot ${verb} streams.db: ${error.message}`, error);
  }

  #unusable(reason: string, cause: unknown): EngineError {
    return new EngineError('DataDirectoryUnusable', `${this.#place}: ${reason}`, { cause });
  }
}
