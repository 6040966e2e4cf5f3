/**
 * Runs `guardComputedImports` where it harms nobody: what is long is parsed on a thread of its own, which ends when it takes too
 * much memory or when bundling is given up. On the host's own thread 6 MB of `[],[],` stood in everybody's way for eight seconds.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { limits } from '../model/limits.ts';
import { guardComputedImports } from './computed-imports.ts';

export interface GuardTask {
  readonly code: string;
  readonly folder: string | undefined;
  readonly system: 'cjs' | 'esm';
}

export type GuardAnswer =
  | { readonly kind: 'guarded'; readonly code: string }
  | { readonly kind: 'refused'; readonly name: 'SyntaxError' | 'RangeError'; readonly message: string };

export type Guard = (task: GuardTask) => Promise<string>;

/** Of one bundle: its files are parsed one after the other, so that a package has one thread at most. Tests have smaller threads. */
export function createGuard(signal?: AbortSignal, memoryMiBMax: number = limits.parserThreadMemoryMiBMax): Guard {
  const oneByOne = pLimit(1);
  return async (task) => {
    if (task.code.length > limits.parsedAtOnceCharsMax)
      return await oneByOne(() => onThread(task, signal, memoryMiBMax));
    return guardComputedImports(task.code, task.folder, task.system);
  };
}

async function onThread(task: GuardTask, signal: AbortSignal | undefined, memoryMiBMax: number): Promise<string> {
  signal?.throwIfAborted();
  const worker = new Worker(program, {
    workerData: task,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: memoryMiBMax },
  });
  const { promise, resolve, reject } = Promise.withResolvers<GuardAnswer>();
  const onAbort = (): void => reject(signal?.reason);
  worker.once('message', resolve);
  worker.once('error', (error) => reject(isOutOfMemory(error) ? tooMuchMemory(error, memoryMiBMax) : error));
  // After an answer, or an error, it changes nothing.
  worker.once('exit', (code) => reject(new Error(`the thread that parsed a file ended with ${code}`)));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await promise;
    if (answer.kind === 'guarded') return answer.code;
    throw answer.name === 'RangeError' ? new RangeError(answer.message) : new SyntaxError(answer.message);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

/** Beside this file, in the same form: as written here, or compiled when published. */
const program = new URL(`./guard-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function tooMuchMemory(cause: unknown, memoryMiBMax: number): Error {
  const message = `parsing a file took more than ${memoryMiBMax} MiB of memory (parserThreadMemoryMiBMax)`;
  return new Error(message, { cause });
}
