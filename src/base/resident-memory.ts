/**
 * Reads how much memory a process holds, from `/proc/<pid>/statm`. The file is opened once, while the child is known to be
 * unreaped, so a later read can never meet another process with the same pid. Without /proc there are no readings.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { processStat } from './process-stat.ts';

export class ResidentMemory implements Disposable {
  readonly #pid: number | 'self';
  readonly #buffer = Buffer.alloc(128);
  #descriptor: number | undefined;

  /** @param pid of a child that has not been reaped, or this process */
  constructor(pid: number | 'self') {
    this.#pid = pid;
    try {
      this.#descriptor = openSync(`/proc/${pid}/statm`, 'r');
    } catch {
      // No /proc (not Linux), or no descriptor to spare: the sandbox's own figures have to do.
    }
  }

  /** Resident bytes, or undefined when they cannot be read. About 4 us; blocks on nothing but the kernel. */
  readBytes(): number | undefined {
    if (this.#descriptor === undefined) return undefined;
    try {
      const bytesRead = readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, 0);
      const pages = Number(this.#buffer.toString('latin1', 0, bytesRead).split(' ')[1]);
      return Number.isFinite(pages) && pages > 0 ? pages * pageBytes : undefined;
    } catch {
      // ESRCH: the process has ended, its exit event is under way.
      return undefined;
    }
  }

  /** Whether the process was stopped by a signal: then it runs nothing, however long its deadlines are. Call it only while unreaped. */
  isStopped(): boolean {
    const state = processStat(this.#pid)?.state;
    return state === 'T' || state === 't';
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Of this machine's kernel: 4 KiB on x64, up to 64 KiB on arm64. */
const pageBytes = readPageBytes();

function readPageBytes(): number {
  const pageSizeTag = 6n;
  try {
    // The kernel's auxiliary vector: pairs of a tag and a value, one machine word each.
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.byteLength; at += 16) {
      if (vector.readBigUInt64LE(at) === pageSizeTag) return Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // No /proc: then there is no statm to read either.
  }
  return 4_096;
}
