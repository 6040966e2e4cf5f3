/** What the kernel tells of a process: for finding out what a hostile function left behind. Linux only, as sandboxes are. */
import { readdirSync, readFileSync } from 'node:fs';
import { processStat } from '../../../src/base/process-stat.ts';

export interface ProcessFacts {
  /** Of all its threads, those that have ended included; the kernel counts in 10 ms. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly threads: number;
  /** Undefined where the kernel does not show them: a jailed process hides them from users other than root. */
  readonly descriptors: number | undefined;
  readonly isZombie: boolean;
}

/** Undefined when there is no such process. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const stat = processStat(pid);
  if (stat === undefined) return undefined;
  return {
    cpuMs: stat.cpuMs,
    threads: stat.threads,
    residentBytes: residentBytes(pid) ?? 0,
    descriptors: count(`/proc/${pid}/fd`),
    isZombie: stat.state === 'Z',
  };
}

export function residentBytes(pid: number): number | undefined {
  const statm = read(`/proc/${pid}/statm`);
  return statm === undefined ? undefined : Number(statm.split(' ')[1]) * 4096;
}

/**
 * For how long each thread of a process was ready to run and had no processor, all in all: what a busy machine does to it, and no fault
 * of anybody's here. The process's first thread comes first. 0 where the kernel does not count it.
 */
export function waitsOf(pid: number): ReadonlyMap<number, number> {
  const threads = (entries(`/proc/${pid}/task`) ?? []).map(Number).toSorted((a, b) => a - b);
  return new Map(threads.map((thread) => [thread, waited(read(`/proc/${pid}/task/${thread}/schedstat`))]));
}

/** `schedstat` is time on a processor and time in the queue for one, in nanoseconds, and a count. */
function waited(schedstat = ''): number {
  const [, nanoseconds = '0'] = schedstat.split(' ');
  return Number(nanoseconds) / 1e6;
}

/** The same of this process's main thread, on which the engine runs. */
export function waitedForProcessorHereMs(): number {
  return waited(read('/proc/self/schedstat'));
}

/** Children of this process, whichever thread made them. */
export function childrenOfThisProcess(): readonly number[] {
  return readdirSync('/proc/self/task')
    .flatMap((thread) => (read(`/proc/self/task/${thread}/children`) ?? '').split(' '))
    .filter((pid) => pid.trim() !== '')
    .map(Number);
}

export function descriptorsOfThisProcess(): number {
  return count('/proc/self/fd') ?? 0;
}

function count(directory: string): number | undefined {
  return entries(directory)?.length;
}

function entries(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory);
  } catch {
    // Hidden from us, or the process has just ended.
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has ended.
    return undefined;
  }
}
