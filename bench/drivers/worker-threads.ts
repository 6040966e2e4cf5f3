/** A worker thread with an isolate of its own in the calling process, without a border that would hold against hostile code. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Driver } from './driver.ts';
import { defaultTimeoutMs, noProcess, noRegistry, peerOfEnvironments, withTimeLimit } from './environments.ts';
import { createPending } from './pending.ts';
import { writeSource } from './source-file.ts';

const program = fileURLToPath(new URL('../peers/thread.mjs', import.meta.url));

export const workerThreads: Driver = {
  name: 'worker_threads',
  about: 'a thread of the calling process, with all of Node and all rights of the process',
  version: () => process.version,
  lacks: {
    http: 'it is a library',
    registry: noRegistry,
    process: noProcess,
  },
  open: async (options) =>
    peerOfEnvironments(async ({ source, timeoutMs = defaultTimeoutMs }, phase) => {
      const { path, directory } = writeSource(options.directory, source);
      const pending = createPending();
      const worker = new Worker(program, {
        argv: [path],
        env: { BENCH_TMP: directory },
        resourceLimits: { maxOldGenerationSizeMb: 128 },
      });
      const ready = Promise.withResolvers<void>();
      worker.on('message', (message) => (message === 'ready' ? ready.resolve() : pending.settle(message)));
      const fail = (error: Error) => {
        ready.reject(error);
        pending.fail(error);
      };
      worker.on('error', fail);
      worker.on('exit', () => fail(new Error('the thread ended')));
      const end = () => void worker.terminate();
      await withTimeLimit(defaultTimeoutMs * 10, end, ready.promise);
      phase('thread and init');
      return {
        call(payload) {
          const answer = pending.add();
          worker.postMessage(payload);
          return withTimeLimit(timeoutMs, end, answer);
        },
        close: async () => void (await worker.terminate()),
      };
    }, options),
};
