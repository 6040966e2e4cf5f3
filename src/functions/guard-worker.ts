/** A program for a thread: guards the computed imports of one text, says what came of it, and ends. Started by `guard-thread` only. */
import { parentPort, workerData } from 'node:worker_threads';
import { guardComputedImports } from './computed-imports.ts';
import type { GuardAnswer, GuardTask } from './guard-thread.ts';

function answer({ code, folder, system }: GuardTask): GuardAnswer {
  try {
    return { kind: 'guarded', code: guardComputedImports(code, folder, system) };
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'refused', name: 'RangeError', message: error.message };
    if (error instanceof SyntaxError) return { kind: 'refused', name: 'SyntaxError', message: error.message };
    throw error;
  }
}

parentPort?.postMessage(answer(workerData as GuardTask));
