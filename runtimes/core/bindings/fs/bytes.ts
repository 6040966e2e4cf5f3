/**
 * Reading and writing bytes through descriptors. One call across the bridge carries a bounded number of bytes, so longer
 * requests are a loop here; callers see what a single system call would have done.
 */
import { fsOperations } from '../../../../src/bridge/fs.ts';
import { limits } from '../../../../src/model/limits.ts';
import type { FsDependencies } from './dependencies.ts';
import { bytesReply, type FsOutcome, type FsRequest, type FsRequests, numberReply } from './request.ts';
import type { FsTexts } from './text.ts';

const {
  ArrayBuffer,
  ArrayPrototypePush,
  MathMin,
  Number,
  TypedArrayPrototypeSet,
  TypedArrayPrototypeSubarray,
  Uint8Array,
} = primordials;

const { MAX_SAFE_INTEGER: positionMax } = Number;

type Position = number | bigint | null | undefined;

/** Where the older synchronous writes want their failure instead of an exception. */
interface ErrorContext {
  errno?: number;
  code?: string;
  syscall?: string;
}

export type FsBytes = ReturnType<typeof createFsBytes>;

export function createFsBytes(dependencies: FsDependencies, requests: FsRequests, texts: FsTexts) {
  const { log, describeErrno } = dependencies;
  const { perform, deliver } = requests;

  function bytesOf(view: ArrayBufferView, offset = 0, length = view.byteLength - offset): Uint8Array {
    return new Uint8Array(view.buffer, view.byteOffset + offset, length);
  }

  /** Exactly these bytes, in a buffer of their own: what else lies in a pool never crosses. */
  function exact(bytes: Uint8Array): ArrayBuffer {
    const buffer = new ArrayBuffer(bytes.byteLength);
    TypedArrayPrototypeSet(new Uint8Array(buffer), bytes);
    return buffer;
  }

  /** The pieces read, until `length` bytes, the end of the file, or a failure after the first piece. */
  function readPieces(fd: number, length: number, position: number): FsOutcome<Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    // Standard input is empty, as on Lambda.
    if (fd === 0) return { kind: 'done', value: pieces };
    for (let done = 0; done < length || done === 0; ) {
      // Positions beyond a double's whole numbers are behind the end of every file.
      const from = position < 0 ? -1 : MathMin(position + done, positionMax);
      const outcome = perform(fsOperations.read, fd, length - done, from);
      if (outcome.kind === 'failed') {
        if (done === 0) return outcome;
        break;
      }
      const piece = new Uint8Array(bytesReply(outcome.value));
      if (piece.byteLength === 0) break;
      ArrayPrototypePush(pieces, piece);
      done += piece.byteLength;
    }
    return { kind: 'done', value: pieces };
  }

  /** All of `bytes`, or as many as find room. */
  function writeAll(fd: number, bytes: Uint8Array, position: number): FsOutcome<number> {
    if (fd === 1 || fd === 2) {
      log(fd, texts.decode(bytes));
      return { kind: 'done', value: bytes.byteLength };
    }
    let done = 0;
    do {
      const piece = TypedArrayPrototypeSubarray(
        bytes,
        done,
        MathMin(done + limits.fsBytesPerCallMax, bytes.byteLength),
      );
      const outcome = perform(fsOperations.write, fd, exact(piece), position < 0 ? -1 : position + done);
      if (outcome.kind === 'failed') {
        if (done === 0) return outcome;
        break;
      }
      const written = numberReply(outcome.value);
      done += written;
      if (written < piece.byteLength) break;
    } while (done < bytes.byteLength);
    return { kind: 'done', value: done };
  }

  function scatter(pieces: readonly Uint8Array[], targets: readonly Uint8Array[]): number {
    let total = 0;
    let index = 0;
    let offset = 0;
    for (let i = 0; i < pieces.length; i++) {
      let rest = pieces[i];
      while (rest !== undefined && rest.byteLength > 0) {
        const target = targets[index];
        if (target === undefined) return total;
        const room = target.byteLength - offset;
        const part = TypedArrayPrototypeSubarray(rest, 0, MathMin(room, rest.byteLength));
        TypedArrayPrototypeSet(target, part, offset);
        total += part.byteLength;
        offset += part.byteLength;
        rest = TypedArrayPrototypeSubarray(rest, part.byteLength);
        if (offset === target.byteLength) {
          index++;
          offset = 0;
        }
      }
    }
    return total;
  }

  function writeWith(fd: number, bytes: Uint8Array, position: Position, request: FsRequest, context?: ErrorContext) {
    const outcome = writeAll(texts.descriptor(fd), bytes, positionOf(position));
    if (outcome.kind === 'failed' && request === undefined && context !== undefined) {
      context.errno = outcome.errno;
      context.code = describeErrno(outcome.errno)[0];
      context.syscall = 'write';
      return undefined;
    }
    return deliver(request, { syscall: 'write' }, outcome, (written) => written);
  }

  /** Anything but a number means the descriptor's own: `writeSync(fd, text, 'utf8')` passes its encoding here. */
  function positionOf(position: Position): number {
    return typeof position === 'number' || typeof position === 'bigint' ? Number(position) : -1;
  }

  function joined(pieces: readonly Uint8Array[]): Uint8Array {
    const { 0: first, length } = pieces;
    if (length === 1 && first !== undefined) return first;
    let total = 0;
    for (let i = 0; i < length; i++) total += pieces[i]?.byteLength ?? 0;
    const whole = new Uint8Array(total);
    scatter(pieces, [whole]);
    return whole;
  }

  return {
    readPieces,
    writeAll,
    exact,
    bytesOf,
    joined,
    binding: {
      read(fd: number, view: ArrayBufferView, offset: number, length: number, position: Position, request: FsRequest) {
        const outcome = readPieces(texts.descriptor(fd), length, positionOf(position));
        return deliver(request, { syscall: 'read' }, outcome, (pieces) =>
          scatter(pieces, [bytesOf(view, offset, length)]),
        );
      },
      readBuffers(fd: number, views: readonly ArrayBufferView[], position: Position, request: FsRequest) {
        const targets: Uint8Array[] = [];
        let length = 0;
        for (let i = 0; i < views.length; i++) {
          const view = views[i];
          if (view === undefined) continue;
          ArrayPrototypePush(targets, bytesOf(view));
          length += view.byteLength;
        }
        const outcome = readPieces(texts.descriptor(fd), length, positionOf(position));
        return deliver(request, { syscall: 'read' }, outcome, (pieces) => scatter(pieces, targets));
      },
      writeBuffer(
        fd: number,
        view: ArrayBufferView,
        offset: number,
        length: number,
        position: Position,
        request: FsRequest,
        context?: ErrorContext,
      ) {
        return writeWith(fd, bytesOf(view, offset, length), position, request, context);
      },
      writeBuffers(fd: number, views: readonly ArrayBufferView[], position: Position, request: FsRequest) {
        let length = 0;
        for (let i = 0; i < views.length; i++) length += views[i]?.byteLength ?? 0;
        const whole = new Uint8Array(length);
        let at = 0;
        for (let i = 0; i < views.length; i++) {
          const view = views[i];
          if (view === undefined) continue;
          TypedArrayPrototypeSet(whole, bytesOf(view), at);
          at += view.byteLength;
        }
        return writeWith(fd, whole, position, request);
      },
      writeString(
        fd: number,
        text: string,
        position: Position,
        encoding: string | undefined,
        request: FsRequest,
        context?: ErrorContext,
      ) {
        return writeWith(fd, texts.encode(text, encoding ?? 'utf8'), position, request, context);
      },
    },
  };
}
