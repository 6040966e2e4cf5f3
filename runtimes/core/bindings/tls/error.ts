/** Errors that the sandbox's OpenSSL and Node made, as errors of the guest. */
import { type BridgeReply, failureMarker } from '../../../../src/bridge/services.ts';
import type { TlsError } from '../../../../src/bridge/tls.ts';

const { ArrayIsArray, Error, JSONParse, ObjectDefineProperty, RangeError, TypeError } = primordials;

export function tlsErrorOf(json: string): Error {
  return errorFrom(JSONParse(json) as TlsError);
}

/** With its fields in Node's order. */
export function errorFrom(data: TlsError): Error {
  const Class = data.name === 'TypeError' ? TypeError : data.name === 'RangeError' ? RangeError : Error;
  const error = new Class(data.message);
  if (data.opensslErrorStack !== undefined) set(error, 'opensslErrorStack', data.opensslErrorStack);
  if (data.library !== undefined) set(error, 'library', data.library);
  if (data.function !== undefined) set(error, 'function', data.function);
  if (data.reason !== undefined) set(error, 'reason', data.reason);
  if (data.code !== undefined) set(error, 'code', data.code);
  return error;
}

function set(error: Error, name: string, value: unknown): void {
  ObjectDefineProperty(error, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

/** What was answered. @throws the failure */
export function answered(reply: BridgeReply): BridgeReply {
  if (ArrayIsArray(reply) && reply[0] === failureMarker) throw tlsErrorOf(`${reply[1]}`);
  return reply;
}
