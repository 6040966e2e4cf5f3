/** Memory of a process and all its descendants, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { processStat } from '../src/base/process-stat.ts';

const pageBytes = 4096;

/**
 * What is theirs alone, and their parts of what they share with each other, such as memory from before a fork. Pages of files are left out
 * where the kernel tells them apart: there is one copy of a program's text for all who run it, and one's part of it changes with every
 * process that others start.
 */
export function treeMemoryBytes(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + memoryBytesOf(pid), 0);
}

/** A process, not only its number: the number comes again, the moment it began does not. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: number;
}

export function markProcess(pid: number): ProcessMark | undefined {
  const startTicks = processStat(pid)?.startTicks;
  return startTicks === undefined ? undefined : { pid, startTicks };
}

export function killMarked({ pid, startTicks }: ProcessMark): void {
  if (markProcess(pid)?.startTicks !== startTicks) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended since, as it should.
  }
}

/** The process and its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const parent = Number.isInteger(pid) ? processStat(pid)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function memoryBytesOf(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`) ?? '';
  const kilobytes = [...rollup.matchAll(/^Pss_(?:Anon|Shmem):\s+(\d+) kB/gm)].map(([, found]) => Number(found));
  if (kilobytes.length > 0) return kilobytes.reduce((sum, each) => sum + each, 0) * 1024;
  const [, resident = 0, shared = 0] = (read(`/proc/${pid}/statm`) ?? '').split(' ').map(Number);
  return (resident - shared) * pageBytes;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile, or may not be looked at.
    return undefined;
  }
}
