/**
 * Kills every sandbox when this process exits. A sandbox also ends by itself when its socket closes, but a stuck one does not
 * notice. What no handler sees (SIGKILL of the host) is left to the socket.
 */
import type { ChildProcess } from 'node:child_process';

const guarded = new Set<ChildProcess>();

export function killAtExit(child: ChildProcess): void {
  if (guarded.size === 0) process.on('exit', killAll);
  guarded.add(child);
  child.once('exit', () => {
    guarded.delete(child);
    if (guarded.size === 0) process.off('exit', killAll);
  });
}

function killAll(): void {
  // ChildProcess.kill signals only a child that is not reaped yet, never a stranger that has its pid now.
  for (const child of guarded) child.kill('SIGKILL');
}
