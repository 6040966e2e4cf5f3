/**
 * The file system of one environment as its guest calls it: decodes an operation of `bridge/fs.ts`, carries it out on the volume and
 * the package, and encodes the answer. Every way in is hostile; every way out is a value. Nothing here waits.
 */
import { randomBytes } from 'node:crypto';
import { type FsReply, fsFailureMarker } from '../../bridge/contract.ts';
import { fsOperations } from '../../bridge/fs.ts';
import { limits } from '../../model/limits.ts';
import { defaultBounds, type GuestBounds } from '../limit-book.ts';
import type { PackageFiles } from '../package-files.ts';
import {
  bytesArgument,
  descriptorArgument,
  flagsArgument,
  giveBack,
  integerArgument,
  lengthArgument,
  modeArgument,
  ownerArgument,
  pathArgument,
  positionArgument,
  textArgument,
  timeArgument,
} from './arguments.ts';
import { DescriptorOperations } from './descriptor-operations.ts';
import { Namespace } from './namespace.ts';
import { OpenFiles } from './open-files.ts';
import { PathOperations } from './path-operations.ts';
import { copyFlags, errnos, failure, openFlags, PosixError } from './posix.ts';
import { spaceFields, statFields } from './stat-fields.ts';
import type { Volume } from './volume.ts';

export interface FileSystemOptions {
  readonly volume: Volume;
  readonly packageFiles: PackageFiles;
  readonly bounds?: GuestBounds;
  /** Names of temporary directories. */
  readonly random?: (byteCount: number) => Uint8Array;
}

export class FileSystem implements Disposable {
  readonly #volume: Volume;
  readonly #bounds: GuestBounds;
  readonly #namespace: Namespace;
  readonly #files: OpenFiles;
  readonly #descriptors: DescriptorOperations;
  readonly #paths: PathOperations;

  constructor(options: FileSystemOptions) {
    this.#volume = options.volume;
    this.#bounds = options.bounds ?? defaultBounds;
    this.#volume.attach();
    this.#namespace = new Namespace(options.packageFiles, options.volume);
    this.#files = new OpenFiles(options.volume, this.#bounds.limits.openFiles);
    this.#descriptors = new DescriptorOperations(this.#namespace, options.volume, this.#files);
    this.#paths = new PathOperations(this.#namespace, options.volume, options.random ?? randomBytes);
  }

  /** One operation. Never throws for anything a guest can pass. */
  call(operation: unknown, a?: unknown, b?: unknown, c?: unknown, d?: unknown): FsReply {
    try {
      return this.#perform(operation, a, b, c, d);
    } catch (error) {
      if (error instanceof PosixError) {
        this.#noteLimit(error.errno);
        return [fsFailureMarker, -error.errno, error.syscall ?? ''];
      }
      // The disk under the backing file or the package store failed; the rest are bugs of ours.
      if (isSystemError(error)) return [fsFailureMarker, error.code === 'ENOSPC' ? -errnos.ENOSPC : -errnos.EIO, ''];
      throw error;
    }
  }

