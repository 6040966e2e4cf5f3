/** The descriptors of one environment. An open file keeps its inode alive, also after the last name of it went. */
import { limits } from '../../model/limits.ts';
import type { DirectoryInode, FileInode } from './inode.ts';
import { failure } from './posix.ts';
import type { Volume } from './volume.ts';

export interface OpenFile {
  readonly inode: FileInode | DirectoryInode;
  readonly access: 'read' | 'write' | 'both';
  readonly appends: boolean;
  position: number;
}

/** 0 to 2 are the guest's standard streams, which never come here. */
const firstDescriptor = 3;

export class OpenFiles {
  readonly #volume: Volume;
  readonly #openMax: number;
  readonly #slots: (OpenFile | undefined)[] = [];
  #open = 0;

  constructor(volume: Volume, openMax: number = limits.openFilesMax) {
    this.#volume = volume;
    this.#openMax = openMax;
  }

  requireRoom(): void {
    if (this.#open + firstDescriptor >= this.#openMax) throw failure('EMFILE');
  }

  /** The lowest free number, as POSIX promises. */
  add(file: OpenFile): number {
    this.requireRoom();
    const free = this.#slots.indexOf(undefined);
    const slot = free === -1 ? this.#slots.length : free;
    this.#slots[slot] = file;
    this.#open++;
    if (file.inode.kind === 'file') file.inode.openCount++;
    return slot + firstDescriptor;
  }

  get(descriptor: number): OpenFile {
    const file = this.#slots[descriptor - firstDescriptor];
    if (file === undefined) throw failure('EBADF');
    return file;
  }

  close(descriptor: number): void {
    const file = this.get(descriptor);
    this.#slots[descriptor - firstDescriptor] = undefined;
    this.#open--;
    if (file.inode.kind !== 'file') return;
    file.inode.openCount--;
    if (file.inode.tree === 'volume') this.#volume.reclaim(file.inode);
  }

  closeAll(): void {
    for (const [slot, file] of this.#slots.entries()) if (file !== undefined) this.close(slot + firstDescriptor);
  }
}
