/**
 * The content of one file of a volume: in memory while it is small, in blocks of the backing file otherwise. Sparse: a hole takes
 * no block. What a guest reads is what it wrote, or zeros; a block is completed with zeros when it is taken and when a file
 * shrinks into it, so that nothing of its earlier owner shows.
 *
 * What counts against the quota: each started 4,096-byte block that holds content, in memory (holes included) or in the backing file.
 */
import { limits } from '../../model/limits.ts';
import { blockBytes, type VolumeBlocks } from './blocks.ts';
import { failure } from './posix.ts';

/** Blocks `fileBlock ...` of the file lie at `block ...` of the backing file. */
interface Run {
  readonly fileBlock: number;
  readonly block: number;
  count: number;
}

/** Estimated cost of one Run in the sandbox's heap. */
const runMetadataBytes = 64;

export class FileContent {
  readonly #blocks: VolumeBlocks;
  #size = 0;
  /** Content of a small file. Empty once `#runs` is in use. */
  #memory = new Uint8Array(0);
  /** Sorted by `fileBlock`, without overlap. Undefined while the content is in memory. */
  #runs: Run[] | undefined;
  #runBlocks = 0;

  constructor(blocks: VolumeBlocks) {
    this.#blocks = blocks;
  }

  get size(): number {
    return this.#size;
  }

  /** Blocks counted against the quota. */
  get blockCount(): number {
    return this.#runs === undefined ? blocksFor(this.#size) : this.#runBlocks;
  }

