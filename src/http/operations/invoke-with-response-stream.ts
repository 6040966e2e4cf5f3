/**
 * InvokeWithResponseStream (LAMBDA.md C5): Invoke, with the answer as events while it is written. A function that fails still
 * gives 200; how it ended is in the last event.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { EngineError } from '../../model/errors.ts';
import type { StreamedEnd, StreamedResult, StreamInput } from '../../model/invocation.ts';
import { errorAnswer } from '../api-error.ts';
import { eventEncoder } from '../event-stream.ts';
import { sendPiece } from '../send-body.ts';
import { commonInput, enumHeader, functionTarget, type InvokeRequest, type InvokeTarget } from './invoke.ts';

/** For the table of operations. */
export const invokeStreamRoute = {
  name: 'InvokeWithResponseStream',
  method: 'POST',
  path: '/2021-11-15/functions/{FunctionName}/response-streaming-invocations',
} as const;

export function invokeStreamTarget(method: string | undefined, url: string): InvokeTarget | undefined {
  return method === invokeStreamRoute.method
    ? functionTarget(url, '/2021-11-15/functions/', '/response-streaming-invocations')
    : undefined;
}

/** @throws EngineError */
export function invokeStream(request: InvokeRequest): Promise<StreamedResult> {
  const invocationType = request.headers['x-amz-invocation-type'];
  const type = invocationType === undefined ? undefined : enumHeader(invocationType, 'invocationType', invocationTypes);
  const input: StreamInput = commonInput(request);
  return request.engine.invokeStream(type === undefined ? input : { ...input, invocationType: type });
}

const invocationTypes = ['RequestResponse', 'DryRun'] as const;

export function streamHeaders(result: StreamedResult): Record<string, string> {
  const headers: Record<string, string> = { 'x-amzn-RequestId': result.requestId };
  if (result.statusCode === 200) headers['content-type'] = 'application/vnd.amazon.eventstream';
  if (result.executedVersion !== undefined) headers['X-Amz-Executed-Version'] = result.executedVersion;
  if (result.contentType !== undefined) headers['X-Amzn-Remapped-Content-Type'] = result.contentType;
  return headers;
}

/**
 * Writes the events as the function makes them, and no faster than the client takes them. Resolves to an error that nobody knows, if
 * there was one.
 */
export async function writeEvents(result: StreamedResult, response: ServerResponse, clock: Clock): Promise<unknown> {
  const reader = result.stream.getReader();
  // Also while nothing comes: the function need not wait for somebody who left, and runs to its end all the same (C4.15).
  const leave = (): void => void reader.cancel().catch(letGo);
  response.once('close', leave);
  if (response.destroyed) leave();
  try {
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      if (!(await sendPiece(response, payloadChunk(value), clock))) return undefined;
    }
  } catch {
    // The function or the platform failed midway; `done` says how.
  }
  const { event, unexpected } = await result.done.then(completed, failed);
  response.end(invokeComplete(Buffer.from(JSON.stringify(event))));
  return unexpected;
}

/** It had failed already, which `done` tells. */
function letGo(): void {}

const payloadChunk = eventEncoder('PayloadChunk', 'application/octet-stream');
const invokeComplete = eventEncoder('InvokeComplete', 'application/json');

interface Completion {
  readonly event: { readonly ErrorCode?: string; readonly ErrorDetails?: string; readonly LogResult?: string };
  readonly unexpected?: unknown;
}

function completed({ functionError, errorPayload, logResult }: StreamedEnd): Completion {
  return {
    event: {
      ...(functionError !== undefined && { ErrorCode: functionError }),
      ...(errorPayload !== undefined && { ErrorDetails: Buffer.from(errorPayload).toString('utf8') }),
      ...(logResult !== undefined && { LogResult: logResult }),
    },
  };
}

/** The status is long gone; the code and the body are what an error before the first byte would have had. */
function failed(error: unknown): Completion {
  const { errorType, body } = errorAnswer(error);
  const event = { ErrorCode: errorType, ErrorDetails: body };
  return error instanceof EngineError ? { event } : { event, unexpected: error };
}
