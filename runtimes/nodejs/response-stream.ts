/**
 * The stream that a streaming handler writes to (LAMBDA.md A6.7): a Writable of Node's whose bytes leave the isolate as it writes
 * them. Whether the caller gets them at once, or as one payload when the stream has finished (A6.9), the platform decides. Node's
 * streams are loaded at the first such call.
 */
import type { Core } from '../core/core-api.ts';
import type { AnswerSender, Answers } from './answer-sender.ts';
import { apply, asString, BuiltinUint8Array, isInstance, push, stringify } from './primordials.ts';
import { RuntimeError } from './runtime-error.ts';

export interface ResponseStream {
  /** Given to the handler: a `stream.Writable` with `setContentType`. */
  readonly writable: object;
  /** `end` was called. */
  isEnded(): boolean;
  /** Calls back once everything was written, or when the stream broke. */
  whenFinished(onFinish: () => void, onError: (error: unknown) => void): void;
}

/** Node's classes, as far as they are used here. */
interface NodeWritable {
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  _onBeforeFirstWrite?: unknown;
  setContentType?: (type: string) => void;
  write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean;
  end(chunk?: unknown, encoding?: unknown, callback?: unknown): unknown;
  on(event: string, listener: (error: unknown) => void): unknown;
}
interface NodeStreams {
  readonly Writable: new (options: {
    readonly highWaterMark?: number;
    write(chunk: Uint8Array, encoding: string, done: () => void): void;
    writev(chunks: readonly { readonly chunk: Uint8Array }[], done: () => void): void;
    final(done: () => void): void;
  }) => NodeWritable;
}
interface NodeBuffers {
  readonly Buffer: { concat(chunks: readonly Uint8Array[]): Uint8Array };
}

/** What its caller is told of an answer that does not say what it is (A6.6). */
const defaultContentType = 'application/octet-stream';

export function createResponseStream(core: Core, answers: Answers, highWaterMark: number | undefined): ResponseStream {
  const { Writable } = core.builtin('stream') as NodeStreams;
  const { Buffer } = core.builtin('buffer') as NodeBuffers;
  const sender = answers.open(defaultContentType);
  const writable = new Writable({
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    write: (chunk, _encoding, done) => sender.send(chunk, done),
    writev(chunks, done) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < chunks.length; at += 1) push(pieces, (chunks[at] as { readonly chunk: Uint8Array }).chunk);
      sender.send(Buffer.concat(pieces), done);
    },
    final: (done) => sender.finish(done),
  });
  addResponseMethods(writable, sender);
  return {
    writable,
    isEnded: () => writable.writableEnded,
    whenFinished(onFinish, onError) {
      if (writable.writableFinished) return onFinish();
      writable.on('error', onError);
      writable.on('finish', onFinish);
    },
  };
}

/** Values that are no bytes are sent as JSON; a prelude goes out before the first byte (A6.7, A6.8). */
function addResponseMethods(writable: NodeWritable, sender: AnswerSender): void {
  const { write, end } = writable;
  let isWritten = false;
  writable.setContentType = (type) => {
    if (isWritten) {
      throw new RuntimeError('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
    }
    sender.contentType = asString(type);
  };
  writable.write = (chunk, encoding, callback) => {
    const before = writable._onBeforeFirstWrite;
    if (!isWritten && typeof before === 'function') before((piece: unknown) => apply(write, writable, [piece]));
    isWritten = true;
    return apply(write, writable, [isSendable(chunk) ? chunk : stringify(chunk), encoding, callback]);
  };
  writable.end = (chunk, encoding, callback) => {
    if (typeof chunk === 'function') return apply(end, writable, [chunk]);
    if (chunk !== undefined && chunk !== null)
      writable.write(chunk, typeof encoding === 'function' ? undefined : encoding);
    return apply(end, writable, [typeof encoding === 'function' ? encoding : callback]);
  };
}

function isSendable(chunk: unknown): boolean {
  return typeof chunk === 'string' || isInstance(BuiltinUint8Array, chunk);
}
