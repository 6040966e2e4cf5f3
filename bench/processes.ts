/** Memory of a process and all its descendants, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { processStat } from '../src/base/process-stat.ts';

export interface Usage {
  readonly bytes: number;
  /** `pss`: shared pages are divided among those who share them. `private`: where the kernel does not tell that, resident less shared. */
  readonly kind: 'pss' | 'private';
}

const pageBytes = 4096;

export function treeMemory(root: number): Usage {
  const usages = processTree(root).map(memoryOf);
  const bytes = usages.reduce((sum, usage) => sum + usage.bytes, 0);
  return { bytes, kind: usages.every(({ kind }) => kind === 'pss') ? 'pss' : 'private' };
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

function memoryOf(pid: number): Usage {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  const kilobytes = rollup === undefined ? undefined : /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1];
  if (kilobytes !== undefined) return { bytes: Number(kilobytes) * 1024, kind: 'pss' };
  const [, resident = 0, shared = 0] = (read(`/proc/${pid}/statm`) ?? '').split(' ').map(Number);
  return { bytes: (resident - shared) * pageBytes, kind: 'private' };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile, or may not be looked at.
    return undefined;
  }
}
