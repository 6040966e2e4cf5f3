/** Reserved concurrency as a setting: checked and kept (LAMBDA.md C7.1, C7.2). Who holds invocations to it is the scheduler. */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { Constraints } from '../model/validation.ts';
import type { FunctionTable } from './function-table.ts';
import type { FunctionConcurrency } from './registry.ts';

export class Concurrency implements FunctionConcurrency {
  readonly #table: FunctionTable;
  /** Of the whole engine. */
  readonly total: number;

  constructor(table: FunctionTable, total: number) {
    this.#table = table;
    this.total = total;
  }

  async put(functionName: string, reserved: number): Promise<void> {
    const constraints = new Constraints();
    constraints.integer(reserved, 'reservedConcurrentExecutions', { min: 0, max: Number.MAX_SAFE_INTEGER });
    constraints.throwIfViolated();
    this.#table.assertOpen();
    const found = this.#table.named(functionName);
    const { reservedConcurrency: before = 0, ...facts } = found.facts;
    const unreserved = this.unreserved() + before - reserved;
    const least = leastUnreserved(this.total);
    if (unreserved < least && reserved > 0) {
      throw new EngineError(
        'InvalidParameterValueException',
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
          `below its minimum value of [${least}].`,
        { limit: { name: 'unreservedConcurrencyMin', value: least, asked: reserved } },
      );
    }
    this.#table.recordFacts(found, { ...facts, reservedConcurrency: reserved });
  }

  get(functionName: string): number | undefined {
    return this.#table.named(functionName).facts.reservedConcurrency;
  }

  async delete(functionName: string): Promise<void> {
    this.#table.assertOpen();
    const found = this.#table.named(functionName);
    const { reservedConcurrency: before, ...facts } = found.facts;
    if (before !== undefined) this.#table.recordFacts(found, facts);
  }

  all(): ReadonlyMap<string, number> {
    const reserved = new Map<string, number>();
    for (const { functionName, facts } of this.#table.all()) {
      if (facts.reservedConcurrency !== undefined) reserved.set(functionName, facts.reservedConcurrency);
    }
    return reserved;
  }

  /** What functions without a reserve share. */
  unreserved(): number {
    let unreserved = this.total;
    for (const reserved of this.all().values()) unreserved -= reserved;
    return unreserved;
  }
}

/** Lambda keeps 100 of its 1,000 for functions without a reserve. Of a smaller engine it is the same share. */
function leastUnreserved(total: number): number {
  return Math.min(limits.unreservedConcurrencyMin, Math.floor(total / 10));
}
