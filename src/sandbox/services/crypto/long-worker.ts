/** A program for a thread: carries one operation out and says what came of it. Started by `long-work` only. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { failureJson } from './failure.ts';
import { Input } from './input.ts';
import type { LongAnswer, LongTask } from './long-work.ts';
import { operations } from './operations.ts';
import { pack } from './packed.ts';
import { createState } from './state.ts';

const { task, port } = workerData as { readonly task: LongTask; readonly port: MessagePort };

function answer(): LongAnswer {
  try {
    const output = operations.get(task.operation)?.now(Input.read(task.head, task.bytes), createState()) ?? {};
    return { kind: 'done', head: JSON.stringify(output.head ?? {}), bytes: pack(output.parts ?? []) };
  } catch (error) {
    return { kind: 'failed', failure: failureJson(error) };
  }
}

port.postMessage(answer());
port.close();
