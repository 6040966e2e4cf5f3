/** Node's `internalBinding('fs_dir')`: `opendir`. The names are listed when the directory is opened. */
import { fsOperations } from '../../../../src/bridge/fs.ts';
import type { FsParts } from './parts.ts';
import { type FsOutcome, type FsRequest, listReply } from './request.ts';

const { ArrayPrototypePush, MathMin } = primordials;

/** EBADF: what a closed directory answers. */
const closedErrno = -9;

export function createFsDirBinding(parts: FsParts) {
  const { perform, deliver, deliverNothing } = parts.requests;
  const { path: pathOf, name: nameOf } = parts.texts;

  class DirHandle {
    #list: readonly (string | number)[] | undefined;
    #next = 0;

    constructor(list: readonly (string | number)[]) {
      this.#list = list;
    }

    /** Up to `countMax` times name and type in one flat array; null at the end. */
    read(encoding: string | undefined, countMax: number, request: FsRequest) {
      return deliver(request, { syscall: 'scandir' }, this.#take(encoding, countMax), (taken) => taken);
    }

    close(request: FsRequest) {
      const outcome: FsOutcome<unknown> =
        this.#list === undefined ? { kind: 'failed', errno: closedErrno, syscall: '' } : { kind: 'done', value: 0 };
      this.#list = undefined;
      return deliverNothing(request, { syscall: 'closedir' }, outcome);
    }

    #take(encoding: string | undefined, countMax: number): FsOutcome<(string | number | Uint8Array)[] | null> {
      const list = this.#list;
      if (list === undefined) return { kind: 'failed', errno: closedErrno, syscall: '' };
      if (this.#next >= list.length) return { kind: 'done', value: null };
      const taken: (string | number | Uint8Array)[] = [];
      const end = MathMin(list.length, this.#next + 2 * countMax);
      for (; this.#next < end; this.#next++) {
        const item = list[this.#next] ?? '';
        ArrayPrototypePush(taken, typeof item === 'string' ? nameOf(item, encoding) : item);
      }
      return { kind: 'done', value: taken };
    }
  }

  return {
    DirHandle,
    opendir(path: string | Uint8Array, _encoding: string | undefined, request: FsRequest) {
      const text = pathOf(path);
      const outcome = perform(fsOperations.readdir, text);
      return deliver(request, { syscall: 'opendir', path: text }, outcome, (reply) => new DirHandle(listReply(reply)));
    },
    /** Names no path in its error; nor does Node's. */
    opendirSync(path: string | Uint8Array) {
      const outcome = perform(fsOperations.readdir, pathOf(path));
      return deliver(undefined, { syscall: 'opendir' }, outcome, (reply) => new DirHandle(listReply(reply)));
    },
  };
}
