/** `stat` and its kin: the arrays that Node makes its Stats objects from. */

import type { FsReply } from '../../../../src/bridge/contract.ts';
import { fsOperations } from '../../../../src/bridge/fs.ts';
import { type FsOutcome, type FsRequest, type FsRequests, listReply } from './request.ts';
import type { FsTexts } from './text.ts';

const { ArrayPrototypeSlice, BigInt, BigInt64Array, Float64Array } = primordials;

type PathLike = string | Uint8Array;

const fieldCount = 18;
/** Negative, as they come. */
const missing = { ENOENT: -2, ENOTDIR: -20 } as const;
const fileTypeMask = 0o170000;
const directoryType = 0o040000;

/** `/dev/null` as standard input, pipes as output: what the streams of a Lambda runtime are. */
const standardStreams: readonly (readonly number[])[] = [
  [0, 0o020666, 1, 0, 0, 0, 4096, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 0o010600, 1, 0, 0, 0, 4096, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 0o010600, 1, 0, 0, 0, 4096, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];

export function createFsStats(requests: FsRequests, texts: FsTexts) {
  const { perform, deliver } = requests;

  function toArray(fields: readonly (string | number)[], isBigInt: boolean): Float64Array | BigInt64Array {
    if (isBigInt) {
      const values = new BigInt64Array(fields.length);
      for (let i = 0; i < fields.length; i++) values[i] = BigInt(fields[i] ?? 0);
      return values;
    }
    const values = new Float64Array(fields.length);
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (typeof field === 'number') values[i] = field;
    }
    return values;
  }

  /** With `throwIfNoEntry: false`, what is missing is an answer like another: undefined. lstat(2) takes only ENOENT for missing. */
  function deliverStats(
    request: FsRequest,
    syscall: string,
    path: string | undefined,
    outcome: FsOutcome<FsReply>,
    isBigInt: boolean,
    throwIfNoEntry: boolean | undefined,
  ) {
    const subject = path === undefined ? { syscall } : { syscall, path };
    if (throwIfNoEntry === false && outcome.kind === 'failed') {
      if (outcome.errno === missing.ENOENT || (outcome.errno === missing.ENOTDIR && syscall === 'stat')) {
        const nothing: FsOutcome<undefined> = { kind: 'done', value: undefined };
        return deliver(request, subject, nothing, () => undefined);
      }
    }
    return deliver(request, subject, outcome, (reply) => toArray(listReply(reply), isBigInt));
  }

  return {
    fieldCount,
    binding: {
      stat(path: PathLike, isBigInt: boolean, request: FsRequest, throwIfNoEntry?: boolean) {
        const text = texts.path(path);
        return deliverStats(request, 'stat', text, perform(fsOperations.stat, text), isBigInt, throwIfNoEntry);
      },
      lstat(path: PathLike, isBigInt: boolean, request: FsRequest, throwIfNoEntry?: boolean) {
        const text = texts.path(path);
        return deliverStats(request, 'lstat', text, perform(fsOperations.lstat, text), isBigInt, throwIfNoEntry);
      },
      fstat(fd: number, isBigInt: boolean, request: FsRequest) {
        const standard = standardStreams[texts.descriptor(fd)];
        const outcome: FsOutcome<FsReply> =
          standard === undefined
            ? perform(fsOperations.fstat, fd)
            : { kind: 'done', value: ArrayPrototypeSlice(standard) };
        return deliverStats(request, 'fstat', undefined, outcome, isBigInt, true);
      },
      statfs(path: PathLike, isBigInt: boolean, request: FsRequest) {
        const text = texts.path(path);
        const outcome = perform(fsOperations.statfs, text);
        return deliver(request, { syscall: 'statfs', path: text }, outcome, (reply) => {
          const {
            0: type = 0,
            1: bsize = 0,
            2: blocks = 0,
            3: free = 0,
            4: available = 0,
            5: files = 0,
            6: ffree = 0,
          } = listReply(reply);
          // Node 26 has the fragment size after the block size.
          return toArray([type, bsize, bsize, blocks, free, available, files, ffree], isBigInt);
        });
      },
      /** 0: a file, 1: a directory, negative: neither. */
      internalModuleStat(path: string): number {
        const outcome = perform(fsOperations.stat, path);
        if (outcome.kind === 'failed') return outcome.errno;
        const mode = listReply(outcome.value)[1];
        return typeof mode === 'number' && (mode & fileTypeMask) === directoryType ? 1 : 0;
      },
    },
  };
}
