/** How much of the disk an open file holds, or of memory where it lies in one. */
import { fstatSync } from 'node:fs';

/** Of which `st_blocks` counts, whatever the file system's own are (stat(2)). */
const blockBytes = 512;

/**
 * Undefined: nobody can tell. Some microseconds. A hole holds nothing. Neither does what lies behind the end: file systems set some aside
 * there for a file that grows (XFS as much again), on their own account, and who may neither lengthen a file nor allocate cannot make them.
 */
export function heldBytes(fd: number): number | undefined {
  try {
    const { blocks, size } = fstatSync(fd);
    return Math.min(blocks * blockBytes, size);
  } catch {
    // EBADF: it is closed, and its sandbox gone. EIO: the disk is.
    return undefined;
  }
}
