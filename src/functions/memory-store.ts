import type { FunctionStore, StoredFunction } from './function-store.ts';

/** A FunctionStore for engines without a data directory: what it keeps ends with the process. */
export class MemoryStore implements FunctionStore {
  readonly #functions = new Map<string, StoredFunction>();

  load(): readonly StoredFunction[] {
    return [...this.#functions.values()];
  }

  save(stored: StoredFunction): void {
    this.#functions.set(stored.record.configuration.functionName, stored);
  }

  remove(functionName: string): void {
    this.#functions.delete(functionName);
  }

  close(): void {
    this.#functions.clear();
  }
}
