/**
 * An error as AWS's API puts it on the wire: status, `x-amzn-ErrorType`, body with the spelling of its class (LAMBDA.md C1.6
 * to C1.9). Codes of the engine come from `errorCatalogue`; those that only the wire protocol knows are here.
 */
import { EngineError, errorCatalogue } from '../model/errors.ts';
import { SignatureError } from './signature/signature-error.ts';

/** Mistakes in how a request is written, before it is a Lambda request at all. The library cannot meet them. */
const protocolErrors = {
  SerializationException: 400,
  UnknownOperationException: 404,
  MethodNotAllowedException: 405,
  RequestTimeoutException: 408,
  UnsupportedOperationException: 400,
  RequestHeaderSectionTooLargeException: 431,
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
