/** Refusals of requests that are not signed as they should be, with AWS's names and texts (Common Errors of the Lambda API; LAMBDA.md C1). */
import { hash } from 'node:crypto';

export type SignatureErrorCode =
  | 'MissingAuthenticationTokenException'
  | 'IncompleteSignatureException'
  | 'UnrecognizedClientException'
  | 'InvalidSignatureException';

/** Never carries a secret, nor what a client sent as one: messages go to whoever asks, and into logs. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
  readonly code: SignatureErrorCode;
  readonly statusCode = 403;

  constructor(code: SignatureErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function missingToken(): SignatureError {
  return new SignatureError('MissingAuthenticationTokenException', 'Missing Authentication Token');
}

export function unknownClient(): SignatureError {
  return new SignatureError('UnrecognizedClientException', 'The security token included in the request is invalid.');
}

export function mismatch(): SignatureError {
  return new SignatureError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
      'signing method. Consult the service documentation for details.',
  );
}

export function invalid(message: string): SignatureError {
  return new SignatureError('InvalidSignatureException', message);
}

/** AWS repeats the header as a hash: it may hold a token of somebody who chose the wrong scheme. */
export function incompleteHeader(header: string, reasons: readonly string[]): SignatureError {
  const digest = hash('sha256', Buffer.from(header, 'latin1'), 'base64');
  const suffix = `(Hashed with SHA-256 and encoded with Base64) Authorization=${digest}`;
  return new SignatureError('IncompleteSignatureException', [...reasons, suffix].join(' '));
}

export function incompleteQuery(name: string): SignatureError {
  return new SignatureError(
    'IncompleteSignatureException',
    `AWS query-string parameters must include '${name}'. Re-examine the query-string parameters.`,
  );
}
