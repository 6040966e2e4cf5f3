/**
 * Who may do what: one user owns all of a volume and is not root, so the owner's bits decide; the package can be read and not changed,
 * whatever modes its archive had.
 */
import type { DirectoryInode, Inode } from './inode.ts';
import { accessModes, failure } from './posix.ts';

export function requireRead(inode: Inode): void {
  if (inode.tree === 'volume' && (inode.mode & 0o400) === 0) throw failure('EACCES');
}

/** The content of a file. */
export function requireWrite(inode: Inode): void {
  requireWritableTree(inode);
  if ((inode.mode & 0o200) === 0) throw failure('EACCES');
}

/** Making, moving or removing a name in `directory`. */
export function requireEntryChange(directory: DirectoryInode): void {
  requireWritableTree(directory);
  if (directory.linkCount === 0) throw failure('ENOENT');
  if ((directory.mode & 0o300) !== 0o300) throw failure('EACCES');
}

/** Mode, owner and times. */
export function requireWritableTree(inode: Inode): void {
  if (inode.tree === 'package') throw failure('EROFS');
}

/** access(2). */
export function requireAccess(inode: Inode, mode: number): void {
  if ((mode & accessModes.write) !== 0) requireWrite(inode);
  if ((mode & accessModes.read) !== 0) requireRead(inode);
  // Nobody may execute what has no x bit at all; directories of the package all have one.
  if ((mode & accessModes.execute) !== 0 && (inode.mode & (inode.tree === 'volume' ? 0o100 : 0o111)) === 0) {
    throw failure('EACCES');
  }
}
