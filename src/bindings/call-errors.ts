/** What a guest is told when it is us who end a call: a name, a text that says which limit or value, and a stable code. */
import { type BindingErrorCode, bindingErrorCodes } from '../bridge/bindings.ts';
import { limits } from '../model/limits.ts';
import { ValueError } from './values.ts';

/** An environment has too much open. */
class LimitError extends Error {}

export function tooManyStreams(): Error {
  return new LimitError(`an environment has at most ${limits.bindingStreamsMax} streams open at once`);
}

export function tooManySignals(): Error {
  return new LimitError(`an environment has at most ${limits.bindingSignalsMax} signals of results at once`);
}

export function timedOut(binding: string, timeoutMs: number): Error {
  const text = `${binding} did not answer within ${timeoutMs} ms (timeoutMs of the binding)`;
  return named('TimeoutError', text, bindingErrorCodes.timeout);
}

export function refusedArguments(error: unknown, binding: string): Error {
  return refused(error, binding, bindingErrorCodes.argument, bindingErrorCodes.argumentsTooLarge);
}

export function refusedResult(error: unknown, binding: string): Error {
  return refused(error, binding, bindingErrorCodes.result, bindingErrorCodes.resultTooLarge);
}

/** Never with a stack, nor with the text of an error that is not ours. */
function refused(error: unknown, binding: string, code: BindingErrorCode, tooLarge: BindingErrorCode): Error {
  if (error instanceof LimitError) return named('RangeError', `${binding}: ${error.message}`, bindingErrorCodes.limit);
  if (error instanceof ValueError && error.refusal === 'size') {
    return named('RangeError', `${binding}: ${error.message}`, tooLarge);
  }
  const isTold = error instanceof ValueError || error instanceof SyntaxError;
  return named('TypeError', `${binding}: ${isTold ? error.message : 'it could not be read'}`, code);
}

function named(name: string, message: string, code: BindingErrorCode): Error {
  return Object.assign(Object.defineProperty(new Error(message), 'name', { value: name }), { code });
}
