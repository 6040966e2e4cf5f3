/**
 * The services of AWS that are called with `POST /` and `X-Amz-Target: Service.Operation` (AWS JSON 1.1): one row for each. It reads
 * the request and writes answer and error; what an operation does is in `operations/`.
 */
import type { Engine } from '../engine/engine.ts';
import { errorAnswer, ProtocolError } from './api-error.ts';
import { JsonReader } from './json-reader.ts';
import { eventRules } from './operations/event-rules.ts';
import { logs } from './operations/logs.ts';
import { streams } from './operations/streams.ts';

export interface TargetRequest {
  readonly engine: Engine;
  readonly body: JsonReader;
}

/** What it returns becomes the answer's JSON. */
export type TargetOperation = (request: TargetRequest) => Promise<object>;

export interface TargetService {
  /** What stands before the dot of `X-Amz-Target`. */
  readonly prefix: string;
  /** What its requests are signed for. */
  readonly signingName: string;
  readonly operations: ReadonlyMap<string, TargetOperation>;
  /** Operations that exist at AWS: told from those that do not. */
  readonly notOffered: readonly string[];
  /** What it calls errors of ours that have another name there. */
  readonly errorTypes?: Readonly<Record<string, string>>;
}

const services: readonly TargetService[] = [eventRules, logs, streams];

export const targetSigningNames: readonly string[] = services.map(({ signingName }) => signingName);
export const targetContentType = 'application/x-amz-json-1.1';

export interface TargetAnswer {
  readonly status: number;
  readonly errorType?: string;
  readonly body: string;
  /** Neither a client's mistake nor a failure we know: somebody must look. */
  readonly error?: unknown;
}

/** @param target of `X-Amz-Target`. Does not throw: every error is an answer. */
export async function answerTarget(engine: Engine, target: string, body: Uint8Array): Promise<TargetAnswer> {
  try {
    const operation = operationOf(target);
    const answer = await operation({ engine, body: JsonReader.parse(body) });
    return { status: 200, body: JSON.stringify(answer) };
  } catch (error) {
    return targetError(error, serviceOf(target)?.errorTypes);
  }
}

/** An error as these services write it: `__type` names it, and clients' mistakes are all 400. */
export function targetError(error: unknown, errorTypes: TargetService['errorTypes'] = {}): TargetAnswer {
  const { status, errorType, isUnexpected } = errorAnswer(error);
  const message = isUnexpected || !(error instanceof Error) ? 'An internal error occurred.' : error.message;
  const type = isUnexpected ? 'InternalException' : (errorTypes[errorType] ?? errorType);
  return {
    status: status < 500 ? 400 : status,
    errorType: type,
    body: JSON.stringify({ __type: type, message }),
    ...(isUnexpected && { error }),
  };
}

function operationOf(target: string): TargetOperation {
  const service = serviceOf(target);
  const name = target.slice(target.indexOf('.') + 1);
  const operation = service?.operations.get(name);
  if (operation !== undefined) return operation;
  if (service?.notOffered.includes(name) === true) {
    throw new ProtocolError('UnsupportedOperationException', `isotherm does not offer ${name}`);
  }
  throw new ProtocolError('UnknownOperationException', `There is no operation ${target.slice(0, 128)}`);
}

function serviceOf(target: string): TargetService | undefined {
  return services.find(({ prefix }) => prefix === target.slice(0, target.indexOf('.')));
}
