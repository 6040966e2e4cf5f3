import type { FunctionRecord } from '../model/function-configuration.ts';
import type { CodePack } from './prepared-code.ts';

/** What is kept of a function across restarts. The registry owns the meaning; a store only keeps it. */
export interface StoredFunction {
  readonly record: FunctionRecord;
  readonly pack: CodePack;
}

/** Port to durable storage. `store/` implements it on SQLite; without a data directory an in-memory one serves. Synchronous, like SQLite. */
export interface FunctionStore {
  load(): readonly StoredFunction[];
  save(stored: StoredFunction): void;
  remove(functionName: string): void;
  close(): void;
}
