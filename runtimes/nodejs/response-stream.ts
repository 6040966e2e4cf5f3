/**
 * The stream that a streaming handler writes to (LAMBDA.md A6.7), for an invocation that wants one payload: what was written
 * is kept and becomes the payload when the stream has finished (A6.9). Node's streams are loaded at the first such call.
 *
 * Only text crosses the border, so a body that is no UTF-8 arrives with replacement characters.
 */
import type { Core } from '../core/core-api.ts';
import { apply, BuiltinUint8Array, isInstance, push, stringify } from './primordials.ts';
import { RuntimeError } from './runtime-error.ts';

export interface ResponseStream {
  /** Given to the handler: a `stream.Writable` with `setContentType`. */
  readonly writable: object;
  /** `end` was called. */
  isEnded(): boolean;
  /** Calls back once everything was written, or when the stream broke. */
  whenFinished(onBody: (body: string) => void, onError: (error: unknown) => void): void;
}

/** Node's classes, as far as they are used here. */
interface NodeBuffer {
  toString(encoding: 'utf8'): string;
}
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
    write(chunk: NodeBuffer, encoding: string, done: () => void): void;
  }) => NodeWritable;
}
interface NodeBuffers {
  readonly Buffer: { concat(chunks: readonly NodeBuffer[]): NodeBuffer };
}

export function createResponseStream(core: Core, highWaterMark: number | undefined): ResponseStream {
  const { Writable } = core.builtin('stream') as NodeStreams;
  const { Buffer } = core.builtin('buffer') as NodeBuffers;
  const chunks: NodeBuffer[] = [];
  const writable = new Writable({
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    write(chunk, _encoding, done) {
      push(chunks, chunk);
      done();
    },
  });
  addResponseMethods(writable);
  return {
    writable,
    isEnded: () => writable.writableEnded,
    whenFinished(onBody, onError) {
      const finish = (): void => onBody(Buffer.concat(chunks).toString('utf8'));
      if (writable.writableFinished) return finish();
      writable.on('error', onError);
      writable.on('finish', finish);
    },
  };
}

/** Values that are no bytes are sent as JSON; a prelude goes out before the first byte (A6.7, A6.8). */
function addResponseMethods(writable: NodeWritable): void {
  const { write, end } = writable;
  let isWritten = false;
  writable.setContentType = () => {
    if (isWritten) {
      throw new RuntimeError('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
    }
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
