/**
 * Finds what a path means: one virtual tree, the read-only package with a volume mounted at `/tmp`. Walks components as the
 * kernel's path resolution does (path_resolution(7)), over inodes only: no string ever reaches a real file system, so `..`, links
 * and absolute paths lead nowhere but to this tree. Decides; changes nothing.
 */
import { limits } from '../../model/limits.ts';
import type { PackageFiles } from '../package-files.ts';
import type { DirectoryInode, Inode } from './inode.ts';
import { failure } from './posix.ts';
import type { Volume } from './volume.ts';

/** Where a path ends. */
export interface Place {
  /** Directories from `/` to the one that holds the last component. */
  readonly parents: readonly DirectoryInode[];
  /** Their names, without that of `/`. */
  readonly parentNames: readonly string[];
  readonly parent: DirectoryInode;
  /** The last component; for `.`, `..` and `/` there is none that could be made or removed. */
  readonly last: { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dot' | 'dotdot' | 'root' };
  /** Undefined: nothing has that name, though the directory exists. */
  readonly inode: Inode | undefined;
  /** The path ends in a slash, so only a directory can be meant. */
  readonly mustBeDirectory: boolean;
}

/**
 * Whether the last component is followed if it is a link: `follow`; `nofollow`, where a trailing slash still does; `name` for the
 * calls that make, move or remove the name itself and never look through it.
 */
export type FollowLast = 'follow' | 'nofollow' | 'name';

export class Namespace {
  readonly #packageFiles: PackageFiles;
  readonly #volume: Volume;

  constructor(packageFiles: PackageFiles, volume: Volume) {
    this.#packageFiles = packageFiles;
    this.#volume = volume;
  }

  /**
   * @throws ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES as the kernel does; the last component may be missing.
   */
  locate(path: string, followLast: FollowLast): Place {
    checkPath(path);
    const walk = new Walk(this.#packageFiles.root);
    if (!path.startsWith('/')) walk.enterTaskRoot();
    // Last component first, so that a link's target goes in front of what remains.
    const pending = components(path).reverse();
    let endsInSlash = path.endsWith('/');
    let linksFollowed = 0;
    let last: Place['last'] = { kind: 'root' };

    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const isLast = pending.length === 0;
      const current = walk.current;
      requireSearch(current);
      if (name === '.') {
        last = { kind: 'dot' };
        continue;
      }
      if (name === '..') {
        walk.leave();
        last = { kind: 'dotdot' };
        continue;
      }
      if (Buffer.byteLength(name) > limits.nameLengthMax) throw failure('ENAMETOOLONG');

      const inode = this.#lookup(current, name);
      if (inode?.kind === 'link' && (!isLast || followLast === 'follow' || (endsInSlash && followLast !== 'name'))) {
        if (++linksFollowed > limits.symlinksFollowedMax) throw failure('ELOOP');
        if (inode.target.startsWith('/')) walk.restart();
        if (isLast && inode.target.endsWith('/')) endsInSlash = true;
        for (const component of components(inode.target).reverse()) pending.push(component);
        last = { kind: 'root' };
        continue;
      }
      if (isLast) return walk.placeOf(name, inode, endsInSlash);
      if (inode === undefined) throw failure('ENOENT');
      if (inode.kind !== 'directory') throw failure('ENOTDIR');
      walk.enter(name, inode);
    }
    return walk.placeHere(last);
  }

  /** The same for a path that must exist. */
  find(path: string, followLast: FollowLast): Inode {
    const place = this.locate(path, followLast);
    if (place.inode === undefined) throw failure('ENOENT');
    if (place.mustBeDirectory && place.inode.kind !== 'directory') throw failure('ENOTDIR');
    return place.inode;
  }

  isMountPoint(inode: Inode): boolean {
    return inode === this.#volume.root;
  }

  #lookup(directory: DirectoryInode, name: string): Inode | undefined {
    if (name === 'tmp' && directory === this.#packageFiles.root) return this.#volume.root;
    return directory.entries.get(name);
  }
}

/** Where a walk stands: the directories from `/` on. */
class Walk {
  readonly #directories: DirectoryInode[];
  readonly #names: string[] = [];

  constructor(root: DirectoryInode) {
    this.#directories = [root];
  }

  get current(): DirectoryInode {
    const current = this.#directories.at(-1);
    if (current === undefined) throw failure('ENOENT');
    return current;
  }

  enter(name: string, directory: DirectoryInode): void {
    this.#directories.push(directory);
    this.#names.push(name);
  }

  /** `..`; that of `/` is `/`. */
  leave(): void {
    if (this.#names.pop() !== undefined) this.#directories.pop();
  }

  restart(): void {
    this.#directories.length = 1;
    this.#names.length = 0;
  }

  /** Relative paths start in `/var/task`, the working directory of every function (F2.1). */
  enterTaskRoot(): void {
    for (const name of ['var', 'task']) {
      const next = this.current.entries.get(name);
      if (next?.kind !== 'directory') throw failure('ENOENT');
      this.enter(name, next);
    }
  }

  placeOf(name: string, inode: Inode | undefined, mustBeDirectory: boolean): Place {
    return {
      parents: this.#directories,
      parentNames: this.#names,
      parent: this.current,
      last: { kind: 'name', name },
      inode,
      mustBeDirectory,
    };
  }

  placeHere(last: Place['last']): Place {
    return {
      parents: this.#directories,
      parentNames: this.#names,
      parent: this.current,
      last,
      inode: this.current,
      mustBeDirectory: true,
    };
  }
}

/** Canonical path of a place that exists. */
export function canonicalPath(place: Place): string {
  const names = place.last.kind === 'name' ? [...place.parentNames, place.last.name] : place.parentNames;
  return `/${names.join('/')}`;
}

export function checkPath(path: string): void {
  if (path === '') throw failure('ENOENT');
  if (path.includes('\0')) throw failure('EINVAL');
  // PATH_MAX counts the terminating NUL. The first test spares counting the bytes of a text of any length.
  if (path.length >= limits.pathLengthMax || Buffer.byteLength(path) >= limits.pathLengthMax)
    throw failure('ENAMETOOLONG');
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

/** The package is readable as a whole, whatever modes its archive had. */
function requireSearch(directory: DirectoryInode): void {
  if (directory.tree === 'volume' && (directory.mode & 0o100) === 0) throw failure('EACCES');
}
