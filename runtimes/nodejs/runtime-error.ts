/**
 * An error that the runtime itself reports, with a type of Lambda's (`Runtime.HandlerNotFound`). It has no frames of ours:
 * they would only hide the user's.
 */
import { BuiltinError, defineProperty } from './primordials.ts';

export class RuntimeError extends BuiltinError {
  /** `stack`: frames to show below the first line, for example those of the user's error that led to this one. */
  constructor(type: string, message: string, stack?: string) {
    super(message);
    defineProperty(this, 'name', { value: type, configurable: true, writable: true });
    defineProperty(this, 'stack', { value: stack ?? `${type}: ${message}`, configurable: true, writable: true });
  }
}
