/** A Deno process for each function, with no permission but to read its source and to use a directory of its own, spoken to in lines. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { packageProgram, packageVersion } from '../peer-packages.ts';
import type { Driver } from './driver.ts';
import { defaultTimeoutMs, noRegistry, peerOfEnvironments, withTimeLimit } from './environments.ts';
import { createPending } from './pending.ts';
import { endChild } from './program.ts';
import { writeSource } from './source-file.ts';

const program = fileURLToPath(new URL('../peers/deno.mjs', import.meta.url));

function executable(): string | undefined {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  return packageProgram([`@deno/linux-${arch}-glibc`, `@deno/darwin-${arch}`], 'deno');
}

export const deno: Driver = {
  name: 'deno',
  about: "a Deno process for each function, without permissions, with Deno's copy of Node's modules",
  version: () => (executable() === undefined ? undefined : packageVersion('deno')),
  environmentIsProcess: true,
  lacks: {
    http: 'it is spoken to over its standard input and output',
    registry: noRegistry,
  },
  async open(options) {
    const file = executable() ?? '';
    return peerOfEnvironments(async ({ source, timeoutMs = defaultTimeoutMs }, phase) => {
      const { path, directory } = writeSource(options.directory, source);
      const rights = [`--allow-read=${directory}`, `--allow-write=${directory}`, '--allow-env=BENCH_TMP'];
      const flags = [
        '--quiet',
        '--no-prompt',
        '--no-remote',
        '--no-npm',
        '--no-config',
        '--no-lock',
        '--v8-flags=--max-old-space-size=128',
      ];
      const child = spawn(file, ['run', ...flags, ...rights, program, path], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { BENCH_TMP: directory, DENO_DIR: `${options.directory}/deno`, DENO_NO_UPDATE_CHECK: '1' },
      });
      const pending = createPending();
      const ready = Promise.withResolvers<void>();
      let complaint = '';
      const fail = (error: Error) => {
        ready.reject(error);
        pending.fail(error);
      };
      child.stderr.on('data', (chunk) => {
        complaint = (complaint + chunk).slice(-2_000);
      });
      child.stdin.on('error', () => {
        // The process is gone; its exit says so.
      });
      child.on('error', fail);
      child.on('exit', () => fail(new Error(`the process ended: ${complaint}`)));
      let chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!chunk.includes(10)) return;
        const lines = Buffer.concat(chunks).toString().split('\n');
        chunks = [Buffer.from(lines.pop() ?? '')];
        for (const line of lines) {
          if (line === 'ready') ready.resolve();
          else if (line.startsWith('!')) pending.settle({ error: line.slice(1) });
          else pending.settle({ answer: line });
        }
      });
      const end = () => void child.kill('SIGKILL');
      await withTimeLimit(defaultTimeoutMs * 10, end, ready.promise);
      phase('process and init');
      return {
        call(payload) {
          const answer = pending.add();
          child.stdin.write(`${payload}\n`);
          return withTimeLimit(timeoutMs, end, answer);
        },
        close: () => endChild(child, 'SIGKILL'),
        kill: end,
      };
    }, options);
  },
};
