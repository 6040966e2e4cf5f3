/**
 * Runs a short program, one of our own or a compiler, to its end: text in, lines out, a time limit, and its last words when it fails.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../model/errors.ts';

export interface ProgramOptions {
  readonly input: string;
  /** Begins the message when it fails. */
  readonly purpose: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
}

/** @throws EngineError RuntimeBuildFailed when it does not exit with 0 in time. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<void> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...options.environment } });
  let timedOut = false;
  using _timer = options.clock.after(options.timeoutMs, () => {
    timedOut = true;
    child.kill('SIGKILL');
  });
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-lastWordsCharsMax);
  });
  createInterface({ input: child.stdout }).on('line', options.onLine);
  // A program that died before it read everything is reported by its exit.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input);
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `it ended with ${signal ?? `status ${code}`}`));
  });
  if (ending === '') return;
  const why = timedOut ? `it took longer than ${options.timeoutMs} ms` : ending;
  throw new EngineError('RuntimeBuildFailed', `${options.purpose}: ${why}${headline(lastWords)}`, {
    cause: new Error(lastWords.trim()),
  });
}

/** The line of a crash that names the error; the stack around it is the cause's. */
function headline(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((candidate) => /^(?:Uncaught )?\w*Error\b.*:|\berror: /.test(candidate)) ?? lines.at(-1);
  return line === undefined ? '' : `: ${line.trim().slice(0, headlineCharsMax)}`;
}

const lastWordsCharsMax = 4_096;
const headlineCharsMax = 300;
