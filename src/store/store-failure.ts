/** Failures of the database in the words of the engine: what cannot be read or written, and where. */
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { DatabaseError } from './database.ts';

/** @throws EngineError DataDirectoryUnusable for what the database throws */
export function inStore<Result>(directory: string, verb: 'read' | 'write', work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw unusableStore(directory, `cannot ${verb} isotherm.db: ${error.message}`, error);
  }
}

/** @throws EngineError DataDirectoryUnusable for a row that is not one of ours */
export function decodedRows<Row, Decoded>(
  directory: string,
  rows: readonly Row[],
  decode: (row: Row) => Decoded,
): readonly Decoded[] {
  return rows.map((row) => {
    try {
      return decode(row);
    } catch (error) {
      throw unusableStore(directory, errorMessage(error), error);
    }
  });
}

function unusableStore(directory: string, reason: string, cause: unknown): EngineError {
  return new EngineError('DataDirectoryUnusable', `data directory ${directory}: ${reason}`, { cause });
}
