/**
 * Node's `internalBinding('fs')` over `HostCalls.fs`: the same functions with the same arguments, so that Node's own lib/fs.js and
 * fs/promises run on it unchanged. One row per function; how answers travel is `fs-request.ts`.
 */

import { fsOperations } from '../../../src/bridge/fs.ts';
import type { CoreContext } from '../context.ts';
import { createFsCopy } from './fs/copy.ts';
import type { FsDependencies } from './fs/dependencies.ts';
import { createFsDirBinding } from './fs/dir.ts';
import { createFileHandle } from './fs/file-handle.ts';
import { createFsJobs } from './fs/jobs.ts';
import { createFsParts, type FsParts } from './fs/parts.ts';
import {
  type FsOutcome,
  type FsRequest,
  kUsePromises,
  listReply,
  numberReply,
  setOwn,
  textReply,
} from './fs/request.ts';
import { createFsStats } from './fs/stats.ts';
import { createFsTree } from './fs/tree.ts';
import { createFsWatchers } from './fs/watch.ts';

const { ArrayPrototypePush, BigInt64Array, Float64Array, MathTrunc, RangeError, TypeError } = primordials;

type PathLike = string | Uint8Array;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, loop } = context;
  const uv = library.internalBinding('uv') as Uv;
  return createFsBindings({
    callHost: (operation, a, b, c, d) => context.host.fs(operation, a, b, c, d),
    log: (stream, text) => context.host.log(stream, text),
    enqueueOperation: (complete) =>
      loop.enqueueOperation(inContextOfNow(library.internalBinding('async_context_frame') as ContextFrame, complete)),
    describeErrno: (errno) => [uv.errname(errno), uv.getErrorMessage(errno)],
    requireBuiltin: (id) => library.require(id),
  });
}

interface ContextFrame {
  getContinuationPreservedEmbedderData(): unknown;
  setContinuationPreservedEmbedderData(frame: unknown): void;
}

/** What AsyncLocalStorage holds when the operation starts is there again when its callback runs. */
function inContextOfNow(context: ContextFrame, callback: () => void): () => void {
  const frame = context.getContinuationPreservedEmbedderData();
  if (frame === undefined) return callback;
  return () => {
    const before = context.getContinuationPreservedEmbedderData();
    context.setContinuationPreservedEmbedderData(frame);
    try {
      callback();
    } finally {
      context.setContinuationPreservedEmbedderData(before);
    }
  };
}

interface Uv {
  errname(errno: number): string;
  getErrorMessage(errno: number): string;
}

/** All that Node's library knows as bindings of the file system. */
export function createFsBindings(dependencies: FsDependencies) {
  const parts = createFsParts(dependencies);
  const { FSEvent, StatWatcher } = createFsWatchers(dependencies);
  return {
    fs: { ...createFsBinding(dependencies, parts), StatWatcher },
    fs_dir: createFsDirBinding(parts),
    fs_event_wrap: { FSEvent },
  };
}

