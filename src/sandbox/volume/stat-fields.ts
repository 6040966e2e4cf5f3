/** What stat(2) and statfs(2) say, as the flat arrays that cross the bridge. */
import { blockBytes } from './blocks.ts';
import { FileContent } from './file-content.ts';
import { type Inode, sizeOf, typeBits } from './inode.ts';
import { owner } from './posix.ts';
import type { Volume } from './volume.ts';

const devices = { package: 1, volume: 2 } as const;
/** EXT4_SUPER_MAGIC: what `/tmp` is on Lambda. */
const fileSystemType = 0xef53;

/** dev mode nlink uid gid rdev blksize ino size blocks, then atime mtime ctime birthtime as seconds, nanoseconds. */
export function statFields(inode: Inode): number[] {
  const ids = inode.tree === 'volume' ? owner : { uid: 0, gid: 0 };
  const size = sizeOf(inode);
  return [
    devices[inode.tree],
    typeBits(inode) | inode.mode,
    inode.linkCount,
    ids.uid,
    ids.gid,
    0,
    blockBytes,
    inode.ino,
    size,
    sectorsOf(inode, size),
    ...secondsAndNanoseconds(inode.accessedMs),
    ...secondsAndNanoseconds(inode.modifiedMs),
    ...secondsAndNanoseconds(inode.changedMs),
    ...secondsAndNanoseconds(inode.bornMs),
  ];
}

/** [type, bsize, blocks, bfree, bavail, files, ffree] */
export function spaceFields(inode: Inode, volume: Volume): number[] {
  if (inode.tree === 'package') return [fileSystemType, blockBytes, 0, 0, 0, 0, 0];
  const { blocks, blocksFree, inodes, inodesFree } = volume.space;
  return [fileSystemType, blockBytes, blocks, blocksFree, blocksFree, inodes, inodesFree];
}

/** stat counts blocks of 512 bytes whatever the block size is. */
function sectorsOf(inode: Inode, size: number): number {
  if (inode.kind !== 'file') return inode.kind === 'directory' ? blockBytes / 512 : 0;
  const blocks = inode.content instanceof FileContent ? inode.content.blockCount : Math.ceil(size / blockBytes);
  return (blocks * blockBytes) / 512;
}

/** Microseconds are what the arithmetic of a double keeps; negative times count back from the second below. */
function secondsAndNanoseconds(timeMs: number): [number, number] {
  const microseconds = Math.round(timeMs * 1e3);
  const seconds = Math.floor(microseconds / 1e6);
  return [seconds, (microseconds - seconds * 1e6) * 1e3];
}
