/** Bounds of one host function, where they differ from the defaults. */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';

export interface BindingOptions {
  /** From the call until the function's promise settles. Default 30,000. */
  readonly timeoutMs?: number;
  /** Bytes of one call's arguments. Default 1 MiB, at most 4 MiB. */
  readonly argumentBytesMax?: number;
  /** Bytes of one call's result. Default 4 MiB, which is the most. */
  readonly resultBytesMax?: number;
}

export const bindingOptionsDefault: Readonly<Required<BindingOptions>> = Object.freeze({
  timeoutMs: limits.bindingTimeoutMsDefault,
  argumentBytesMax: limits.bindingArgumentBytesMaxDefault,
  resultBytesMax: limits.bindingResultBytesMaxDefault,
});

const optionsMax: Readonly<Required<BindingOptions>> = Object.freeze({
  timeoutMs: limits.bindingTimeoutMsMax,
  argumentBytesMax: limits.bindingMessageBytesMax,
  resultBytesMax: limits.bindingMessageBytesMax,
});

const defined = new WeakMap<object, Readonly<Required<BindingOptions>>>();

/**
 * Gives a host function bounds of its own. What comes back is called like the function that went in, which keeps its own.
 *
 * @throws EngineError InvalidParameterValueException
 *
 * @example
 * bindings: { reports: { render: defineBinding(async (id: string) => render(id), { timeoutMs: 120_000 }) } }
 */
export function defineBinding<Fn extends (...args: never[]) => unknown>(run: Fn, options: BindingOptions): Fn {
  if (typeof run !== 'function') throw invalid('the first argument of defineBinding', 'a function', run);
  for (const name of Object.keys(options)) {
    if (!(name in bindingOptionsDefault)) {
      throw invalid(`the option ${JSON.stringify(name)} of defineBinding`, `one of ${known}`, name);
    }
  }
  const of = (name: keyof BindingOptions): number => {
    const value = options[name] ?? bindingOptionsDefault[name];
    if (Number.isSafeInteger(value) && value >= 1 && value <= optionsMax[name]) return value;
    throw invalid(`${name} of a binding`, `a whole number from 1 to ${optionsMax[name]}`, value);
  };
  // Another function object: the same one may be offered elsewhere with other bounds.
  const bounded = function (this: unknown, ...args: never[]): unknown {
    return Reflect.apply(run, this, args);
  };
  Object.defineProperty(bounded, 'name', { value: run.name, configurable: true });
  defined.set(
    bounded,
    Object.freeze({
      timeoutMs: of('timeoutMs'),
      argumentBytesMax: of('argumentBytesMax'),
      resultBytesMax: of('resultBytesMax'),
    }),
  );
  return bounded as Fn;
}

export function boundsOf(run: object): Readonly<Required<BindingOptions>> {
  return defined.get(run) ?? bindingOptionsDefault;
}

const known = Object.keys(bindingOptionsDefault).join(', ');

function invalid(what: string, rule: string, received: unknown): EngineError {
  const shown = typeof received === 'object' ? 'an object' : String(received);
  return new EngineError('InvalidParameterValueException', `${what} must be ${rule}, received ${shown}`);
}
