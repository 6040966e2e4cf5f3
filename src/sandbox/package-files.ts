/**
 * The read-only part of what a function sees: `/`, `/var/task` with its package, `/opt`. Built from the package index in the
 * sandbox's package store on first use, once for all environments of a version; content is read by position from the store.
 */
import { readSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';
import type { StoreRange } from '../protocol/messages.ts';
import { createDirectory, createFile, createLink, type DirectoryInode, type PackageContent } from './volume/inode.ts';
import { fileTypes } from './volume/posix.ts';

export interface PackageFilesOptions {
  /** The package store, open for reading. */
  readonly fd: number;
  /** JSON array of `[path relative to /var/task, mode, offset, bytes]` (see DefineHead). Absent: an empty package. */
  readonly fileIndex?: StoreRange;
  /** The same for `/opt` (layers). */
  readonly optIndex?: StoreRange;
  readonly clock: Pick<Clock, 'epochMs'>;
}

/** As decoded from the index, which the host wrote. */
type PackageEntry = readonly [path: string, mode: number, offset: number, bytes: number];

export class PackageFiles {
  readonly #options: PackageFilesOptions;
  #root: DirectoryInode | undefined;

  constructor(options: PackageFilesOptions) {
    this.#options = options;
  }

  /** `/`. Its `tmp` is only the place where a volume is mounted. */
  get root(): DirectoryInode {
    this.#root ??= this.#build();
    return this.#root;
  }

  #build(): DirectoryInode {
    const { fd, fileIndex, optIndex, clock } = this.#options;
    const tree = new TreeBuilder(fd, clock.epochMs());
    tree.directory(['tmp']);
    const task = tree.directory(['var', 'task']);
    const opt = tree.directory(['opt']);
    for (const entry of readIndex(fd, fileIndex)) tree.add(task, entry);
    for (const entry of readIndex(fd, optIndex)) tree.add(opt, entry);
    return tree.root;
  }
}

class TreeBuilder {
  readonly root: DirectoryInode;
  readonly #fd: number;
  readonly #nowMs: number;
  #nextIno = 1;

  constructor(fd: number, nowMs: number) {
    this.#fd = fd;
    this.#nowMs = nowMs;
    this.root = createDirectory(this.#at(0o755));
  }

  directory(path: readonly string[], from = this.root): DirectoryInode {
    let directory = from;
    for (const name of path) {
      let next = directory.entries.get(name);
      if (next === undefined) {
        next = createDirectory(this.#at(0o755));
        directory.entries.set(name, next);
        directory.linkCount++;
      }
      invariant(next.kind === 'directory', `the package index has ${name} both as a file and as a directory`);
      directory = next;
    }
    return directory;
  }

  add(base: DirectoryInode, [path, mode, offset, bytes]: PackageEntry): void {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    invariant(!names.includes('..'), `the package index leaves its directory: ${path}`);
    const type = mode & fileTypes.mask;
    if (type === fileTypes.directory || path.endsWith('/')) {
      this.directory(names, base).mode = mode & 0o7777;
      return;
    }
    const name = names.pop();
    invariant(name !== undefined, 'the package index has an entry without a name');
    const parent = this.directory(names, base);
    const content = new StoredContent(this.#fd, offset, bytes);
    parent.entries.set(
      name,
      type === fileTypes.link
        ? createLink(this.#at(0o777), Buffer.from(content.read(0, bytes)).toString())
        : createFile(this.#at(mode), content),
    );
  }

  #at(mode: number) {
    return { ino: this.#nextIno++, tree: 'package', mode, nowMs: this.#nowMs } as const;
  }
}

class StoredContent implements PackageContent {
  readonly size: number;
  readonly #fd: number;
  readonly #offset: number;

  constructor(fd: number, offset: number, size: number) {
    this.#fd = fd;
    this.#offset = offset;
    this.size = size;
  }

  read(position: number, lengthMax: number): ArrayBuffer {
    const bytes = new Uint8Array(Math.max(0, Math.min(lengthMax, this.size - position)));
    readFully(this.#fd, bytes, this.#offset + position);
    return bytes.buffer;
  }
}

function readIndex(fd: number, range: StoreRange | undefined): readonly PackageEntry[] {
  if (range === undefined || range.bytes === 0) return [];
  const bytes = Buffer.allocUnsafeSlow(range.bytes);
  readFully(fd, bytes, range.offset);
  return JSON.parse(bytes.toString()) as PackageEntry[];
}

function readFully(fd: number, target: Uint8Array, position: number): void {
  let done = 0;
  while (done < target.byteLength) {
    const count = readSync(fd, target, done, target.byteLength - done, position + done);
    invariant(count > 0, 'the package store ends before its content');
    done += count;
  }
}

export function createPackageFiles(options: PackageFilesOptions): PackageFiles {
  return new PackageFiles(options);
}
