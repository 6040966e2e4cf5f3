/** The errors of Node's native code, made anew in the guest. */
import { recordFrom } from './message.ts';

const { Error, ObjectDefineProperty, RangeError, TypeError } = primordials;

export function limitError(what: string, asked: number, name: string, max: number): Error {
  const text = `${what}: ${asked} is more than isotherm allows, which is ${max} (${name})`;
  return withCode(new RangeError(text), 'ERR_CRYPTO_LIMIT_EXCEEDED');
}

export function withCode<E extends Error>(error: E, code: string): E {
  setOwn(error, 'code', code);
  return error;
}

/** What the service said, as an error. */
export interface ServiceError {
  readonly error: Error;
  /** A key or stream that the service has forgotten. */
  readonly isGone: boolean;
}

export function errorFrom(json: string): ServiceError {
  const failure = recordFrom(json);
  const message = typeof failure.message === 'string' ? failure.message : '';
  const error =
    failure.type === 'TypeError'
      ? new TypeError(message)
      : failure.type === 'RangeError'
        ? new RangeError(message)
        : new Error(message);
  for (let at = 0; at < members.length; at++) {
    const name = members[at] ?? '';
    if (failure[name] !== undefined) setOwn(error, name, failure[name]);
  }
  return { error, isGone: failure.isGone === true };
}

/** In the order in which Node shows them. */
const members = ['opensslErrorStack', 'library', 'function', 'reason', 'code'];

function setOwn(error: Error, name: string, value: unknown): void {
  ObjectDefineProperty(error, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
