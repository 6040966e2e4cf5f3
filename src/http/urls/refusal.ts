/** Answers of a function URL that no function made, in AWS's words where they were recorded (LAMBDA.md C9.3, C9.4). */
import { EngineError, type EngineErrorCode } from '../../model/errors.ts';
import { FunctionError } from '../../model/function-error.ts';
import { isUrlId } from '../../model/function-url.ts';
import { SignatureError } from '../signature/signature-error.ts';
import type { UrlAnswer } from './answer.ts';

const troubleshooting = 'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

export const forbidden = message(
  403,
  'AccessDeniedException',
  `Forbidden. For troubleshooting Function URL authorization issues, see: ${troubleshooting}`,
);

/** One that is gone is told from a name that never was one. */
export function unknownUrl(urlId: string): UrlAnswer {
  return isUrlId(urlId) ? forbidden : message(403, 'AccessDeniedException', null);
}

export function notOurs(reason: string): UrlAnswer {
  return message(403, 'AccessDeniedException', reason);
}

export const internalError: UrlAnswer = {
  status: 502,
  headers: [['content-type', 'application/json']],
  body: Buffer.from('Internal Server Error'),
};

/** What the client can do something about keeps its status and text; the rest is the same as a function that failed. */
export function refusal(error: unknown): UrlAnswer {
  if (error instanceof SignatureError) return message(error.statusCode, error.code, error.message);
  if (!(error instanceof EngineError)) return internalError;
  const { code } = error;
  const status = told[code];
  return status === undefined ? internalError : message(status, code, error.message);
}

const told: { readonly [Code in EngineErrorCode]?: number } = {
  RequestEntityTooLargeException: 413,
  TooManyRequestsException: 429,
  FunctionSuspended: 429,
  // Not ready yet, or not any more.
  ResourceConflictException: 503,
  EngineClosed: 503,
};

/** A bug of ours: somebody must look. A function that fails in the middle of its answer is none. */
export function isUnexpected(error: unknown): boolean {
  return !(error instanceof EngineError || error instanceof SignatureError || error instanceof FunctionError);
}

function message(status: number, errorType: string, text: string | null): UrlAnswer {
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['x-amzn-ErrorType', errorType],
    ],
    body: Buffer.from(JSON.stringify({ Message: text })),
  };
}
