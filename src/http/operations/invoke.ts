/**
 * The hot path (LAMBDA.md C4): headers in, engine, headers out. Payloads are bytes that pass through; nothing here parses,
 * logs or validates more than the two enumerations that travel as headers.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../model/errors.ts';
import type { InvocationType, InvokeInput, InvokeResult } from '../../model/invocation.ts';
import { constraintMessage, enumRule } from '../../model/validation.ts';

export interface InvokeRequest {
  readonly engine: Engine;
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array | undefined;
}

export const invokeRoute = {
  name: 'Invoke',
  method: 'POST',
  path: '/2015-03-31/functions/{FunctionName}/invocations',
} as const;

/** No signal is passed on: a function runs to its end although its client hung up (C4.15). */
export function invoke({ engine, functionName, qualifier, headers, body }: InvokeRequest): Promise<InvokeResult> {
  const invocationType = headers['x-amz-invocation-type'];
  const logType = headers['x-amz-log-type'];
  const clientContext = headers['x-amz-client-context'];
  const traceId = headers['x-amzn-trace-id'];
  const input: { -readonly [Key in keyof InvokeInput]: InvokeInput[Key] } = { functionName };
  if (body !== undefined) input.payload = body;
  if (qualifier !== undefined) input.qualifier = qualifier;
  if (invocationType !== undefined) input.invocationType = invocationTypeOf(invocationType);
  if (logType !== undefined) input.logType = logTypeOf(logType);
  if (typeof clientContext === 'string') input.clientContext = clientContext;
  if (typeof traceId === 'string') input.traceId = traceId;
  if (headers['x-amz-tenant-id'] !== undefined || headers['x-amz-durable-execution-name'] !== undefined) {
    throw new EngineError('NotImplementedException', 'isotherm does not offer tenants or durable executions yet');
  }
  return engine.invoke(input);
}

/** Headers in the way of AWS. */
export function invokeHeaders(result: InvokeResult): Record<string, string> {
  const headers: Record<string, string> = { 'x-amzn-RequestId': result.requestId };
  if (result.statusCode === 200) headers['content-type'] = 'application/json';
  if (result.executedVersion !== undefined) headers['X-Amz-Executed-Version'] = result.executedVersion;
  if (result.functionError !== undefined) headers['X-Amz-Function-Error'] = result.functionError;
  if (result.logResult !== undefined) headers['X-Amz-Log-Result'] = result.logResult;
  return headers;
}

function invocationTypeOf(value: string | string[]): InvocationType {
  switch (value) {
    case 'RequestResponse':
    case 'Event':
    case 'DryRun':
      return value;
    default:
      throw unknown(value, 'invocationType', ['RequestResponse', 'DryRun', 'Event']);
  }
}

function logTypeOf(value: string | string[]): 'None' | 'Tail' {
  switch (value) {
    case 'None':
    case 'Tail':
      return value;
    default:
      throw unknown(value, 'logType', ['None', 'Tail']);
  }
}

function unknown(value: string | string[], path: string, allowed: readonly string[]): EngineError {
  return new EngineError('ValidationException', constraintMessage(value, path, enumRule(allowed)));
}
