/** Calls a streaming handler and decides what its invocation answers (LAMBDA.md A6.3 to A6.5, A6.9). */
import type { Core } from '../core/core-api.ts';
import type { Answers } from './answer-sender.ts';
import type { ErrorDialect } from './error-json.ts';
import type { Handler } from './handler.ts';
import { isThenable } from './handler.ts';
import type { Log } from './log.ts';
import { BuiltinError } from './primordials.ts';
import { createResponseStream } from './response-stream.ts';

export interface StreamingCall {
  readonly core: Core;
  readonly answers: Answers;
  readonly log: Log;
  readonly dialect: ErrorDialect;
  readonly handler: Handler;
  readonly highWaterMark: number | undefined;
  readonly event: unknown;
  readonly context: object;
  /** The stream has finished: what was written is the answer. */
  onFinish(): void;
  onError(error: unknown): void;
}

/** Throws what the handler throws before it returns. */
export function invokeStreaming(call: StreamingCall): void {
  const stream = createResponseStream(call.core, call.answers, call.highWaterMark);
  const result = call.handler(call.event, stream.writable, call.context);
  if (!isThenable(result)) {
    call.onError(misuse('Streaming does not support non-async handlers.', call.dialect));
    return;
  }
  result.then((value) => {
    if (value !== undefined) call.log.write('WARN', ['Streaming handlers ignore return values.']);
    if (stream.isEnded()) stream.whenFinished(call.onFinish, call.onError);
    else call.onError(misuse('Response stream is not finished.', call.dialect));
  }, call.onError);
}

/** The runtimes up to Node 22 report a bare string here, which shows in the payload's errorType. */
function misuse(message: string, dialect: ErrorDialect): unknown {
  return dialect === 'promise' ? new BuiltinError(message) : message;
}
