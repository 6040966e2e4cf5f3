/**
 * How the answer of a file operation reaches its caller: returned or thrown, through a promise, or through `oncomplete`. Node's
 * library chooses by the request argument. The operation itself is always carried out at once; only the answer waits for a turn.
 */
import { type FsReply, type FsValue, fsFailureMarker } from '../../../../src/bridge/contract.ts';
import type { FsDependencies } from './dependencies.ts';

const { ArrayBuffer, ArrayIsArray, Error, ObjectDefineProperty, Promise, Symbol, TypeError } = primordials;

/** Marks the promise form of a call. */
export const kUsePromises: symbol = Symbol('fs_use_promises_symbol');

/** `undefined`: synchronous. The promise symbol, or a request object, otherwise. */
export type FsRequest = undefined | symbol | FsCallbackRequest;

export interface FsCallbackRequest {
  oncomplete(error: unknown, value?: unknown): void;
}

/** What an error message names besides the system call. */
export interface FsSubject {
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;
}

export type FsOutcome<T> = { readonly kind: 'done'; readonly value: T } | FsFailure;

export interface FsFailure {
  readonly kind: 'failed';
  /** Negative. */
  readonly errno: number;
  /** Overrides that of the subject, when the operation stands for several. */
  readonly syscall: string;
}

/** The host keeps to the contract of `bridge/fs.ts`; these only tell the compiler which reply an operation has. */
export function bytesReply(reply: FsReply): ArrayBuffer {
  if (!(reply instanceof ArrayBuffer)) throw new TypeError('the file system answered without bytes');
  return reply;
}

export function numberReply(reply: FsReply): number {
  if (typeof reply !== 'number') throw new TypeError('the file system answered without a number');
  return reply;
}

export function textReply(reply: FsReply): string {
  if (typeof reply !== 'string') throw new TypeError('the file system answered without a text');
  return reply;
}

export function listReply(reply: FsReply): readonly (string | number)[] {
  if (typeof reply !== 'object' || !('length' in reply)) throw new TypeError('the file system answered without a list');
  return reply;
}

/** Neither a setter nor a getter on `Object.prototype` takes part. */
export function setOwn(
  error: Error,
  name: string,
  value: string | number,
  visibility: 'shown' | 'hidden' = 'shown',
): void {
  ObjectDefineProperty(error, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    configurable: true,
    enumerable: visibility === 'shown',
    writable: true,
  });
}

export type FsRequests = ReturnType<typeof createFsRequests>;

export function createFsRequests(dependencies: FsDependencies) {
  const { callHost, enqueueOperation, describeErrno } = dependencies;

  /** One operation on the host. */
  function perform(operation: number, a?: FsValue, b?: FsValue, c?: FsValue, d?: FsValue): FsOutcome<FsReply> {
    const reply = callHost(operation, a, b, c, d);
    if (ArrayIsArray(reply) && reply[0] === fsFailureMarker) {
      const errno = reply[1];
      const syscall = reply[2];
      // In a list of names, the marker is followed by a file type, which is positive.
      if (typeof errno === 'number' && errno < 0) {
        return { kind: 'failed', errno, syscall: typeof syscall === 'string' ? syscall : '' };
      }
    }
    return { kind: 'done', value: reply };
  }

  function errorOf(failure: FsFailure, subject: FsSubject): Error {
    const { 0: code, 1: description } = describeErrno(failure.errno);
    const syscall = failure.syscall === '' ? subject.syscall : failure.syscall;
    let message = `${code}: ${description}, ${syscall}`;
    if (subject.path !== undefined) message += ` '${subject.path}'`;
    if (subject.dest !== undefined) message += ` -> '${subject.dest}'`;
    const error = new Error(message);
    setOwn(error, 'errno', failure.errno);
    setOwn(error, 'code', code);
    setOwn(error, 'syscall', syscall);
    if (subject.path !== undefined) setOwn(error, 'path', subject.path);
    if (subject.dest !== undefined) setOwn(error, 'dest', subject.dest);
    return error;
  }

  /** The error of an answer that comes later: like Node's, it has no frames, for its caller is long gone. */
  function laterErrorOf(failure: FsFailure, subject: FsSubject): Error {
    const error = errorOf(failure, subject);
    setOwn(error, 'stack', `Error: ${error.message}`, 'hidden');
    return error;
  }

  /** Delivers `outcome`. `convert` runs when the answer arrives, so that a caller's buffer is not changed before. */
  function deliver<T, R>(
    request: FsRequest,
    subject: FsSubject,
    outcome: FsOutcome<T>,
    convert: (value: T) => R,
  ): R | Promise<R> | undefined {
    if (request === undefined) {
      if (outcome.kind === 'failed') throw errorOf(outcome, subject);
      return convert(outcome.value);
    }
    if (typeof request === 'symbol') {
      return new Promise<R>((resolve, reject) => {
        enqueueOperation(() => {
          if (outcome.kind === 'failed') reject(laterErrorOf(outcome, subject));
          else resolve(convert(outcome.value));
        });
      });
    }
    enqueueOperation(() => {
      if (outcome.kind === 'failed') {
        request.oncomplete(laterErrorOf(outcome, subject));
        return;
      }
      const value = convert(outcome.value);
      if (value === undefined) request.oncomplete(null);
      else request.oncomplete(null, value);
    });
    return undefined;
  }

  /** For the operations whose answer says nothing but that they succeeded. */
  function deliverNothing(request: FsRequest, subject: FsSubject, outcome: FsOutcome<unknown>) {
    return deliver(request, subject, outcome, () => undefined);
  }

  return { perform, deliver, deliverNothing, errorOf, laterErrorOf, enqueueOperation };
}
