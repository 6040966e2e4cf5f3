/**
 * Where a process may run, through util-linux's `taskset`: Node has no call for it. Of two processes that send each other a message this
 * decides more than what they do: a bare echo takes some 30 us on one processor and some 100 on two, and the kernel chooses anew in each run.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let found: readonly number[] | undefined;

/** Those that this process may use; none where that cannot be told or chosen. */
export function processors(): readonly number[] {
  found ??=
    process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0
      ? listed(/^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')
      : [];
  return found;
}

/** From the kernel's way to write a set, such as `0-3,8`. */
export function listed(list: string): number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
  );
}

/** Keeps the main thread of a process on one processor; threads that it starts later stay there as well. */
export function pin(pid: number, processor: number): void {
  const { status, stderr } = spawnSync('taskset', ['--pid', '--cpu-list', String(processor), String(pid)]);
  if (status !== 0) throw new Error(`taskset could not keep process ${pid} on processor ${processor}: ${stderr}`);
}
