/** Runs a program until it ends, and gives what it wrote to stdout. Aborting ends it, and waits until it is gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface RunOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/** @throws Error with the end of its stderr when its exit status is not 0 */
export async function runToEnd(file: string, args: readonly string[], { cwd, signal }: RunOptions): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    const [stdout, stderr, [status, killer]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    signal.throwIfAborted();
    if (status === 0) return stdout;
    throw new Error(`${file} ${args.join(' ')} ended with ${status ?? killer}: ${stderr.slice(-2_000)}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
