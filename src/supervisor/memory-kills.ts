/**
 * Whether the kernel has ended processes for want of memory, from the counter in `/proc/vmstat` (Linux 4.13 and later). It counts those
 * of the whole machine, whole control groups included: that one of ours was among them is likely, not certain.
 */
import { readFileSync } from 'node:fs';

export class MemoryKills {
  readonly #before = countOfKills();

  /** Since this object was made. */
  seen(): 'none' | 'some' | 'unknown' {
    const now = countOfKills();
    if (now === undefined || this.#before === undefined) return 'unknown';
    return now === this.#before ? 'none' : 'some';
  }
}

function countOfKills(): number | undefined {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1')) ?? [];
    return count === undefined ? undefined : Number(count);
  } catch {
    // No /proc, or an older kernel: unknown.
    return undefined;
  }
}
