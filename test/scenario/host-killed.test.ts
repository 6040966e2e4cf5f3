/** The host is killed with SIGKILL while a guest sits in a builtin that nothing interrupts: what stays, and what the next host finds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { processStat } from '../../src/base/process-stat.ts';
import { createEngine } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

const directory = ownTemporaryDirectory();
const program = fileURLToPath(new URL('../fixtures/engine-host.ts', import.meta.url));

async function startHost(t: ExecutionContext, ...args: readonly string[]) {
  const host = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => host.kill('SIGKILL'));
  const [line] = await Promise.race([
    once(createInterface({ input: host.stdout }), 'line'),
    once(host, 'exit').then(([code]) => Promise.reject(new Error(`the host ended with ${code}`))),
  ]);
  const { pids, level }: { pids: number[]; level: string } = JSON.parse(String(line));
  t.true(pids.length > 0);
  return { host, pids, level };
}

async function becomesTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

for (const hardening of ['auto', 'off']) {
  test.serial(`with hardening ${hardening} a stuck sandbox ends with its host`, async (t) => {
    t.timeout(180_000);
    const { host, pids, level } = await startHost(t, hardening);
    const [stuck = 0] = pids;
    const before = processStat(stuck)?.cpuMs ?? 0;
    await becomesTrue(() => (processStat(stuck)?.cpuMs ?? 0) > before + 100);
    host.kill('SIGKILL');
    await becomesTrue(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    t.log(`level ${level}`);
    t.pass();
  });
}

test.serial('the next host finds nothing of the killed one in its way, and removes what is left', async (t) => {
  t.timeout(180_000);
  const data = mkdtempSync(join(tmpdir(), 'isotherm-test-data-'));
  const { host } = await startHost(t, 'auto', data);
  const other = await startHost(t, 'auto');
  const left = () => readdirSync(directory).filter((name) => name.startsWith('isotherm-code-'));
  t.is(left().length, 1);
  for (const each of [host, other.host]) {
    each.kill('SIGKILL');
    await once(each, 'exit');
  }
  t.is(left().length, 1);

  await using engine = await createEngine({ dataDirectory: data });
  const { payload } = await engine.invoke({ functionName: 'endless', payload: '{"stop":true}' });
  t.is(Buffer.from(payload).toString(), '"stopped"');
  await becomesTrue(() => left().length === 0);
  t.pass();
});
