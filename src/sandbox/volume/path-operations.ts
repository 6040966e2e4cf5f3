/** Operations on names: make, move, link, remove, list. Arguments are decoded already; the order of checks is the kernel's. */
import { type DirectoryInode, type Inode, typeBits } from './inode.ts';
import { canonicalPath, checkPath, type Namespace, type Place } from './namespace.ts';
import { requireAccess, requireEntryChange, requireRead, requireWritableTree } from './permissions.ts';
import { creationMask, failure, fileTypes, owner, PosixError } from './posix.ts';
import type { Volume } from './volume.ts';

/** ext4's most names of one inode. */
const linkCountMax = 65_000;

interface NamedPlace extends Place {
  readonly last: { readonly kind: 'name'; readonly name: string };
}

export class PathOperations {
  readonly #namespace: Namespace;
  readonly #volume: Volume;
  readonly #random: (byteCount: number) => Uint8Array;

  constructor(namespace: Namespace, volume: Volume, random: (byteCount: number) => Uint8Array) {
    this.#namespace = namespace;
    this.#volume = volume;
    this.#random = random;
  }

  access(path: string, mode: number): void {
    requireAccess(this.#namespace.find(path, 'follow'), mode);
  }

  /** `[name, type, ...]`, sorted as libuv's scandir sorts. */
  readdir(path: string): (string | number)[] {
    const inode = this.#namespace.find(path, 'follow');
    if (inode.kind !== 'directory') throw failure('ENOTDIR');
    requireRead(inode);
    const names = [...inode.entries.keys()].sort();
    return names.flatMap((name) => [name, direntType(inode.entries.get(name))]);
  }

  mkdir(path: string, mode: number): void {
    const place = this.#newName(path, 'directory');
    const directory = this.#volume.createDirectory(mode & ~creationMask);
    this.#volume.nameNew(place.parent, place.last.name, directory);
  }

  /** Makes what is missing; returns the first directory made, or ''. */
  mkdirAll(path: string, mode: number): string {
    const missing: string[] = [];
    let first = '';
    let returned = false;
    for (let next: string | undefined = path; next !== undefined; ) {
      const outcome = this.#tryMkdir(next, mode, missing.length > 0 ? 'ENOTDIR' : 'EEXIST');
      if (outcome === 'parent-missing') {
        // Once the way back has begun, every parent was there: going up again would never end.
        if (returned) throw failure('ENOENT');
        missing.push(next);
        next = parentPath(next);
        continue;
      }
      if (outcome === 'made' && first === '') first = next;
      returned = true;
      next = missing.pop();
    }
    return first;
  }

  mkdtemp(prefix: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    // 62^6 names: if a hundred are taken, the guest has run out of inodes long before.
    for (let attempt = 0; attempt < 100; attempt++) {
      const path = prefix + Array.from(this.#random(6), (byte) => alphabet[byte % alphabet.length]).join('');
      try {
        this.#mkdtempOnce(path);
        return path;
      } catch (error) {
        if (error !== failure('EEXIST')) throw error;
      }
    }
    throw failure('EEXIST');
  }

  rmdir(path: string): void {
    const place = this.#namespace.locate(path, 'name');
    if (place.last.kind !== 'name') throw failure(rmdirRefusals[place.last.kind]);
    const inode = existing(place);
    if (inode.kind !== 'directory') throw failure('ENOTDIR');
    if (inode.entries.size > 0) throw failure('ENOTEMPTY');
    this.#remove(place.parent, place.last.name, inode);
  }

  unlink(path: string): void {
    const place = this.#namespace.locate(path, 'name');
    if (place.last.kind !== 'name') throw failure('EISDIR');
    const inode = existing(place);
    if (inode.kind === 'directory') throw failure('EISDIR');
    if (place.mustBeDirectory) throw failure('ENOTDIR');
    this.#remove(place.parent, place.last.name, inode);
  }

  /** Removes a name and, if it is a directory, everything in it. Iterative: renames can nest deeper than any stack. */
  rmAll(path: string): void {
    const place = this.#namespace.locate(path, 'name');
    if (place.inode !== undefined && this.#namespace.isMountPoint(place.inode)) {
      this.#empty(this.#volume.root);
      throw failure('EBUSY');
    }
    if (place.last.kind !== 'name') throw failure('EINVAL');
    const inode = existing(place);
    if (inode.kind === 'directory') this.#empty(inode);
    this.#remove(place.parent, place.last.name, inode);
  }

  rename(from: string, to: string): void {
    const source = this.#namespace.locate(from, 'name');
    const target = this.#namespace.locate(to, 'name');
    // Before the kinds of the last component, as the kernel does.
    if (source.parent.tree !== target.parent.tree) throw failure('EXDEV');
    if (source.last.kind !== 'name' || target.last.kind !== 'name') throw failure('EBUSY');
    requireWritableTree(source.parent);
    const inode = existing(source);
    const replaced = target.inode;
    if (inode.kind === 'directory') {
      if (target.parents.includes(inode)) throw failure('EINVAL');
    } else if (source.mustBeDirectory || target.mustBeDirectory) {
      throw failure('ENOTDIR');
    }
    if (replaced?.kind === 'directory' && source.parents.includes(replaced)) throw failure('ENOTEMPTY');
    if (inode === replaced) return;
    requireEntryChange(target.parent);
    if (replaced !== undefined) {
      requireReplaceable(inode, replaced);
      this.#remove(target.parent, target.last.name, replaced);
    }
    this.#volume.addEntry(target.parent, target.last.name, inode);
    this.#volume.removeEntry(source.parent, source.last.name);
    this.#volume.touchStatus(inode);
  }

  link(existingPath: string, path: string): void {
    const inode = this.#namespace.find(existingPath, 'nofollow');
    const place = this.#newName(path, 'other');
    if (inode.tree !== place.parent.tree) throw failure('EXDEV');
    if (inode.kind === 'directory') throw failure('EPERM');
    if (inode.linkCount >= linkCountMax) throw failure('EMLINK');
    this.#volume.addEntry(place.parent, place.last.name, inode);
    inode.linkCount++;
    this.#volume.touchStatus(inode);
  }

  symlink(target: string, path: string): void {
    checkPath(target);
    const place = this.#newName(path, 'other');
    this.#volume.nameNew(place.parent, place.last.name, this.#volume.createLink(target));
  }

  readlink(path: string): string {
    const inode = this.#namespace.find(path, 'nofollow');
    if (inode.kind !== 'link') throw failure('EINVAL');
    return inode.target;
  }

  realpath(path: string): string {
    const place = this.#namespace.locate(path, 'follow');
    if (place.inode === undefined) throw failure('ENOENT');
    if (place.mustBeDirectory && place.inode.kind !== 'directory') throw failure('ENOTDIR');
    return canonicalPath(place);
  }

  chmod(inode: Inode, mode: number): void {
    requireWritableTree(inode);
    inode.mode = mode;
    this.#volume.touchStatus(inode);
  }

  setTimes(inode: Inode, accessedMs: number, modifiedMs: number): void {
    requireWritableTree(inode);
    inode.accessedMs = accessedMs;
    inode.modifiedMs = modifiedMs;
    this.#volume.touchStatus(inode);
  }

  chown(inode: Inode, uid: number, gid: number): void {
    requireWritableTree(inode);
    if ((uid !== -1 && uid !== owner.uid) || (gid !== -1 && gid !== owner.gid)) throw failure('EPERM');
    this.#volume.touchStatus(inode);
  }

  /** A name that does not exist yet, where one may be made. */
  #newName(path: string, made: 'directory' | 'other'): NamedPlace {
    const place = this.#namespace.locate(path, 'name');
    if (!isNamed(place) || place.inode !== undefined) throw failure('EEXIST');
    if (place.mustBeDirectory && made !== 'directory') throw failure('ENOENT');
    requireEntryChange(place.parent);
    return place;
  }

  #tryMkdir(path: string, mode: number, ifFile: 'ENOTDIR' | 'EEXIST'): 'made' | 'there' | 'parent-missing' {
    try {
      this.mkdir(path, mode);
      return 'made';
    } catch (error) {
      if (!(error instanceof PosixError)) throw error;
      if (error === failure('ENOENT') && parentPath(path) !== undefined) return 'parent-missing';
      if (error !== failure('EEXIST') && error !== failure('EROFS') && error !== failure('ENOENT')) throw error;
      // Node looks what is there instead, and that fails in its own way: a dangling link is ENOENT.
      if (this.#namespace.find(path, 'follow').kind === 'directory') return 'there';
      throw failure(ifFile);
    }
  }

  #mkdtempOnce(path: string): void {
    const place = this.#newName(path, 'directory');
    this.#volume.nameNew(place.parent, place.last.name, this.#volume.createDirectory(0o700));
  }