  /** Exactly what lies between `position` and the end, at most `lengthMax` bytes. */
  read(position: number, lengthMax: number): ArrayBuffer {
    const length = Math.max(0, Math.min(lengthMax, this.#size - position));
    const bytes = new Uint8Array(length);
    if (this.#runs === undefined) bytes.set(this.#memory.subarray(position, position + length));
    else this.#readRuns(this.#runs, position, bytes);
    return bytes.buffer;
  }

  /** Returns how many bytes found room: fewer than asked when the quota ends inside. @throws ENOSPC when there is room for none */
  write(position: number, bytes: Uint8Array): number {
    if (bytes.byteLength === 0) return 0;
    const end = position + bytes.byteLength;
    if (end > limits.tmpFileBytesMax) throw failure('EFBIG');
    if (this.#runs === undefined && this.#growMemory(Math.max(end, this.#size))) {
      this.#memory.set(bytes, position);
      return bytes.byteLength;
    }
    const written = this.#writeRuns(this.#spill(), position, bytes);
    if (written === 0) throw failure('ENOSPC');
    this.#size = Math.max(this.#size, position + written);
    return written;
  }

  truncate(size: number): void {
    if (size > limits.tmpFileBytesMax) throw failure('EFBIG');
    if (this.#runs === undefined) {
      if (size <= this.#size) {
        this.#shrinkMemory(size);
        return;
      }
      if (this.#growMemory(size)) return;
      this.#spill();
    } else if (size < this.#size) {
      this.#cutRuns(this.#runs, size);
    }
    this.#size = size;
    if (size === 0) this.#runs = undefined;
  }

  /** Gives everything back. The content is empty afterwards. */
  free(): void {
    this.truncate(0);
  }

  /** Makes the content at least `size` long in memory. False: it does not belong there, or the quota does not allow it. */
  #growMemory(size: number): boolean {
    if (size > limits.tmpMemoryFileBytesMax) return false;
    const moreBlocks = blocksFor(size) - blocksFor(this.#size);
    const capacity = capacityFor(size);
    const moreBytes = Math.max(0, capacity - this.#memory.byteLength);
    if (!this.#blocks.reserve(moreBlocks)) return false;
    if (!this.#blocks.reserveMemory(moreBytes)) {
      this.#blocks.release(moreBlocks);
      return false;
    }
    if (moreBytes > 0) {
      const grown = new Uint8Array(capacity);
      grown.set(this.#memory);
      this.#memory = grown;
    }
    this.#size = size;
    return true;
  }

  #shrinkMemory(size: number): void {
    this.#blocks.release(blocksFor(this.#size) - blocksFor(size));
    const kept = this.#memory.slice(0, size);
    const capacity = capacityFor(size);
    this.#blocks.releaseMemory(this.#memory.byteLength - capacity);
    this.#memory = new Uint8Array(capacity);
    this.#memory.set(kept);
    this.#size = size;
  }

  /** Moves the content from memory into blocks. The quota counts the same before and after. */
  #spill(): Run[] {
    if (this.#runs !== undefined) return this.#runs;
    const content = this.#memory.subarray(0, this.#size);
    const runs: Run[] = [];
    this.#blocks.release(blocksFor(this.#size));
    let isMoved = false;
    try {
      isMoved = this.#writeRuns(runs, 0, content) === content.byteLength;
    } finally {
      // Only the disk under the backing file can be the reason; what was in memory stays there.
      if (!isMoved) {
        this.#cutRuns(runs, 0);
        this.#blocks.reserve(blocksFor(this.#size));
      }
    }
    if (!isMoved) throw failure('ENOSPC');
    this.#blocks.releaseMemory(this.#memory.byteLength);
    this.#memory = new Uint8Array(0);
    this.#runs = runs;
    return runs;
  }

  #readRuns(runs: readonly Run[], position: number, target: Uint8Array): void {
    const end = position + target.byteLength;
    for (let index = firstRunEndingAfter(runs, Math.floor(position / blockBytes)); index < runs.length; index++) {
      const run = runs[index];
      if (run === undefined || run.fileBlock * blockBytes >= end) return;
      const from = Math.max(position, run.fileBlock * blockBytes);
      const to = Math.min(end, (run.fileBlock + run.count) * blockBytes);
      this.#blocks.read(target.subarray(from - position, to - position), placeOf(run, from));
    }
  }

  /** Writes until the end or until there is no room. Returns the bytes written; throws only when there are none. */
  #writeRuns(runs: Run[], position: number, bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.byteLength) {
      try {
        const written = this.#writePiece(runs, position + done, bytes.subarray(done));
        if (written === 0) break;
        done += written;
      } catch (error) {
        // No metadata left, or the disk failed. As with write(2), what was written before counts and the next call reports it.
        if (done === 0) throw error;
        break;
      }
    }
    return done;
  }

  /** Writes up to the end of the run or hole at `position`. */
  #writePiece(runs: Run[], position: number, bytes: Uint8Array): number {
    const index = firstRunEndingAfter(runs, Math.floor(position / blockBytes));
    const run = runs[index];
    if (run === undefined) return this.#fillHole(runs, index, position, bytes);

    const runStart = run.fileBlock * blockBytes;
    if (position < runStart) return this.#fillHole(runs, index, position, bytes.subarray(0, runStart - position));
    const piece = bytes.subarray(0, runStart + run.count * blockBytes - position);
    this.#blocks.write(piece, placeOf(run, position));
    return piece.byteLength;
  }

  /** Takes blocks for the hole at `position` and writes `bytes`, which lie wholly in the hole, or as much as finds room. */
  #fillHole(runs: Run[], index: number, position: number, bytes: Uint8Array): number {
    const fileBlock = Math.floor(position / blockBytes);
    const lead = position - fileBlock * blockBytes;
    const before = runs[index - 1];
    const isAdjacent = before !== undefined && before.fileBlock + before.count === fileBlock;
    const near = before !== undefined && isAdjacent ? before.block + before.count : undefined;
    const range = this.#blocks.allocate(blocksFor(lead + bytes.byteLength), near);
    if (range === undefined) return 0;

    const written = Math.min(bytes.byteLength, range.count * blockBytes - lead);
    const extendsBefore = before !== undefined && range.block === near;
    try {
      if (!extendsBefore) this.#blocks.reserveMetadata(runMetadataBytes);
      this.#blocks.write(wholeBlocks(bytes.subarray(0, written), lead, range.count), range.block * blockBytes);
    } catch (error) {
      // Out of metadata, or the disk failed: the blocks belong to nobody, and their content must not show.
      this.#blocks.free(range.block, range.count);
      throw error;
    }
    this.#runBlocks += range.count;
    if (extendsBefore) before.count += range.count;
    else runs.splice(index, 0, { fileBlock, block: range.block, count: range.count });
    return written;
  }

  /** Frees every block past `size` and clears the rest of the last one, which may be read again after growing. */
  #cutRuns(runs: Run[], size: number): void {
    const keep = blocksFor(size);
    for (let run = runs.at(-1); run !== undefined && run.fileBlock + run.count > keep; run = runs.at(-1)) {
      const kept = Math.max(0, keep - run.fileBlock);
      this.#blocks.free(run.block + kept, run.count - kept);
      this.#runBlocks -= run.count - kept;
      if (kept > 0) {
        run.count = kept;
        break;
      }
      runs.pop();
      this.#blocks.releaseMetadata(runMetadataBytes);
    }
    const last = runs.at(-1);
    const tail = keep * blockBytes - size;
    if (last !== undefined && tail > 0 && last.fileBlock + last.count === keep) {
      this.#blocks.write(new Uint8Array(tail), placeOf(last, size));
    }
  }
}

function blocksFor(byteCount: number): number {
  return Math.ceil(byteCount / blockBytes);
}

/** Powers of two, so that a file written line by line is not copied for each line. */
function capacityFor(size: number): number {
  return size === 0 ? 0 : Math.max(64, 2 ** Math.ceil(Math.log2(size)));
}

function placeOf(run: Run, position: number): number {
  return run.block * blockBytes + (position - run.fileBlock * blockBytes);
}

function firstRunEndingAfter(runs: readonly Run[], fileBlock: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle];
    if (run !== undefined && run.fileBlock + run.count <= fileBlock) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `bytes` preceded and followed by zeros up to the borders of its blocks. */
function wholeBlocks(bytes: Uint8Array, lead: number, blockCount: number): Uint8Array {
  if (lead === 0 && bytes.byteLength === blockCount * blockBytes) return bytes;
  const padded = new Uint8Array(blockCount * blockBytes);
  padded.set(bytes, lead);
  return padded;
}
