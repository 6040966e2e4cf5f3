/** A driver's process, from the side of the run: started, asked, and ended with everything that it started, on every path. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command, Reply, Response } from './driver-messages.ts';
import { killMarked, markProcess, processTree, treeMemoryBytes } from './processes.ts';

export interface DriverClient extends AsyncDisposable {
  readonly peer: string;
  /** When it was open, on the clock of `performance.now()`. */
  readonly openedAtMs: number;
  /** @throws Error when the peer failed or did not answer in time */
  ask<Type extends Command['type']>(
    command: Command & { readonly type: Type },
    withinMs?: number,
  ): Promise<Reply<Type>>;
  /** Of the process and all that it started. */
  memoryBytes(): number;
}

export interface ClientOptions {
  readonly environments: number;
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
}

const answerWithinMs = 120_000;
const closeWithinMs = 10_000;
/** Compiled where it is published. */
const program = fileURLToPath(new URL(`driver-process${extname(import.meta.url)}`, import.meta.url));

export async function startDriver(peer: string, { signal, ...options }: ClientOptions): Promise<DriverClient> {
  signal?.throwIfAborted();
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-bench-'));
  // isolated-vm needs the flag. A group of its own, so that Ctrl-C reaches the run, which then ends its drivers in order.
  const child = fork(program, [], {
    detached: true,
    serialization: 'advanced',
    execArgv: ['--no-node-snapshot', '--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let complaint = '';
  let ids = 0;
  child.stderr?.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000);
  });
  child.on('message', (response: Response) => {
    const asked = waiting.get(response.id);
    waiting.delete(response.id);
    if ('error' in response) asked?.reject(new Error(response.error));
    else asked?.resolve(response.reply);
  });
  const fail = (error: Error) => {
    for (const asked of waiting.values()) asked.reject(error);
    waiting.clear();
  };
  child.on('error', fail);
  child.on('exit', (code, by) =>
    fail(new Error(`the driver ended with ${code ?? by}: ${complaint.trim().slice(-500)}`)),
  );
  const abort = () => fail(new Error('aborted'));
  signal?.addEventListener('abort', abort);

  async function ask(command: Command, withinMs: number): Promise<unknown> {
    signal?.throwIfAborted();
    if (!child.connected) throw new Error(`the driver of ${peer} has ended: ${complaint.trim().slice(-500)}`);
    ids += 1;
    const asked = Promise.withResolvers<unknown>();
    waiting.set(ids, asked);
    const timer = setTimeout(
      () => asked.reject(new Error(`no answer to ${command.type} within ${withinMs} ms`)),
      withinMs,
    );
    child.send({ id: ids, command });
    try {
      return await asked.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  let openedAtMs = Number.NaN;
  const client: DriverClient = {
    peer,
    get openedAtMs() {
      return openedAtMs;
    },
    ask: (command, withinMs = answerWithinMs) => ask(command, withinMs) as Promise<never>,
    memoryBytes: () => treeMemoryBytes(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', abort);
      await endDriver(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await client.ask({ type: 'open', peer, directory, ...options });
    openedAtMs = performance.now();
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

async function endDriver(child: ChildProcess): Promise<void> {
  // Its number may be that of somebody else when it has ended.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const started = processTree(child.pid).slice(1).map(markProcess);
  const gone = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), closeWithinMs);
  await gone;
  clearTimeout(timer);
  // What it had started and did not end itself, such as when it was killed.
  for (const mark of started) if (mark !== undefined) killMarked(mark);
}
