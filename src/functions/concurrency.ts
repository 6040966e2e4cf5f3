/** Reserved concurrency as a setting: checked and kept (LAMBDA.md C7.1, C7.2). Who holds invocations to it is the scheduler. */
import { EngineError } from '../model/errors.ts';
import type { FunctionFacts } from '../model/function-facts.ts';
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
    const provisioned = provisionedTotal(facts);
    if (reserved < provisioned) {
      // The blanks are Lambda's.
      throw new EngineError(
        'InvalidParameterValueException',
        ` ReservedConcurrentExecutions  ${reserved} should not be lower than function's total provisioned concurrency [${provisioned}].`,
      );
    }
    const asideBefore = found.facts.reservedConcurrency === undefined ? provisioned : before;
    const unreserved = this.unreserved() + asideBefore - reserved;
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

  /** What functions without a reserve share, beyond what is provisioned for some of them. */
  unreserved(): number {
    let unreserved = this.total;
    for (const { facts } of this.#table.all()) unreserved -= facts.reservedConcurrency ?? provisionedTotal(facts);
    return unreserved;
  }
}

/** Of all versions and aliases of a function. */
export function provisionedTotal({ provisioned = {} }: Pick<FunctionFacts, 'provisioned'>): number {
  return Object.values(provisioned).reduce((sum, { requested }) => sum + requested, 0);
}

/** Lambda keeps 100 of its 1,000 for functions without a reserve. Of a smaller engine it is the same share. */
export function leastUnreserved(total: number): number {
  return Math.min(limits.unreservedConcurrencyMin, Math.floor(total / 10));
}
