/** Reads ranges of the package store: an unlinked file that the host writes and this process inherited for reading. */
import { readSync } from 'node:fs';
import { invariant } from '../base/invariant.ts';
import type { StoreRange } from '../protocol/messages.ts';

export interface PackageStore {
  readonly fd: number;
  text(range: StoreRange): string;
}

export function openPackageStore(fd: number): PackageStore {
  return {
    fd,
    text(range) {
      const bytes = Buffer.allocUnsafe(range.bytes);
      let done = 0;
      while (done < range.bytes) {
        const count = readSync(fd, bytes, done, range.bytes - done, range.offset + done);
        invariant(count > 0, `the package store ends ${range.bytes - done} bytes before the end of a range`);
        done += count;
      }
      return bytes.toString('utf8');
    },
  };
}
