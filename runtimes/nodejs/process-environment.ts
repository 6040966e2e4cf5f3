/**
 * `process.env` with Lambda's variables in it, filled when it is first looked at: thirty variables cost a cold start more than
 * most functions ever read of them (0.15 ms).
 */
import type { GuestSettings } from '../../src/bridge/contract.ts';
import type { Core } from '../core/core-api.ts';
import { environmentVariables } from './environment.ts';
import { defineProperty, deleteProperty, forEach, keysOf, setProperty } from './primordials.ts';

const traceVariable = '_X_AMZN_TRACE_ID';

export class ProcessEnvironment {
  readonly #process: Core['process'];
  readonly #settings: GuestSettings;
  /** What the variables are put into: the core's object, whose values are always strings. */
  readonly #variables: Record<string, string | undefined>;
  #isFilled = false;
  #traceId: string | undefined;

  constructor({ process }: Core, settings: GuestSettings) {
    this.#process = process;
    this.#settings = settings;
    this.#variables = process.env;
    defineProperty(process, 'env', {
      configurable: true,
      enumerable: true,
      get: () => this.#fill(),
      set: (value: unknown) => this.#become(value),
    });
  }

  /** Sets or deletes the invocation's trace id (LAMBDA.md A5.6). */
  forwardTrace(traceId: string | undefined): void {
    this.#traceId = traceId;
    if (!this.#isFilled) return;
    const { env } = this.#process;
    if (typeof env !== 'object' || env === null) return;
    if (traceId === undefined) deleteProperty(env, traceVariable);
    else setProperty(env, traceVariable, traceId);
  }

  #fill(): object {
    const values = environmentVariables(this.#settings);
    forEach(keysOf(values), (name) => setProperty(this.#variables, name, values[name]));
    if (this.#traceId !== undefined) setProperty(this.#variables, traceVariable, this.#traceId);
    this.#become(this.#variables);
    return this.#variables;
  }

  #become(value: unknown): void {
    this.#isFilled = true;
    defineProperty(this.#process, 'env', { configurable: true, enumerable: true, writable: true, value });
  }
}
