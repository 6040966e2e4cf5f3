/** What a client gets of an invocation whose answer it reads while it is written: known as soon as the answer has begun. */
import { randomUUID } from 'node:crypto';
import { abortable } from '../base/abortable.ts';
import type { InvokeResult, StreamedEnd, StreamedResult } from '../model/invocation.ts';
import type { AnswerStream } from './answer-stream.ts';

export interface StreamedInvocation {
  readonly requestId: string;
  readonly executedVersion: string;
  readonly answer: AnswerStream;
  /** The invocation to its end. */
  readonly running: Promise<InvokeResult>;
  readonly signal: AbortSignal | undefined;
}

/** @throws what `running` fails with before the answer began, and the signal's reason */
export async function streamedResult(invocation: StreamedInvocation): Promise<StreamedResult> {
  const { requestId, executedVersion, answer, running, signal } = invocation;
  const done = running.then(streamedEnd);
  // Whoever reads the stream only learns of it there.
  done.catch((error: unknown) => answer.fail(error));
  const begun = Promise.race([answer.begun, done]);
  const abort = (): void => answer.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const forget = (): void => signal?.removeEventListener('abort', abort);
  done.then(forget, forget);
  await (signal === undefined ? begun : abortable(begun, signal));
  return {
    statusCode: 200,
    requestId,
    executedVersion,
    // A handler that does not stream answers with JSON, and so does the platform for one that failed.
    contentType: answer.isBegun ? (answer.contentType ?? bytesType) : 'application/json',
    stream: answer.readable,
    done,
  };
}

export function dryRunResult(): StreamedResult {
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  return { statusCode: 204, requestId: randomUUID(), stream, done: Promise.resolve({}) };
}

const bytesType = 'application/octet-stream';

function streamedEnd({ functionError, payload, logResult, report }: InvokeResult): StreamedEnd {
  return {
    ...(functionError !== undefined && { functionError, errorPayload: payload }),
    ...(logResult !== undefined && { logResult }),
    ...(report !== undefined && { report }),
  };
}
