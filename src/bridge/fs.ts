/**
 * File operations that cross the bridge, one number each. Paths are absolute POSIX paths as the guest wrote them, resolved
 * against `/var/task`; the volume normalises them and decides. Only `/tmp` can be written; `/var/task` (the package) and
 * `/opt` can be read; nothing else exists. Flags, modes and errnos are Linux's, as in `os.constants`.
 *
 * A reply is documented as `operation(arguments) -> value`.
 */
export const fsOperations = {
  /** access(path, mode) -> 0 */
  access: 1,
  /** open(path, flags, mode) -> fd */
  open: 2,
  /** close(fd) -> 0 */
  close: 3,
  /** read(fd, length, position | -1) -> ArrayBuffer of what was read, exact size, at most fsBytesPerCallMax */
  read: 4,
  /** write(fd, ArrayBuffer, position | -1) -> bytes written */
  write: 5,
  /** readFile(path | fd, flags) -> ArrayBuffer, or the length when it is more than one call carries: the guest then opens and reads */
  readFile: 6,
  /** writeFile(path | fd, flags, mode, ArrayBuffer of at most fsBytesPerCallMax) -> 0 */
  writeFile: 7,
  /** stat/lstat(path), fstat(fd) -> 18 numbers in the order of Node's stats array: dev mode nlink uid gid rdev blksize ino size blocks, then atime mtime ctime birthtime as seconds, nanoseconds */
  stat: 8,
  lstat: 9,
  fstat: 10,
  /** readdir(path) -> [name, type, name, type, ...], types are UV_DIRENT_*: 1 file, 2 directory, 3 link */
  readdir: 11,
  /** mkdir(path, mode, recursive 0|1) -> '' or the first directory made */
  mkdir: 12,
  /** mkdtemp(prefix) -> path */
  mkdtemp: 13,
  rmdir: 14,
  unlink: 15,
  /** rename(from, to) -> 0 */
  rename: 16,
  /** copyFile(from, to, flags, position) -> position to go on from, or 0 when all is copied; one call copies at most fsBytesPerCallMax */
  copyFile: 17,
  /** symlink(target, path) -> 0. Links are resolved inside the volume only. */
  symlink: 18,
  /** readlink(path) -> target */
  readlink: 19,
  /** realpath(path) -> path */
  realpath: 20,
  /** ftruncate(fd, length) -> 0 */
  ftruncate: 21,
  /** fsync(fd) -> 0 */
  fsync: 22,
  /** chmod(path, mode), fchmod(fd, mode) -> 0 */
  chmod: 23,
  fchmod: 24,
  /** utimes(path, atime s, mtime s), futimes(fd, ...), lutimes -> 0 */
  utimes: 25,
  futimes: 26,
  lutimes: 27,
  /** link(existing, path) -> 0 */
  link: 28,
  /** statfs(path) -> [type, bsize, blocks, bfree, bavail, files, ffree] */
  statfs: 29,
  /** rm(path, recursive 0|1) -> 0: removes a tree in one call */
  rm: 30,
  /** truncate(path, length) -> 0 */
  truncate: 31,
  /** chown/lchown(path, uid, gid), fchown(fd, uid, gid): accepted for the environment's own uid and gid, or -1, only -> 0 */
  chown: 32,
  fchown: 33,
  lchown: 34,
} as const;

export type FsOperation = (typeof fsOperations)[keyof typeof fsOperations];
