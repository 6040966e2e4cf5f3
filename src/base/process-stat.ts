/** What Linux tells of a process in `/proc/<pid>/stat` (proc(5)). */
import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** `Z` of one that has ended and was not waited for, `T` or `t` of one that is stopped. */
  readonly state: string;
  readonly parent: number;
  /** Processor time so far, of all threads. */
  readonly cpuMs: number;
  readonly threads: number;
  /** Clock ticks between boot and its start: a pid comes again, this does not. */
  readonly startTicks: number;
}

/** Undefined: there is no such process, or no `/proc`. */
export function processStat(pid: number | string): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

export function parseStat(text: string): ProcessStat {
  // The second field is the command's name in brackets and may hold anything, also brackets and spaces: the third stands behind the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    state: fields[0] ?? '',
    parent: field(4),
    cpuMs: (field(14) + field(15)) * tickMs,
    threads: field(20),
    startTicks: field(22),
  };
}

/** USER_HZ, which is 100 for every program on every architecture that Node runs on. */
const tickMs = 10;
