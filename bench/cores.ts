/**
 * Which cores a process may use, through util-linux's `taskset`. Where two processes that talk to each other run decides more about
 * a round trip than what they do: on one core a bare echo takes 30 us here, on two 95, and the kernel chooses anew in each run.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export const canPin =
  process.platform === 'linux' && availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

const all = `0-${availableParallelism() - 1}`;

/** Moves the main thread of a process to one core, or with undefined lets it go wherever the kernel likes. */
export function pin(pid: number, core: number | undefined): void {
  if (!canPin) return;
  const { status, stderr } = spawnSync('taskset', ['-p', '-c', core === undefined ? all : String(core), String(pid)]);
  if (status !== 0) throw new Error(`taskset could not pin process ${pid}: ${stderr}`);
}
