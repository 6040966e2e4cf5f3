/** How many connections there are at once: of each function, and of all. */
import { limits } from '../model/limits.ts';

export interface FunctionTally {
  /** The limit that is reached, if one is. */
  fullness(): string | undefined;
  enter(): void;
  leave(): void;
}

export class ConnectionTally {
  #all = 0;
  readonly #byFunction = new Map<string, number>();

  of(functionName: string): FunctionTally {
    const count = () => this.#byFunction.get(functionName) ?? 0;
    return {
      fullness: () => {
        if (count() >= limits.networkConnectionsPerFunctionMax) {
          return `this function has ${limits.networkConnectionsPerFunctionMax} connections open in all its environments (networkConnectionsPerFunctionMax)`;
        }
        return this.#all >= limits.networkConnectionsMax
          ? `the host has ${limits.networkConnectionsMax} connections open for functions (networkConnectionsMax)`
          : undefined;
      },
      enter: () => {
        this.#all += 1;
        this.#byFunction.set(functionName, count() + 1);
      },
      leave: () => {
        this.#all -= 1;
        if (count() === 1) this.#byFunction.delete(functionName);
        else this.#byFunction.set(functionName, count() - 1);
      },
    };
  }
}
