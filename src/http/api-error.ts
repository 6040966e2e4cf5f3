/**
 * An error as AWS's API puts it on the wire: status, `x-amzn-ErrorType`, body with the spelling of its class (LAMBDA.md C1.6
 * to C1.9). Codes of the engine come from `errorCatalogue`; those that only the wire protocol knows are here.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { EngineError, errorCatalogue } from '../model/errors.ts';
import { SignatureError } from './signature/signature-error.ts';

/** Mistakes in how a request is written, before it is a Lambda request at all. The library cannot meet them. */
const protocolErrors = {
  SerializationException: 400,
  UnknownOperationException: 404,
  MethodNotAllowedException: 405,
  RequestTimeoutException: 408,
  UnsupportedOperationException: 400,
  UnsupportedMediaTypeException: 415,
  RequestHeaderSectionTooLargeException: 431,
  ServiceUnavailableException: 503,
} as const;

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: keyof typeof protocolErrors;

  constructor(code: keyof typeof protocolErrors, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ErrorAnswer {
  readonly status: number;
  readonly errorType: string;
  readonly body: string;
  /** Seconds; for throttles. */
  readonly retryAfter?: number;
  /** Neither a client's mistake nor a failure we know: somebody must look. */
  readonly isUnexpected: boolean;
}

export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof EngineError) return engineErrorAnswer(error);
  if (error instanceof SignatureError) {
    const body = JSON.stringify({ message: error.message });
    return { status: error.statusCode, errorType: error.code, body, isUnexpected: false };
  }
  if (error instanceof ProtocolError) {
    const body = { Type: 'User', Message: error.message };
    return {
      status: protocolErrors[error.code],
      errorType: error.code,
      body: JSON.stringify(body),
      isUnexpected: false,
    };
  }
  // No detail of our own bug goes to a client; the request id leads to the line that has it.
  const body = { Type: 'Service', Message: 'An internal error occurred.' };
  return { status: 500, errorType: 'ServiceException', body: JSON.stringify(body), isUnexpected: true };
}

export function errorHeaders(answer: ErrorAnswer, requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-amzn-RequestId': requestId,
    'x-amzn-ErrorType': answer.errorType,
  };
  if (answer.retryAfter !== undefined) headers['retry-after'] = String(answer.retryAfter);
  return headers;
}

/** Below fastify. Returns what was answered and under which id. */
export function sendError(
  response: ServerResponse,
  error: unknown,
): { readonly answer: ErrorAnswer; readonly requestId: string } {
  const requestId = randomUUID();
  const answer = errorAnswer(error);
  const contentLength = String(Buffer.byteLength(answer.body));
  response.writeHead(answer.status, { ...errorHeaders(answer, requestId), 'content-length': contentLength });
  // A body that was refused is still coming in; node reads and forgets it, so that the client gets to see the answer.
  response.end(answer.body);
  return { answer, requestId };
}

/** Where there is no response, only a socket. */
export function errorText(error: unknown): string {
  const { status, errorType, body } = errorAnswer(error);
  return (
    `HTTP/1.1 ${status} ${errorType}\r\ncontent-type: application/json\r\nx-amzn-RequestId: ${randomUUID()}\r\n` +
    `x-amzn-ErrorType: ${errorType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
  );
}

function engineErrorAnswer(error: EngineError): ErrorAnswer {
  const { status, bodyKey } = errorCatalogue[error.code];
  const { retryAfterMs } = error;
  const retry = retryAfterMs === undefined ? {} : { retryAfter: Math.ceil(retryAfterMs / 1_000) };
  const answer = { status, errorType: error.code, isUnexpected: false, ...retry };
  switch (error.code) {
    case 'ValidationException':
      return { ...answer, body: JSON.stringify({ message: error.message }) };
    case 'TooManyRequestsException': {
      const body = { Reason: error.throttleReason, Type: 'User', message: error.message };
      return { ...answer, body: JSON.stringify(body), retryAfter: 1 };
    }
    default: {
      const isService = status >= 500 && error.code !== 'NotImplementedException';
      return { ...answer, body: JSON.stringify({ Type: isService ? 'Service' : 'User', [bodyKey]: error.message }) };
    }
  }
}
