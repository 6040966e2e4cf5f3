/**
 * The hot path (LAMBDA.md C4): request line and headers in, engine, headers out. Payloads are bytes that pass through; nothing
 * here parses them, logs, or validates more than the two enumerations that travel as headers.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Engine } from '../../engine/engine.ts';
import { EngineError } from '../../model/errors.ts';
import type { InvocationType, InvokeInput, InvokeResult } from '../../model/invocation.ts';
import { constraintMessage, enumRule } from '../../model/validation.ts';

/** For the table of operations. */
export const invokeRoute = {
  name: 'Invoke',
  method: 'POST',
  path: '/2015-03-31/functions/{FunctionName}/invocations',
} as const;

export interface InvokeTarget {
  readonly functionName: string;
  readonly qualifier: string | undefined;
}

export interface InvokeRequest extends InvokeTarget {
  readonly engine: Engine;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

const prefix = '/2015-03-31/functions/';
const suffix = '/invocations';

/** Whom a request line invokes; undefined when it is no Invoke, or its path is not valid URL encoding. */
export function invokeTarget(method: string | undefined, url: string): InvokeTarget | undefined {
  return method === invokeRoute.method ? functionTarget(url, prefix, suffix) : undefined;
}

/** The function in the label between two parts of a path. */
export function functionTarget(url: string, prefix: string, suffix: string): InvokeTarget | undefined {
  if (!url.startsWith(prefix)) return undefined;
  const labelEnd = url.indexOf('/', prefix.length);
  if (labelEnd <= prefix.length || !url.startsWith(suffix, labelEnd)) return undefined;
  const rest = url.slice(labelEnd + suffix.length);
  const query = rest.indexOf('?');
  const behind = query === -1 ? rest : rest.slice(0, query);
  if (behind !== '' && behind !== '/') return undefined;
  const functionName = decoded(url.slice(prefix.length, labelEnd));
  if (functionName === undefined) return undefined;
  const qualifier = query === -1 ? undefined : new URLSearchParams(rest.slice(query)).get('Qualifier');
  return { functionName, qualifier: qualifier ?? undefined };
}

function decoded(label: string): string | undefined {
  if (!label.includes('%')) return label;
  try {
    return decodeURIComponent(label);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** No signal is passed on: a function runs to its end although its client hung up (C4.15). @throws EngineError */
export function invoke(request: InvokeRequest): Promise<InvokeResult> {
  const invocationType = request.headers['x-amz-invocation-type'];
  const type = invocationType === undefined ? undefined : enumHeader(invocationType, 'invocationType', invocationTypes);
  const input: MutableInput = commonInput(request);
  if (type !== undefined) input.invocationType = type;
  return request.engine.invoke(input);
}

const invocationTypes: readonly InvocationType[] = ['RequestResponse', 'DryRun', 'Event'];

type MutableInput = { -readonly [Key in keyof InvokeInput]: InvokeInput[Key] };

/** What all ways to invoke have in common. @throws EngineError */
export function commonInput({
  functionName,
  qualifier,
  headers,
  body,
}: InvokeRequest): Omit<MutableInput, 'invocationType'> {
  const logType = headers['x-amz-log-type'];
  const clientContext = headers['x-amz-client-context'];
  const traceId = headers['x-amzn-trace-id'];
  const input: Omit<MutableInput, 'invocationType'> = { functionName, payload: body };
  if (qualifier !== undefined) input.qualifier = qualifier;
  if (logType !== undefined) input.logType = enumHeader(logType, 'logType', ['None', 'Tail']);
  if (typeof clientContext === 'string') input.clientContext = clientContext;
  if (typeof traceId === 'string') input.traceId = traceId;
  if (headers['x-amz-tenant-id'] !== undefined || headers['x-amz-durable-execution-name'] !== undefined) {
    throw new EngineError('NotImplementedException', 'isotherm does not offer tenants or durable executions yet');
  }
  return input;
}

/** Headers in the way of AWS. */
export function invokeHeaders(result: InvokeResult): Record<string, string> {
  const headers: Record<string, string> = { 'x-amzn-RequestId': result.requestId };
  if (result.statusCode === 200) headers['content-type'] = 'application/json';
  // 204 must not have one (RFC 9110, 8.6).
  if (result.statusCode !== 204) headers['content-length'] = String(result.payload.byteLength);
  if (result.executedVersion !== undefined) headers['X-Amz-Executed-Version'] = result.executedVersion;
  if (result.functionError !== undefined) headers['X-Amz-Function-Error'] = result.functionError;
  if (result.logResult !== undefined) headers['X-Amz-Log-Result'] = result.logResult;
  return headers;
}

/** @throws EngineError ValidationException */
export function enumHeader<Value extends string>(
  value: string | string[],
  path: string,
  allowed: readonly Value[],
): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new EngineError('ValidationException', constraintMessage(value, path, enumRule(allowed)));
}
