/**
 * How many invocations led to one, each made by a binding that the one before had called, or by its destination (LAMBDA.md C4.14). A chain
 * that goes on is ended, as functions that call each other without end take the whole engine. A client over HTTP is not counted: its trace
 * header is its own.
 */
import { callingContext } from '../bindings/binding-context.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';

export class Lineage {
  readonly #mayRecur: (functionName: string) => boolean;
  /** By request: of those that are not the first. */
  readonly #hops = new Map<string, number>();

  constructor(mayRecur: (functionName: string) => boolean) {
    this.#mayRecur = mayRecur;
  }

  /** Of an invocation that is being made. @throws EngineError RecursiveInvocationException */
  next(functionName: string): number {
    const caller = callingContext();
    if (caller === undefined) return 0;
    const value = limits.asyncHopsMax;
    if (caller.hops < value || this.#mayRecur(functionName)) return caller.hops + 1;
    throw new EngineError(
      'RecursiveInvocationException',
      `Function ${functionName} was not invoked: functions invoked each other ${value} times in a row`,
      { limit: { name: 'asyncHopsMax', value, asked: caller.hops + 1 } },
    );
  }

  begin(requestId: string, hops: number): void {
    if (hops > 0) this.#hops.set(requestId, hops);
  }

  end(requestId: string): void {
    if (this.#hops.size > 0) this.#hops.delete(requestId);
  }

  /** Of one that runs; 0 where none does. */
  of(requestId: string | undefined): number {
    return requestId === undefined ? 0 : (this.#hops.get(requestId) ?? 0);
  }
}
