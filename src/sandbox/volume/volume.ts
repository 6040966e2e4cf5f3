/**
 * One writable volume, `/tmp` of an execution environment: its root directory and the books of its inodes, names and blocks. It
 * outlives the environment when an heir takes it over; disposing it gives all its blocks back. Paths and descriptors are
 * `file-system.ts`.
 */
import type { Clock } from '../../base/clock.ts';
import { invariant } from '../../base/invariant.ts';
import type { LimitReason } from '../../model/limit-reason.ts';
import { limits } from '../../model/limits.ts';
import type { BackingFile } from './backing-file.ts';
import { blockBytes, VolumeBlocks } from './blocks.ts';
import { FileContent } from './file-content.ts';
import {
  createDirectory,
  createFile,
  createLink,
  type DirectoryInode,
  type FileInode,
  type Inode,
  type LinkInode,
} from './inode.ts';
import { failure } from './posix.ts';

export interface VolumeOptions {
  readonly backing: BackingFile;
  readonly quotaBytes: number;
  readonly inodesMax?: number;
  readonly metadataBytesMax?: number;
  readonly clock: Pick<Clock, 'epochMs'>;
}

/** Estimated cost of an inode and of a directory entry in the sandbox's heap, besides the text itself. */
const inodeMetadataBytes = 120;
const entryMetadataBytes = 64;

export class Volume implements Disposable {
  readonly root: DirectoryInode;
  readonly #blocks: VolumeBlocks;
  readonly #clock: Pick<Clock, 'epochMs'>;
  readonly #inodesMax: number;
  #inodes = 0;
  #nextIno = 2;
  #state: 'detached' | 'attached' | 'disposed' = 'detached';

  constructor(options: VolumeOptions) {
    this.#blocks = new VolumeBlocks(options);
    this.#clock = options.clock;
    this.#inodesMax = options.inodesMax ?? limits.tmpInodesMax;
    this.root = createDirectory({ ino: 1, tree: 'volume', mode: 0o700, nowMs: this.#clock.epochMs() });
  }

  /** Bytes that count against the quota: whole blocks of file content (see file-content.ts). */
  get usedBytes(): number {
    return (this.#blocks.quotaBlocks - this.#blocks.blocksFree) * blockBytes;
  }

  get space() {
    return {
      blockBytes,
      blocks: this.#blocks.quotaBlocks,
      blocksFree: this.#blocks.blocksFree,
      inodes: this.#inodesMax,
      inodesFree: this.#inodesMax - this.#inodes,
    };
  }

  /** Which of its limits made it refuse something just now. Undefined: none, the disk under it is full. */
  exhausted(): { readonly limit: LimitReason; readonly value: number; readonly found: number } | undefined {
    const { quotaBlocks, blocksFree, metadataRefusedBytes, metadataBytesMax } = this.#blocks;
    if (this.#inodes >= this.#inodesMax) {
      return { limit: 'tmp-inodes', value: this.#inodesMax, found: this.#inodes + 1 };
    }
    if (metadataRefusedBytes > 0) {
      return { limit: 'tmp-metadata', value: metadataBytesMax, found: metadataRefusedBytes };
    }
    const quotaBytes = quotaBlocks * blockBytes;
    return blocksFree > 0 ? undefined : { limit: 'tmp-bytes', value: quotaBytes, found: quotaBytes + 1 };
  }

  /** One file system at a time shows a volume. */
  attach(): void {
    invariant(this.#state === 'detached', `a volume that is ${this.#state} cannot be attached`);
    this.#state = 'attached';
  }

  detach(): void {
    if (this.#state === 'attached') this.#state = 'detached';
  }

  [Symbol.dispose](): void {
    this.#state = 'disposed';
    this.root.entries.clear();
    this.#blocks.dispose();
  }

  createFile(mode: number): FileInode {
    return createFile({ ...this.#newInode(), mode }, new FileContent(this.#blocks));
  }

  createDirectory(mode: number): DirectoryInode {
    return createDirectory({ ...this.#newInode(), mode });
  }

  createLink(target: string): LinkInode {
    this.#blocks.reserveMetadata(textBytes(target));
    try {
      return createLink(this.#newInode(), target);
    } catch (error) {
      // No inode is left, so the target is not kept either.
      this.#blocks.releaseMetadata(textBytes(target));
      throw error;
    }
  }

  /** Gives a new inode its first name; without room for that there is no inode either. */
  nameNew(parent: DirectoryInode, name: string, inode: Inode): void {
    try {
      this.addEntry(parent, name, inode);
    } catch (error) {
      inode.linkCount = 0;
      this.reclaim(inode);
      throw error;
    }
  }

  /** Gives `inode` a name. Its `linkCount` must count that name already. */
  addEntry(parent: DirectoryInode, name: string, inode: Inode): void {
    this.#blocks.reserveMetadata(entryMetadataBytes + textBytes(name));
    invariant(!parent.entries.has(name), 'the name is taken');
    parent.entries.set(name, inode);
    if (inode.kind === 'directory') parent.linkCount++;
    this.touch(parent);
  }

  removeEntry(parent: DirectoryInode, name: string): void {
    const inode = parent.entries.get(name);
    invariant(inode !== undefined, 'the name is missing');
    parent.entries.delete(name);
    if (inode.kind === 'directory') parent.linkCount--;
    this.#blocks.releaseMetadata(entryMetadataBytes + textBytes(name));
    this.touch(parent);
  }

  /** Frees what nothing leads to any more. To be called after a name or a descriptor of `inode` went. */
  reclaim(inode: Inode): void {
    if (inode.linkCount > 0 || (inode.kind === 'file' && inode.openCount > 0)) return;
    if (inode.kind === 'file' && inode.content instanceof FileContent) inode.content.free();
    if (inode.kind === 'link') this.#blocks.releaseMetadata(textBytes(inode.target));
    this.#blocks.releaseMetadata(inodeMetadataBytes);
    this.#inodes--;
  }

  touch(inode: Inode): void {
    inode.modifiedMs = inode.changedMs = this.#clock.epochMs();
  }

  touchStatus(inode: Inode): void {
    inode.changedMs = this.#clock.epochMs();
  }

  #newInode() {
    if (this.#inodes >= this.#inodesMax) throw failure('ENOSPC');
    this.#blocks.reserveMetadata(inodeMetadataBytes);
    this.#inodes++;
    return { ino: this.#nextIno++, tree: 'volume', nowMs: this.#clock.epochMs() } as const;
  }
}

/** V8 keeps a string with any character past Latin-1 in two bytes per character. */
function textBytes(text: string): number {
  return text.length * 2;
}

export function createVolume(options: VolumeOptions): Volume {
  return new Volume(options);
}
