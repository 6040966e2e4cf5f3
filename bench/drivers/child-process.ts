/** A Node process for each function, spoken to over the channel of `fork`. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Driver } from './driver.ts';
import { defaultTimeoutMs, noRegistry, peerOfEnvironments, withTimeLimit } from './environments.ts';
import { createPending } from './pending.ts';
import { endChild } from './program.ts';
import { writeSource } from './source-file.ts';

const program = fileURLToPath(new URL('../peers/child.mjs', import.meta.url));

export const childProcess: Driver = {
  name: 'child_process',
  about: 'a Node process for each function, with all rights of its user',
  version: () => process.version,
  environmentIsProcess: true,
  lacks: {
    http: 'it is spoken to over its channel',
    registry: noRegistry,
  },
  open: async (options) =>
    peerOfEnvironments(async ({ source, timeoutMs = defaultTimeoutMs }, phase) => {
      const { path, directory } = writeSource(options.directory, source);
      const pending = createPending();
      const child = fork(program, [path], { env: { BENCH_TMP: directory }, execArgv: ['--max-old-space-size=128'] });
      const ready = Promise.withResolvers<void>();
      child.on('message', (message) =>
        message === 'ready' ? ready.resolve() : pending.settle(message as { answer?: string; error?: string }),
      );
      const fail = (error: Error) => {
        ready.reject(error);
        pending.fail(error);
      };
      child.on('error', fail);
      child.on('exit', () => fail(new Error('the process ended')));
      const end = () => void child.kill('SIGKILL');
      await withTimeLimit(defaultTimeoutMs * 10, end, ready.promise);
      phase('process and init');
      return {
        call(payload) {
          const answer = pending.add();
          child.send(payload);
          return withTimeLimit(timeoutMs, end, answer);
        },
        close: () => endChild(child, 'SIGKILL'),
        kill: end,
      };
    }, options),
};
