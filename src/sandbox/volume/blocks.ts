/**
 * The blocks of one volume: which of them are taken, and the exact count against its quota and its memory budgets. Blocks are cut
 * from chunks of the backing file; a chunk goes back as soon as its last block is free. Knows nothing of files.
 */
import { invariant } from '../../base/invariant.ts';
import { limits } from '../../model/limits.ts';
import { type BackingFile, chunkBytes } from './backing-file.ts';
import { failure } from './posix.ts';

export const blockBytes = 4096;
const blocksPerChunk = chunkBytes / blockBytes;
const wordsPerChunk = blocksPerChunk / 32;

/** `count` consecutive blocks from `block` on; numbers count from the start of the backing file. */
export interface BlockRange {
  readonly block: number;
  readonly count: number;
}

export interface VolumeBlocksOptions {
  readonly backing: BackingFile;
  readonly quotaBytes: number;
  readonly metadataBytesMax?: number;
}

interface Chunk {
  readonly index: number;
  /** One bit per block, set when it is taken. */
  readonly taken: Uint32Array;
  free: number;
}

export class VolumeBlocks {
  /** Of names, link targets and block maps. */
  readonly metadataBytesMax: number;
  readonly #backing: BackingFile;
  readonly #quotaBlocks: number;
  readonly #chunks = new Map<number, Chunk>();
  /** Chunks with a free block. Always used up before another chunk is taken, so that the file never exceeds the quota. */
  readonly #open = new Set<Chunk>();
  #blocksUsed = 0;
  #memoryBytesUsed = 0;
  #metadataBytesUsed = 0;
  /** What the last reservation of metadata would have come to, if it was refused. */
  #metadataRefusedBytes = 0;

  constructor({ backing, quotaBytes, metadataBytesMax = limits.tmpMetadataBytesMax }: VolumeBlocksOptions) {
    this.metadataBytesMax = metadataBytesMax;
    this.#backing = backing;
    this.#quotaBlocks = Math.floor(quotaBytes / blockBytes);
  }

  get quotaBlocks(): number {
    return this.#quotaBlocks;
  }

  get blocksFree(): number {
    return this.#quotaBlocks - this.#blocksUsed;
  }

  get metadataRefusedBytes(): number {
    return this.#metadataRefusedBytes;
  }

  /** Counts blocks whose content lies in memory. False when the quota does not allow them. */
  reserve(count: number): boolean {
    if (count > this.blocksFree) return false;
    this.#blocksUsed += count;
    return true;
  }

  release(count: number): void {
    this.#blocksUsed -= count;
    invariant(this.#blocksUsed >= 0, 'more blocks released than reserved');
  }

  /** False when the volume's share of the sandbox's memory is used up; the content then goes to the backing file. */
  reserveMemory(byteCount: number): boolean {
    if (this.#memoryBytesUsed + byteCount > limits.tmpMemoryBytesMax) return false;
    this.#memoryBytesUsed += byteCount;
    return true;
  }

  releaseMemory(byteCount: number): void {
    this.#memoryBytesUsed -= byteCount;
    invariant(this.#memoryBytesUsed >= 0, 'more memory released than reserved');
  }

  /** Names, link targets and block maps live in the sandbox's memory and have their own maximum. @throws ENOSPC */
  reserveMetadata(byteCount: number): void {
    const wantedBytes = this.#metadataBytesUsed + byteCount;
    this.#metadataRefusedBytes = wantedBytes > this.metadataBytesMax ? wantedBytes : 0;
    if (this.#metadataRefusedBytes > 0) throw failure('ENOSPC');
    this.#metadataBytesUsed = wantedBytes;
  }

  releaseMetadata(byteCount: number): void {
    this.#metadataBytesUsed -= byteCount;
    invariant(this.#metadataBytesUsed >= 0, 'more metadata released than reserved');
  }

  /** Up to `countMax` consecutive blocks, from `near` on if those are free. Undefined when the quota or the backing file is full. */
  allocate(countMax: number, near: number | undefined): BlockRange | undefined {
    const wanted = Math.min(countMax, this.blocksFree);
    if (wanted <= 0) return undefined;
    const range = (near === undefined ? undefined : this.#takeAt(near, wanted)) ?? this.#takeAnywhere(wanted);
    if (range !== undefined) this.#blocksUsed += range.count;
    return range;
  }

  free(block: number, count: number): void {
    for (let at = block; at < block + count; ) {
      const chunk = this.#chunks.get(Math.floor(at / blocksPerChunk));
      invariant(chunk !== undefined, `block ${at} is not held`);
      const first = at % blocksPerChunk;
      const within = Math.min(block + count - at, blocksPerChunk - first);
      mark(chunk, first, within, 'free');
      this.#filed(chunk);
      at += within;
    }
    this.release(count);
  }

  read(target: Uint8Array, position: number): void {
    this.#backing.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#backing.write(bytes, position);
  }

  dispose(): void {
    for (const index of this.#chunks.keys()) this.#backing.freeChunk(index);
    this.#chunks.clear();
    this.#open.clear();
    this.#blocksUsed = 0;
  }

  #takeAt(block: number, countMax: number): BlockRange | undefined {
    const chunk = this.#chunks.get(Math.floor(block / blocksPerChunk));
    return chunk === undefined ? undefined : this.#take(chunk, block % blocksPerChunk, countMax);
  }

  #takeAnywhere(countMax: number): BlockRange | undefined {
    for (const chunk of this.#open) return this.#take(chunk, firstFree(chunk), countMax);
    const index = this.#backing.allocateChunk();
    if (index === undefined) return undefined;
    const chunk: Chunk = { index, taken: new Uint32Array(wordsPerChunk), free: blocksPerChunk };
    this.#chunks.set(index, chunk);
    return this.#take(chunk, 0, countMax);
  }

  #take(chunk: Chunk, first: number, countMax: number): BlockRange | undefined {
    let count = 0;
    while (count < countMax && first + count < blocksPerChunk && !isTaken(chunk, first + count)) count++;
    if (count === 0) return undefined;
    mark(chunk, first, count, 'taken');
    this.#filed(chunk);
    return { block: chunk.index * blocksPerChunk + first, count };
  }

  /** Files a chunk, whose free count changed, where it belongs now. */
  #filed(chunk: Chunk): void {
    if (chunk.free === blocksPerChunk) {
      this.#open.delete(chunk);
      this.#chunks.delete(chunk.index);
      this.#backing.freeChunk(chunk.index);
    } else if (chunk.free === 0) {
      this.#open.delete(chunk);
    } else {
      this.#open.add(chunk);
    }
  }
}

function isTaken(chunk: Chunk, block: number): boolean {
  return (((chunk.taken[block >>> 5] ?? 0) >>> (block & 31)) & 1) === 1;
}

function mark(chunk: Chunk, first: number, count: number, as: 'taken' | 'free'): void {
  for (let block = first; block < first + count; block++) {
    invariant(isTaken(chunk, block) === (as === 'free'), `block ${block} of chunk ${chunk.index} is already ${as}`);
    const word = chunk.taken[block >>> 5] ?? 0;
    chunk.taken[block >>> 5] = word ^ (1 << (block & 31));
  }
  chunk.free += as === 'free' ? count : -count;
}

function firstFree(chunk: Chunk): number {
  const word = chunk.taken.findIndex((bits) => bits !== 0xffff_ffff);
  const bits = ~(chunk.taken[word] ?? 0);
  return word * 32 + (31 - Math.clz32(bits & -bits));
}
