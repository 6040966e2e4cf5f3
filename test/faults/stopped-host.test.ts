/** A host that is stopped for long and goes on: a laptop that slept, a machine that was moved (SECURITY.md section 4, R21). */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const program = fileURLToPath(new URL('./stopped-host-program.ts', import.meta.url));

test.serial(
  'R21: after the host was stopped, what ended in time is an answer, what did not is a timeout, and no sandbox was killed',
  async (t) => {
    t.timeout(120_000);
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    t.is((await lines.next()).value, 'running');
    // The calls are on their way; some were read by their sandboxes, some were not.
    await delay(20);
    child.kill('SIGSTOP');
    await delay(5_000);
    child.kill('SIGCONT');
    t.deepEqual(JSON.parse((await lines.next()).value ?? ''), {
      ends: {
        quick: Array(8).fill('1000'),
        late: Array(4).fill('Sandbox.Timedout'),
        cold: ['1'],
      },
      after: [1, 1],
      exits: [],
      lost: 0,
    });
  },
);
