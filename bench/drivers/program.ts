/** A program that a driver starts and owns: it is up when it says so, and it is gone when the driver is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Program extends AsyncDisposable {
  /** What was found in its output. */
  readonly found: string;
}

export interface ProgramInput {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its first group is what the caller wants to know, such as a port. Looked for in stdout, stderr and file descriptor 3. */
  readonly ready: RegExp;
}

const readyWithinMs = 60_000;

export async function startProgram({ file, args, env = {}, ready }: ProgramInput): Promise<Program> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  let isUp = false;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of child.stdio.slice(1)) {
    stream?.on('data', (chunk) => {
      // Looking through what a server logs would be measured along with it.
      if (isUp) return;
      output = (output + chunk).slice(-20_000);
      const found = ready.exec(output)?.[1];
      if (found === undefined) return;
      isUp = true;
      resolve(found);
    });
  }
  child.once('error', reject);
  child.once('exit', (code, signal) =>
    reject(new Error(`${file} ended with ${code ?? signal}: ${output.slice(-500)}`)),
  );
  const timer = setTimeout(
    () => reject(new Error(`${file} was not ready in time: ${output.slice(-500)}`)),
    readyWithinMs,
  );
  try {
    return { found: await promise, [Symbol.asyncDispose]: () => endChild(child) };
  } catch (error) {
    await endChild(child);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Asks first, so that a program can end its own children, and insists after a while. */
export async function endChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(timer);
}
