/** The object under `fs.promises`' FileHandle: owns a descriptor until it is closed or released. */
import { fsOperations } from '../../../../src/bridge/fs.ts';
import { type FsOutcome, type FsRequests, kUsePromises } from './request.ts';

export function createFileHandle(requests: FsRequests) {
  const { perform, deliverNothing } = requests;

  function closeNow(fd: number): FsOutcome<unknown> {
    return fd <= 2 ? { kind: 'done', value: 0 } : perform(fsOperations.close, fd);
  }

  return class FileHandle {
    /** Where node:http2 and others ask whether this is a stream. */
    readonly isStreamBase = true;
    onread: unknown;
    #fd: number;

    constructor(fd: number) {
      this.#fd = fd;
    }

    get fd(): number {
      return this.#fd;
    }

    getAsyncId(): number {
      return 0;
    }

    close(): unknown {
      return deliverNothing(kUsePromises, { syscall: 'close' }, closeNow(this.releaseFD()));
    }

    closeSync(): void {
      deliverNothing(undefined, { syscall: 'close' }, closeNow(this.releaseFD()));
    }

    releaseFD(): number {
      const fd = this.#fd;
      this.#fd = -1;
      return fd;
    }
  };
}
