/**
 * What the kernel takes first when the machine runs out of memory: a sandbox, not its host, which would take all others with it
 * (SECURITY.md R19). Everybody may make a process of their own a likelier victim; nobody needs a privilege for it.
 */
import { writeFileSync } from 'node:fs';
import { limits } from '../model/limits.ts';

/** Call it only for a child that has not been reaped. */
export function offerToKernel(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(limits.sandboxOomScore));
  } catch {
    // No /proc (not Linux), or it has ended already: then there is nothing to prefer.
  }
}
