/**
 * The one file, opened and unlinked by the host before the sandbox was locked, in which all volumes of a sandbox keep what does
 * not fit in memory. Hands out chunks of it; what lies in a chunk is the business of the volume that holds it. Needs pread and
 * pwrite only: neither a path nor a new descriptor.
 */
import { readSync, writeSync } from 'node:fs';
import { invariant } from '../../base/invariant.ts';

/** A chunk belongs to one volume. Larger ones waste more when many volumes hold a little; smaller ones make more of them. */
export const chunkBytes = 1024 * 1024;

export interface BackingFileOptions {
  /** Open for reading and writing; its content before the start is never shown to anyone. */
  readonly fd: number;
  /** The most the file may grow to. Without it only the quotas of the volumes and the disk bound it. */
  readonly bytesMax?: number;
}

export class BackingFile {
  readonly #fd: number;
  readonly #chunksMax: number;
  /** Freed chunks, most recently freed first: its pages are the likeliest to be in memory, and the file grows least. */
  readonly #free: number[] = [];
  #chunks = 0;

  constructor(options: BackingFileOptions) {
    this.#fd = options.fd;
    this.#chunksMax =
      options.bytesMax === undefined ? Number.MAX_SAFE_INTEGER : Math.floor(options.bytesMax / chunkBytes);
  }

  get chunksHeld(): number {
    return this.#chunks - this.#free.length;
  }

  /** A chunk that may hold anything, or undefined when there is no room. Its holder writes every byte before showing it. */
  allocateChunk(): number | undefined {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    return this.#chunks < this.#chunksMax ? this.#chunks++ : undefined;
  }

  freeChunk(chunk: number): void {
    invariant(chunk >= 0 && chunk < this.#chunks, `chunk ${chunk} was never allocated`);
    this.#free.push(chunk);
  }

  /** Fills `target` from `position`. What lies past the end of the file was never written and stays as it is. */
  read(target: Uint8Array, position: number): void {
    let done = 0;
    while (done < target.byteLength) {
      const count = readSync(this.#fd, target, done, target.byteLength - done, position + done);
      if (count === 0) return;
      done += count;
    }
  }

  write(bytes: Uint8Array, position: number): void {
    let done = 0;
    while (done < bytes.byteLength) done += writeSync(this.#fd, bytes, done, bytes.byteLength - done, position + done);
  }
}

export function createBackingFile(options: BackingFileOptions): BackingFile {
  return new BackingFile(options);
}