  #noteLimit(errno: number): void {
    const { limits: most, note } = this.#bounds;
    if (errno === errnos.EMFILE) note('open-files', most.openFiles, most.openFiles + 1);
    const full = errno === errnos.ENOSPC ? this.#volume.exhausted() : undefined;
    if (full !== undefined) note(full.limit, full.value, full.found);
  }

  /** Closes the descriptors and lets go of the volume, which an heir may then take over. */
  close(): void {
    this.#files.closeAll();
    this.#volume.detach();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #perform(operation: unknown, a: unknown, b: unknown, c: unknown, d: unknown): FsReply {
    switch (operation) {
      case fsOperations.access:
        this.#paths.access(pathArgument(a), integerArgument(b, 0, 7));
        return 0;
      case fsOperations.open:
        return this.#descriptors.open(pathArgument(a), flagsArgument(b), modeArgument(c));
      case fsOperations.close:
        this.#descriptors.close(descriptorArgument(a));
        return 0;
      case fsOperations.read:
        return this.#descriptors.read(descriptorArgument(a), lengthArgument(b), positionArgument(c));
      case fsOperations.write:
        return withBytes(b, (bytes) => this.#descriptors.write(descriptorArgument(a), bytes, positionArgument(c)));
      case fsOperations.readFile:
        return this.#readFile(a, flagsArgument(b));
      case fsOperations.writeFile:
        return withBytes(d, (bytes) => this.#writeFile(a, flagsArgument(b), modeArgument(c), bytes));
      case fsOperations.stat:
        return statFields(this.#namespace.find(pathArgument(a), 'follow'));
      case fsOperations.lstat:
        return statFields(this.#namespace.find(pathArgument(a), 'nofollow'));
      case fsOperations.fstat:
        return statFields(this.#descriptors.inodeOf(descriptorArgument(a)));
      case fsOperations.readdir:
        return this.#paths.readdir(pathArgument(a));
      case fsOperations.mkdir:
        return this.#mkdir(pathArgument(a), modeArgument(b), integerArgument(c, 0, 1));
      case fsOperations.mkdtemp:
        return this.#paths.mkdtemp(pathArgument(a));
      case fsOperations.rmdir:
        this.#paths.rmdir(pathArgument(a));
        return 0;
      case fsOperations.unlink:
        this.#paths.unlink(pathArgument(a));
        return 0;
      case fsOperations.rename:
        this.#paths.rename(pathArgument(a), pathArgument(b));
        return 0;
      case fsOperations.copyFile:
        return this.#copyFile(pathArgument(a), pathArgument(b), integerArgument(c, 0, 7), lengthArgument(d ?? 0));
      case fsOperations.symlink:
        this.#paths.symlink(textArgument(a).toWellFormed(), pathArgument(b));
        return 0;
      case fsOperations.readlink:
        return this.#paths.readlink(pathArgument(a));
      case fsOperations.realpath:
        return this.#paths.realpath(pathArgument(a));
      case fsOperations.ftruncate:
        this.#descriptors.truncateDescriptor(descriptorArgument(a), lengthArgument(b));
        return 0;
      case fsOperations.truncate:
        this.#descriptors.truncatePath(pathArgument(a), lengthArgument(b));
        return 0;
      case fsOperations.fsync:
        // A volume ends with its sandbox, so there is nothing to make durable.
        this.#descriptors.inodeOf(descriptorArgument(a));
        return 0;
      case fsOperations.chmod:
        this.#paths.chmod(this.#namespace.find(pathArgument(a), 'follow'), modeArgument(b));
        return 0;
      case fsOperations.fchmod:
        this.#paths.chmod(this.#descriptors.inodeOf(descriptorArgument(a)), modeArgument(b));
        return 0;
      case fsOperations.utimes:
        this.#paths.setTimes(this.#namespace.find(pathArgument(a), 'follow'), timeArgument(b), timeArgument(c));
        return 0;
      case fsOperations.lutimes:
        this.#paths.setTimes(this.#namespace.find(pathArgument(a), 'nofollow'), timeArgument(b), timeArgument(c));
        return 0;
      case fsOperations.futimes:
        this.#paths.setTimes(this.#descriptors.inodeOf(descriptorArgument(a)), timeArgument(b), timeArgument(c));
        return 0;
      case fsOperations.link:
        this.#paths.link(pathArgument(a), pathArgument(b));
        return 0;
      case fsOperations.statfs:
        return spaceFields(this.#namespace.find(pathArgument(a), 'follow'), this.#volume);
      case fsOperations.rm:
        this.#rm(pathArgument(a), integerArgument(b, 0, 1));
        return 0;
      case fsOperations.chown:
        this.#paths.chown(this.#namespace.find(pathArgument(a), 'follow'), ownerArgument(b), ownerArgument(c));
        return 0;
      case fsOperations.lchown:
        this.#paths.chown(this.#namespace.find(pathArgument(a), 'nofollow'), ownerArgument(b), ownerArgument(c));
        return 0;
      case fsOperations.fchown:
        this.#paths.chown(this.#descriptors.inodeOf(descriptorArgument(a)), ownerArgument(b), ownerArgument(c));
        return 0;
      default:
        return [fsFailureMarker, -errnos.EINVAL, ''];
    }
  }

  #readFile(file: unknown, flags: number): FsReply {
    if (typeof file === 'number') {
      const descriptor = descriptorArgument(file);
      return named('read', () => this.#descriptors.readRest(descriptor));
    }
    const path = pathArgument(file);
    const descriptor = named('open', () => this.#descriptors.open(path, flags, 0o666));
    try {
      return named('read', () => this.#descriptors.readRest(descriptor));
    } finally {
      this.#descriptors.close(descriptor);
    }
  }

  #writeFile(file: unknown, flags: number, mode: number, bytes: Uint8Array): number {
    if (typeof file === 'number') {
      const descriptor = descriptorArgument(file);
      named('write', () => this.#descriptors.writeAll(descriptor, bytes));
      return 0;
    }
    const path = pathArgument(file);
    const descriptor = named('open', () => this.#descriptors.open(path, flags, mode));
    try {
      named('write', () => this.#descriptors.writeAll(descriptor, bytes));
      return 0;
    } finally {
      this.#descriptors.close(descriptor);
    }
  }

  #mkdir(path: string, mode: number, recursive: number): string {
    if (recursive === 1) return this.#paths.mkdirAll(path, mode);
    this.#paths.mkdir(path, mode);
    return '';
  }

  #rm(path: string, recursive: number): void {
    if (recursive === 1) this.#paths.rmAll(path);
    else this.#paths.unlink(path);
  }

  /** One call's worth from `position` on; the guest calls again with the answer until that is 0. */
  #copyFile(from: string, to: string, flags: number, position: number): number {
    if ((flags & copyFlags.cloneForce) !== 0) throw failure('EOPNOTSUPP');
    const source = this.#descriptors.open(from, openFlags.readOnly, 0);
    try {
      const inode = this.#descriptors.inodeOf(source);
      if (inode.kind === 'directory') throw failure('EISDIR');
      const exclusive = position === 0 && (flags & copyFlags.exclusive) !== 0 ? openFlags.exclusive : 0;
      const target = this.#descriptors.open(to, openFlags.writeOnly | openFlags.create | exclusive, inode.mode);
      try {
        return this.#copyPiece(source, target, position);
      } finally {
        this.#descriptors.close(target);
      }
    } finally {
      this.#descriptors.close(source);
    }
  }

  #copyPiece(source: number, target: number, position: number): number {
    const inode = this.#descriptors.inodeOf(source);
    const copy = this.#descriptors.inodeOf(target);
    if (inode === copy || inode.kind !== 'file') return 0;
    if (position === 0) {
      this.#descriptors.truncateDescriptor(target, 0);
      this.#paths.chmod(copy, inode.mode);
    }
    const bytes = new Uint8Array(this.#descriptors.read(source, limits.fsBytesPerCallMax, position));
    for (let done = 0; done < bytes.byteLength; ) {
      done += this.#descriptors.write(target, bytes.subarray(done), position + done);
    }
    const next = position + bytes.byteLength;
    const isMore = next > position && next < inode.content.size;
    giveBack(bytes);
    return isMore ? next : 0;
  }
}

function withBytes<Result>(value: unknown, use: (bytes: Uint8Array) => Result): Result {
  const bytes = bytesArgument(value);
  try {
    return use(bytes);
  } finally {
    giveBack(bytes);
  }
}

/** Says which system call of a composite operation failed; Node's error messages name it. */
function named<T>(syscall: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof PosixError) throw error.from(syscall);
    throw error;
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

export function createFileSystem(options: FileSystemOptions): FileSystem {
  return new FileSystem(options);
}