function createFsBinding(dependencies: FsDependencies, parts: FsParts) {
  const { perform, deliver, deliverNothing } = parts.requests;
  const { descriptor, path: pathOf, name: nameOf } = parts.texts;
  const FileHandle = createFileHandle(parts.requests);
  const stats = createFsStats(parts.requests, parts.texts);

  /** Operations on one path whose answer is only that they succeeded. */
  function onPath(syscall: string, operation: number, path: PathLike, request: FsRequest, a?: number, b?: number) {
    const text = pathOf(path);
    return deliverNothing(request, { syscall, path: text }, perform(operation, text, a, b));
  }

  function onDescriptor(syscall: string, operation: number, fd: number, request: FsRequest, a?: number, b?: number) {
    return deliverNothing(request, { syscall }, perform(operation, descriptor(fd), a, b));
  }

  function onPair(syscall: string, operation: number, from: PathLike, to: PathLike, request: FsRequest) {
    const subject = { syscall, path: pathOf(from), dest: pathOf(to) };
    return deliverNothing(request, subject, perform(operation, subject.path, subject.dest));
  }

  function openOutcome(path: string, flags: number, mode: number): FsOutcome<number> {
    const outcome = perform(fsOperations.open, path, flags, mode);
    return outcome.kind === 'failed' ? outcome : { kind: 'done', value: numberReply(outcome.value) };
  }

  function copyAll(from: string, to: string, mode: number): FsOutcome<undefined> {
    let position = 0;
    do {
      const outcome = perform(fsOperations.copyFile, from, to, mode, position);
      if (outcome.kind === 'failed') return outcome;
      position = numberReply(outcome.value);
    } while (position > 0);
    return { kind: 'done', value: undefined };
  }

  return {
    FileHandle,
    FSReqCallback: class FSReqCallback {
      oncomplete: ((error: unknown, value?: unknown) => void) | undefined;
      /** An operation is carried out before anyone could cancel it; Node then drops the answer. */
      cancel(): void {}
    },
    kUsePromises,
    kFsStatsFieldsNumber: stats.fieldCount,
    statValues: new Float64Array(2 * stats.fieldCount),
    bigintStatValues: new BigInt64Array(2 * stats.fieldCount),
    statFsValues: new Float64Array(8),
    bigintStatFsValues: new BigInt64Array(8),
    ...stats.binding,
    ...parts.bytes.binding,
    ...createFsJobs(parts, openOutcome),
    ...createFsTree(parts),
    ...createFsCopy(dependencies, parts.requests, copyAll),

    access: (path: PathLike, mode: unknown, request: FsRequest) =>
      onPath('access', fsOperations.access, path, request, modeOf(mode)),
    existsSync: (path: PathLike) => perform(fsOperations.access, pathOf(path), 0).kind === 'done',
    open(path: PathLike, flags: number, mode: number, request: FsRequest) {
      const text = pathOf(path);
      return deliver(request, { syscall: 'open', path: text }, openOutcome(text, flags, mode), (fd) => fd);
    },
    openFileHandle(path: PathLike, flags: number, mode: number, request: FsRequest) {
      const text = pathOf(path);
      const outcome = openOutcome(text, flags, mode);
      return deliver(request, { syscall: 'open', path: text }, outcome, (fd) => new FileHandle(fd));
    },
    close(fd: number, request: FsRequest) {
      // The standard streams are the runtime's; closing them has no effect.
      const outcome: FsOutcome<unknown> =
        descriptor(fd) <= 2 ? { kind: 'done', value: 0 } : perform(fsOperations.close, fd);
      return deliverNothing(request, { syscall: 'close' }, outcome);
    },
    fsync: (fd: number, request: FsRequest) => onDescriptor('fsync', fsOperations.fsync, fd, request),
    fdatasync: (fd: number, request: FsRequest) => onDescriptor('fdatasync', fsOperations.fsync, fd, request),
    ftruncate: (fd: number, length: number, request: FsRequest) =>
      onDescriptor('ftruncate', fsOperations.ftruncate, fd, request, length),
    rename: (from: PathLike, to: PathLike, request: FsRequest) =>
      onPair('rename', fsOperations.rename, from, to, request),
    link: (from: PathLike, to: PathLike, request: FsRequest) => onPair('link', fsOperations.link, from, to, request),
    symlink: (target: PathLike, path: PathLike, _flags: number, request: FsRequest) =>
      onPair('symlink', fsOperations.symlink, target, path, request),
    readlink(path: PathLike, encoding: string | undefined, request: FsRequest) {
      const text = pathOf(path);
      const outcome = perform(fsOperations.readlink, text);
      return deliver(request, { syscall: 'readlink', path: text }, outcome, (reply) =>
        nameOf(textReply(reply), encoding),
      );
    },
    realpath(path: PathLike, encoding: string | undefined, request: FsRequest) {
      const text = pathOf(path);
      const outcome = perform(fsOperations.realpath, text);
      return deliver(request, { syscall: 'realpath', path: text }, outcome, (reply) =>
        nameOf(textReply(reply), encoding),
      );
    },
    unlink: (path: PathLike, request: FsRequest) => onPath('unlink', fsOperations.unlink, path, request),
    rmdir: (path: PathLike, request: FsRequest) => onPath('rmdir', fsOperations.rmdir, path, request),
    rmSync(path: PathLike, _retries: number, recursive: boolean) {
      const text = pathOf(path);
      const outcome = perform(fsOperations.rm, text, recursive ? 1 : 0);
      // What is missing need not be removed; Node's library has told the caller who minds.
      if (outcome.kind === 'failed' && outcome.errno === -2) return undefined;
      return deliverNothing(undefined, { syscall: 'rm', path: text }, outcome);
    },
    mkdir(path: PathLike, mode: number, recursive: boolean, request: FsRequest) {
      const text = pathOf(path);
      const outcome = perform(fsOperations.mkdir, text, mode, recursive ? 1 : 0);
      return deliver(request, { syscall: 'mkdir', path: text }, outcome, (first) => (first === '' ? undefined : first));
    },
    mkdtemp(prefix: PathLike, encoding: string | undefined, request: FsRequest) {
      const text = pathOf(prefix);
      const outcome = perform(fsOperations.mkdtemp, text);
      const subject = { syscall: 'mkdtemp', path: `${text}XXXXXX` };
      return deliver(request, subject, outcome, (reply) => nameOf(textReply(reply), encoding));
    },
    copyFile(from: PathLike, to: PathLike, mode: unknown, request: FsRequest) {
      const subject = { syscall: 'copyfile', path: pathOf(from), dest: pathOf(to) };
      return deliverNothing(request, subject, copyAll(subject.path, subject.dest, modeOf(mode)));
    },
    chmod: (path: PathLike, mode: number, request: FsRequest) =>
      onPath('chmod', fsOperations.chmod, path, request, mode),
    fchmod: (fd: number, mode: number, request: FsRequest) =>
      onDescriptor('fchmod', fsOperations.fchmod, fd, request, mode),
    chown: (path: PathLike, uid: number, gid: number, request: FsRequest) =>
      onPath('chown', fsOperations.chown, path, request, uid, gid),
    lchown: (path: PathLike, uid: number, gid: number, request: FsRequest) =>
      onPath('lchown', fsOperations.lchown, path, request, uid, gid),
    fchown: (fd: number, uid: number, gid: number, request: FsRequest) =>
      onDescriptor('fchown', fsOperations.fchown, fd, request, uid, gid),
    // libuv calls them so in its errors.
    utimes: (path: PathLike, accessed: number, modified: number, request: FsRequest) =>
      onPath('utime', fsOperations.utimes, path, request, accessed, modified),
    lutimes: (path: PathLike, accessed: number, modified: number, request: FsRequest) =>
      onPath('lutime', fsOperations.lutimes, path, request, accessed, modified),
    futimes: (fd: number, accessed: number, modified: number, request: FsRequest) =>
      onDescriptor('futime', fsOperations.futimes, fd, request, accessed, modified),
    readdir(path: PathLike, encoding: string | undefined, withTypes: boolean, request: FsRequest) {
      const text = pathOf(path);
      const outcome = perform(fsOperations.readdir, text);
      return deliver(request, { syscall: 'scandir', path: text }, outcome, (reply) => {
        const { names, types } = namesAndTypes(listReply(reply), encoding);
        return withTypes ? [names, types] : names;
      });
    },
  };

  function namesAndTypes(list: readonly (string | number)[], encoding: string | undefined) {
    const names: (string | Uint8Array)[] = [];
    const types: number[] = [];
    for (let i = 0; i + 1 < list.length; i += 2) {
      const name = list[i];
      const type = list[i + 1];
      if (typeof name !== 'string' || typeof type !== 'number') continue;
      ArrayPrototypePush(names, nameOf(name, encoding));
      ArrayPrototypePush(types, type);
    }
    return { names, types };
  }
}

/** Of `access` and `copyFile`, which Node's library does not check. The texts are those of Node's native side. */
function modeOf(mode: unknown): number {
  if (mode === undefined || mode === null) return 0;
  if (typeof mode !== 'number') {
    throw coded(new TypeError('mode must be int32 or null/undefined'), 'ERR_INVALID_ARG_TYPE');
  }
  const whole = MathTrunc(mode);
  if (!(whole >= 0 && whole <= 7))
    throw coded(new RangeError('mode is out of range: >= 0 && <= 7'), 'ERR_OUT_OF_RANGE');
  return whole;
}

function coded(error: Error, code: string): Error {
  setOwn(error, 'code', code);
  return error;
}
