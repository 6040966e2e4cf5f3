/** A program for a thread: carries operations out, one after the other, and says what came of them. Started by `long-work` only. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { failureJson } from './failure.ts';
import { Input } from './input.ts';
import type { LongAnswer, LongTask } from './long-work.ts';
import { forgetErrors } from './openssl-errors.ts';
import { operations } from './operations.ts';
import { pack } from './packed.ts';
import { createState } from './state.ts';

const port = workerData as MessagePort;

function answer(task: LongTask): LongAnswer {
  try {
    // Tasks of several guests come here, so nothing of one is kept.
    const output = operations.get(task.operation)?.now(Input.read(task.head, task.bytes), createState()) ?? {};
    return { kind: 'done', head: JSON.stringify(output.head ?? {}), bytes: pack(output.parts ?? []) };
  } catch (error) {
    // Whatever Node throws is the guest's.
    forgetErrors();
    return { kind: 'failed', failure: failureJson(error) };
  }
}

port.on('message', (task: LongTask) => port.postMessage(answer(task)));
