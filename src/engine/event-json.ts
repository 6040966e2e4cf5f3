/**
 * The event that a client sends: its size and whether it is JSON (LAMBDA.md C4.5, C4.7, C4.9). It parses the client's bytes,
 * never a guest's, and keeps nothing of what it parsed: the text passes through as it came (C4.6).
 */
import { isUtf8 } from 'node:buffer';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type { InvocationType } from '../model/invocation.ts';
import { limits } from '../model/limits.ts';

const emptyEvent: Uint8Array = Buffer.from('{}');

/** The event's bytes, checked. `bytesMax`: what the function takes. @throws EngineError InvalidRequestContentException, RequestEntityTooLargeException */
export function eventBytes(
  payload: string | Uint8Array | undefined,
  invocationType: InvocationType,
  bytesMax: number = limits.requestPayloadBytesMax,
): Uint8Array {
  if (payload === undefined || payload.length === 0) return emptyEvent;
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
  assertSize(bytes.byteLength, invocationType, bytesMax);
  const text = typeof payload === 'string' ? payload : decode(payload);
  try {
    JSON.parse(text);
  } catch (error) {
    // JSON.parse throws a SyntaxError and nothing else; its message is the parser text that Lambda shows.
    throw unparsable(errorMessage(error), error);
  }
  return bytes;
}

/** The event's bytes for a text that was made by JSON.stringify a moment ago: only its size can be wrong. */
export function stringifiedEventBytes(text: string, bytesMax: number): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  assertSize(bytes.byteLength, 'RequestResponse', bytesMax);
  return bytes;
}

function decode(payload: Uint8Array): string {
  if (!isUtf8(payload)) throw unparsable('Invalid UTF-8');
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

function unparsable(parserText: string, cause?: unknown): EngineError {
  const message = `Could not parse request body into json: Could not parse payload into json: ${parserText}`;
  return new EngineError('InvalidRequestContentException', message, { cause });
}

function assertSize(payloadBytes: number, invocationType: InvocationType, bytesMax: number): void {
  const { requestPayloadBytesMax, asyncPayloadBytesMax } = limits;
  if (invocationType === 'Event' && payloadBytes > Math.min(asyncPayloadBytesMax, bytesMax)) {
    const value = Math.min(asyncPayloadBytesMax, bytesMax);
    const message = `${payloadBytes} byte payload is too large for the Event invocation type (limit ${value} bytes)`;
    const name = value === asyncPayloadBytesMax ? 'asyncPayloadBytesMax' : 'eventBytes';
    throw tooLarge(message, { name, value, asked: payloadBytes });
  }
  if (payloadBytes <= bytesMax) return;
  const message = `Request must be smaller than ${bytesMax} bytes for the InvokeFunction operation`;
  const name = bytesMax === requestPayloadBytesMax ? 'requestPayloadBytesMax' : 'eventBytes';
  throw tooLarge(message, { name, value: bytesMax, asked: payloadBytes });
}

function tooLarge(message: string, limit: { name: string; value: number; asked: number }): EngineError {
  return new EngineError('RequestEntityTooLargeException', message, { limit: { ...limit, reason: 'event-bytes' } });
}
