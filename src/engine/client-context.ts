/**
 * What a client sends beside the event: client context, identity, trace header (LAMBDA.md A5.5, A5.6, C4.1). Decoded and
 * bounded here; whether the JSON is any good the runtime finds out inside the isolate, as on AWS.
 */
import { EngineError } from '../model/errors.ts';
import type { InvokeInput } from '../model/invocation.ts';
import { limits } from '../model/limits.ts';

export interface ClientDetails {
  readonly clientContextJson?: string;
  readonly cognitoIdentityJson?: string;
  readonly traceId?: string;
}

export const noDetails: ClientDetails = {};

/** @throws EngineError InvalidRequestContentException */
export function clientDetails(input: InvokeInput): ClientDetails {
  const { clientContext, cognitoIdentity, traceId } = input;
  if (clientContext === undefined && cognitoIdentity === undefined && traceId === undefined) return noDetails;
  return {
    ...(clientContext !== undefined && { clientContextJson: decode(bounded('clientContext', clientContext)) }),
    ...(cognitoIdentity !== undefined && { cognitoIdentityJson: bounded('cognitoIdentity', cognitoIdentity) }),
    ...(traceId !== undefined && { traceId: bounded('traceId', traceId) }),
  };
}

/** AWS bounds the first only; the other two travel in the same frame head, so they get the same room. */
function bounded(name: 'clientContext' | 'cognitoIdentity' | 'traceId', text: string): string {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= limits.clientContextBytesMax) return text;
  throw new EngineError(
    'InvalidRequestContentException',
    `${name} must be at most ${limits.clientContextBytesMax} bytes long, received ${bytes}`,
    { limit: { name: 'clientContextBytesMax', value: limits.clientContextBytesMax, asked: bytes } },
  );
}

const base64 = /^[A-Za-z0-9+/\-_\s]*={0,2}\s*$/;

function decode(text: string): string {
  if (!base64.test(text)) {
    throw new EngineError(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
    );
  }
  return Buffer.from(text, 'base64').toString('utf8');
}
