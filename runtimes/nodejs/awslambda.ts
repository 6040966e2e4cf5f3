/**
 * `globalThis.awslambda` and the marks it puts on a handler (LAMBDA.md A6.1, A6.2, A6.8). What a marked handler is then called
 * with is in `response-stream`.
 */
import type { InvokeStore } from './invoke-store.ts';
import { BuiltinUint8Array, getProperty, setProperty, stringify, symbolFor } from './primordials.ts';
import { RuntimeError } from './runtime-error.ts';

const streamingMark = symbolFor('aws.lambda.runtime.handler.streaming');
const highWaterMarkMark = symbolFor('aws.lambda.runtime.handler.streaming.highWaterMark');

/** Called once, before user code; not at all when the function's environment says so (A6.1). */
export function installAwslambda(environment: Readonly<Record<string, string>>, store: InvokeStore | undefined): void {
  const off = environment.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
  if (off === '1' || off === 'true') return;
  const members = { streamifyResponse, HttpResponseStream };
  setProperty(globalThis, 'awslambda', store === undefined ? members : { InvokeStore: store, ...members });
}

function streamifyResponse<Handler extends object>(
  handler: Handler,
  options?: { readonly highWaterMark?: unknown },
): Handler {
  setProperty(handler, streamingMark, 'response');
  const highWaterMark = options?.highWaterMark;
  if (typeof highWaterMark === 'number') setProperty(handler, highWaterMarkMark, highWaterMark);
  return handler;
}

/** How a handler wants its answer: buffered, or through a stream with that high-water mark. */
export type AnswerMode = { readonly kind: 'buffered' } | { readonly kind: 'stream'; readonly highWaterMark?: number };

/** @throws RuntimeError for a mark with an unknown value */
export function answerMode(handler: object): AnswerMode {
  const mark: unknown = getProperty(handler, streamingMark);
  if (mark === undefined || mark === null || mark === false) return { kind: 'buffered' };
  if (mark !== 'response') {
    throw new RuntimeError('Runtime.MalformedStreamingHandler', 'Only response streaming is supported.');
  }
  const highWaterMark: unknown = getProperty(handler, highWaterMarkMark);
  return typeof highWaterMark === 'number' && highWaterMark >= 0
    ? { kind: 'stream', highWaterMark }
    : { kind: 'stream' };
}

/** The stream as far as a prelude concerns it. */
interface PreludeStream {
  setContentType(type: string): void;
  _onBeforeFirstWrite?: (write: (chunk: string | Uint8Array) => void) => void;
}

/**
 * An HTTP status, headers and cookies ahead of a streamed body: their JSON, then eight NUL bytes, then the body.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: users know it as a class with this static method
class HttpResponseStream {
  static from<Stream extends PreludeStream>(stream: Stream, prelude: unknown): Stream {
    stream.setContentType('application/vnd.awslambda.http-integration-response');
    const text = stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new BuiltinUint8Array(8));
    };
    return stream;
  }
}