  #remove(parent: DirectoryInode, name: string, inode: Inode): void {
    requireEntryChange(parent);
    this.#volume.removeEntry(parent, name);
    inode.linkCount = inode.kind === 'directory' ? 0 : inode.linkCount - 1;
    this.#volume.touchStatus(inode);
    this.#volume.reclaim(inode);
  }

  #empty(directory: DirectoryInode): void {
    const path = [directory];
    for (let current = path.at(-1); current !== undefined; current = path.at(-1)) {
      const subdirectory = this.#emptyOfFiles(current);
      if (subdirectory !== undefined) {
        path.push(subdirectory);
        continue;
      }
      path.pop();
    }
  }

  /** Removes what is not a directory, and directories that are empty. Returns one that is not, if there is any. */
  #emptyOfFiles(directory: DirectoryInode): DirectoryInode | undefined {
    for (const [name, inode] of directory.entries) {
      if (inode.kind === 'directory' && inode.entries.size > 0) return inode;
      this.#remove(directory, name, inode);
    }
    return undefined;
  }
}

const rmdirRefusals = { dot: 'EINVAL', dotdot: 'ENOTEMPTY', root: 'EBUSY' } as const;

/** What a call that removes or moves a name found. The tree is checked first, as the kernel checks the mount. */
function existing(place: Place): Inode {
  requireWritableTree(place.parent);
  if (place.inode === undefined) throw failure('ENOENT');
  return place.inode;
}

function isNamed(place: Place): place is NamedPlace {
  return place.last.kind === 'name';
}

function requireReplaceable(inode: Inode, replaced: Inode): void {
  if (inode.kind === 'directory' && replaced.kind !== 'directory') throw failure('ENOTDIR');
  if (inode.kind !== 'directory' && replaced.kind === 'directory') throw failure('EISDIR');
  if (replaced.kind === 'directory' && replaced.entries.size > 0) throw failure('ENOTEMPTY');
}

/** Undefined when nothing is above. Node's recursive mkdir cuts at the last slash in the same way. */
function parentPath(path: string): string | undefined {
  const end = path.replace(/\/+$/, '').lastIndexOf('/');
  return end <= 0 ? undefined : path.slice(0, end);
}

/** UV_DIRENT_FILE, UV_DIRENT_DIR, UV_DIRENT_LINK. */
function direntType(inode: Inode | undefined): number {
  if (inode === undefined) return 0;
  switch (typeBits(inode)) {
    case fileTypes.directory:
      return 2;
    case fileTypes.link:
      return 3;
    default:
      return 1;
  }
}
