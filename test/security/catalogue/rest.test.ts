/** That what runs on is told from housekeeping, with processes that do the one or the other. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { comeToRest, restShareMax } from './rest.ts';

/** The program runs once it has said so. */
async function start(t: ExecutionContext, program: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', `process.stdout.write('here'); ${program}`]);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  if (child.pid === undefined) throw new Error('it has started');
  return child.pid;
}

test('a loop that runs on uses its allowance up and does not rest', async (t) => {
  const pid = await start(t, 'for (;;);');
  const rest = (await comeToRest([pid], 300)).get(pid);
  t.true((rest?.share ?? 0) > restShareMax);
  t.true((rest?.cpuMs ?? 0) > 300);
});

test('work that ends within the allowance is housekeeping, and a timer is none at all', async (t) => {
  const work = `const end = process.cpuUsage().user + 700_000; while (process.cpuUsage().user < end); setInterval(() => {}, 100);`;
  const pids = [await start(t, work), await start(t, 'setInterval(() => {}, 100);')];
  const rests = await comeToRest(pids, 5_000);
  t.is(rests.size, 2);
  for (const { share } of rests.values()) t.true(share <= restShareMax);
});

test('a process that ended is not spoken of', async (t) => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  t.is((await comeToRest([pid], 300)).size, 0);
});
