/** Operations on open files: open, read, write, truncate. Arguments are decoded already. */
import { limits } from '../../model/limits.ts';
import { FileContent } from './file-content.ts';
import type { DirectoryInode, FileInode, Inode } from './inode.ts';
import type { Namespace, Place } from './namespace.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';
import { requireEntryChange, requireRead, requireWrite } from './permissions.ts';
import { creationMask, failure, openFlags } from './posix.ts';
import type { Volume } from './volume.ts';

export class DescriptorOperations {
  readonly #namespace: Namespace;
  readonly #volume: Volume;
  readonly #files: OpenFiles;

  constructor(namespace: Namespace, volume: Volume, files: OpenFiles) {
    this.#namespace = namespace;
    this.#volume = volume;
    this.#files = files;
  }

  open(path: string, flags: number, mode: number): number {
    const has = (flag: number) => (flags & flag) === flag;
    const access = accessOf(flags);
    if (has(openFlags.temporary) || has(openFlags.pathOnly)) throw failure('EOPNOTSUPP');
    if (has(openFlags.create | openFlags.directory)) throw failure('EINVAL');
    this.#files.requireRoom();

    if (has(openFlags.create) && path.endsWith('/')) {
      // The kernel refuses before it looks at the last component, once the way there is found.
      this.#namespace.locate(path, 'name');
      throw failure('EISDIR');
    }
    const isExclusive = has(openFlags.create | openFlags.exclusive);
    const place = this.#namespace.locate(path, has(openFlags.noFollow) || isExclusive ? 'nofollow' : 'follow');
    const inode =
      place.inode === undefined ? this.#create(place, flags, mode) : existing(place, place.inode, flags, access);
    if (has(openFlags.truncate) && inode.kind === 'file' && place.inode !== undefined) this.#truncate(inode, 0);
    return this.#files.add({ inode, access, appends: has(openFlags.append), position: 0 });
  }

  close(descriptor: number): void {
    this.#files.close(descriptor);
  }

  inodeOf(descriptor: number): FileInode | DirectoryInode {
    return this.#files.get(descriptor).inode;
  }

  /** Short when the file ends or the call would carry more than one may. */
  read(descriptor: number, length: number, position: number | undefined): ArrayBuffer {
    const file = this.#files.get(descriptor);
    if (file.access === 'write') throw failure('EBADF');
    if (file.inode.kind === 'directory') throw failure('EISDIR');
    const from = position ?? file.position;
    const bytes = file.inode.content.read(from, Math.min(length, limits.fsBytesPerCallMax));
    if (position === undefined) file.position += bytes.byteLength;
    return bytes;
  }

  write(descriptor: number, bytes: Uint8Array, position: number | undefined): number {
    const file = this.#files.get(descriptor);
    const content = writableContent(file);
    // Linux appends even when a position is given (pwrite(2), BUGS).
    const from = file.appends ? content.size : (position ?? file.position);
    const written = content.write(from, bytes);
    if (position === undefined) file.position = from + written;
    if (written > 0) this.#volume.touch(file.inode);
    return written;
  }

  /** All of `bytes`, or ENOSPC after as much as found room. */
  writeAll(descriptor: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength; ) done += this.write(descriptor, bytes.subarray(done), undefined);
  }

  /** What lies between the position and the end, or its length when that is more than one call may carry. */
  readRest(descriptor: number): ArrayBuffer | number {
    const { inode, position } = this.#files.get(descriptor);
    const length = inode.kind === 'file' ? Math.max(0, inode.content.size - position) : 0;
    return length > limits.fsBytesPerCallMax ? length : this.read(descriptor, length, undefined);
  }

  truncateDescriptor(descriptor: number, length: number): void {
    const file = this.#files.get(descriptor);
    if (file.access === 'read' || file.inode.kind !== 'file') throw failure('EINVAL');
    this.#truncate(file.inode, length);
  }

  truncatePath(path: string, length: number): void {
    const inode = this.#namespace.find(path, 'follow');
    if (inode.kind === 'directory') throw failure('EISDIR');
    requireWrite(inode);
    this.#truncate(inode, length);
  }

  #truncate(inode: Inode, length: number): void {
    if (inode.kind !== 'file' || !(inode.content instanceof FileContent)) throw failure('EINVAL');
    inode.content.truncate(length);
    this.#volume.touch(inode);
  }

  #create(place: Place, flags: number, mode: number): FileInode {
    if ((flags & openFlags.create) === 0 || place.last.kind !== 'name') throw failure('ENOENT');
    if (place.mustBeDirectory) throw failure('EISDIR');
    requireEntryChange(place.parent);
    const file = this.#volume.createFile(mode & ~creationMask);
    this.#volume.nameNew(place.parent, place.last.name, file);
    return file;
  }
}

/** Checks in the kernel's order (`do_open`, `may_open`) whether what exists may be opened so. */
function existing(place: Place, inode: Inode, flags: number, access: OpenFile['access']): FileInode | DirectoryInode {
  const has = (flag: number) => (flags & flag) === flag;
  const changes = access !== 'read' || has(openFlags.truncate);
  if (has(openFlags.create)) {
    if (has(openFlags.exclusive)) throw failure('EEXIST');
    if (place.mustBeDirectory || inode.kind === 'directory') throw failure('EISDIR');
  }
  if (inode.kind === 'link') throw failure('ELOOP');
  if (inode.kind === 'file' && (place.mustBeDirectory || has(openFlags.directory))) throw failure('ENOTDIR');
  if (inode.kind === 'directory' && changes) throw failure('EISDIR');
  if (access !== 'write') requireRead(inode);
  if (changes) requireWrite(inode);
  return inode;
}

function accessOf(flags: number): OpenFile['access'] {
  switch (flags & openFlags.accessMode) {
    case openFlags.readOnly:
      return 'read';
    case openFlags.writeOnly:
      return 'write';
    case openFlags.readWrite:
      return 'both';
    default:
      throw failure('EINVAL');
  }
}

function writableContent(file: OpenFile): FileContent {
  if (file.access === 'read' || file.inode.kind !== 'file') throw failure('EBADF');
  if (!(file.inode.content instanceof FileContent)) throw failure('EBADF');
  return file.inode.content;
}
