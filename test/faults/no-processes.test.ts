/** A host that may start no process, and a sandbox that may start no thread (SECURITY.md section 4, R17). */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

const program = fileURLToPath(new URL('./no-processes-program.ts', import.meta.url));
const directory = ownTemporaryDirectory();

/** The limit does not hold for root, which runs this as somebody who has nothing but a directory. */
const userId = 1_899_999_001;
const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? ['setpriv', `--reuid=${userId}`, `--regid=${userId}`, '--clear-groups'] : [];

for (const templates of ['auto', 'off'] as const) {
  test.serial(
    `R17: without processes, templates ${templates}: what is warm is served, what needs one is refused, and all comes back`,
    async (t) => {
      t.timeout(240_000);
      if (isRoot) chownSync(directory, userId, userId);
      const [command = process.execPath, ...args] = [...asUser, process.execPath, program, templates];
      const own = { HOME: directory, XDG_CACHE_HOME: directory, TMPDIR: directory };
      const host = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...own } });
      t.teardown(() => host.kill('SIGKILL'));
      let last = '';
      for await (const line of createInterface({ input: host.stdout })) {
        last = line;
        const [, what, pid] = /^(no processes|as before) (\d+)$/.exec(line) ?? [];
        if (what === undefined || pid === undefined) continue;
        const [program = 'prlimit', ...before] = [...asUser, 'prlimit'];
        execFileSync(program, [...before, '--pid', pid, `--nproc=${what === 'no processes' ? 1 : 10_000}:`]);
        host.stdin.write('done\n');
      }
      const told = ['SandboxStartFailed', 'ServiceException'];
      const { withoutProcesses, after, withoutThreads, afterThreads, exits } = JSON.parse(last);
      t.is(withoutProcesses.warm, 'answer');
      // A spare, and what a template forks, may serve some; the others are told, and nobody waits for ever.
      t.deepEqual(
        withoutProcesses.cold.filter((end: string) => end !== 'answer' && !told.includes(end)),
        [],
      );
      t.deepEqual(after, ['answer']);
      t.is(withoutThreads.others, 'answer');
      t.true(['answer', 'SandboxLost', 'Runtime.ExitError'].includes(withoutThreads.threads), withoutThreads.threads);
      t.is(afterThreads, 'answer');
      t.log(JSON.stringify({ withoutProcesses, withoutThreads, exits }));
    },
  );
}
