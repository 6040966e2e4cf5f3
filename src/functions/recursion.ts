/** Whether a function may call itself through others without end: a setting, kept and answered (LAMBDA.md C4.14). */
import type { FunctionFacts } from '../model/function-facts.ts';
import { Constraints } from '../model/validation.ts';
import type { FunctionTable } from './function-table.ts';
import type { FunctionRecursion, RecursiveLoop } from './registry.ts';

export class Recursion implements FunctionRecursion {
  readonly #table: FunctionTable;

  constructor(table: FunctionTable) {
    this.#table = table;
  }

  async put(functionName: string, recursiveLoop: string): Promise<RecursiveLoop> {
    const constraints = new Constraints();
    const isKnown = constraints.oneOf(recursiveLoop, 'recursiveLoop', ['Allow', 'Terminate']);
    if (!isKnown) throw constraints.error();
    this.#table.assertOpen();
    const found = this.#table.named(functionName);
    const { recursiveLoop: _, ...facts }: FunctionFacts = found.facts;
    this.#table.recordFacts(found, recursiveLoop === 'Allow' ? { ...facts, recursiveLoop } : facts);
    return recursiveLoop;
  }

  get(functionName: string): RecursiveLoop {
    return this.#table.named(functionName).facts.recursiveLoop ?? 'Terminate';
  }
}
