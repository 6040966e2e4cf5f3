/**
 * Whether the kernel has ended processes for want of memory, from the counter in `/proc/vmstat` (Linux 4.13 and later). It counts those
 * of the whole machine, whole control groups included: that one of ours was among them is likely, not certain.
 */
import { readFileSync } from 'node:fs';

export class MemoryKills {
  readonly #path: string;
  readonly #before: number | undefined;

  constructor(path = '/proc/vmstat') {
    this.#path = path;
    this.#before = countOfKills(path);
  }

  /** Since this object was made. */
  seen(): 'none' | 'some' | 'unknown' {
    const now = countOfKills(this.#path);
    if (now === undefined || this.#before === undefined) return 'unknown';
    return now === this.#before ? 'none' : 'some';
  }
}

function countOfKills(path: string): number | undefined {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync(path, 'latin1')) ?? [];
    return count === undefined ? undefined : Number(count);
  } catch {
    // No /proc, or an older kernel: unknown.
    return undefined;
  }
}
