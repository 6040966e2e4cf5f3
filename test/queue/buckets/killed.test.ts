/** Whoever watches is killed again and again while files come, change and go: in the end each last state has been told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';
import { randomNumbers } from '../../fixtures/random-numbers.ts';

ownTemporaryDirectory();
const program = fileURLToPath(new URL('./bucket-host.ts', import.meta.url));

test('nothing is missed when the host is killed with SIGKILL again and again', async (t) => {
  t.timeout(120_000);
  const seed = Date.now() % 1_000_000;
  t.log(`seed ${seed}`);
  const random = randomNumbers(seed);
  const scratch = mkdtempSync(join(tmpdir(), 'isotherm-killed-'));
  const directory = mkdtempSync(join(scratch, 'bucket-'));
  const log = join(scratch, 'log');
  let host: ChildProcess | undefined;
  t.teardown(() => host?.kill('SIGKILL'));
  const start = async () => {
    const child = spawn(process.execPath, [program, join(scratch, 'data'), directory, log], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    host = child;
    await once(createInterface({ input: child.stdout }), 'line');
  };
  const kill = async () => {
    host?.kill('SIGKILL');
    if (host !== undefined) await once(host, 'exit');
  };
  const contents = new Map<string, string | undefined>();
  await start();
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < 60; index += 1) {
      const key = `f${random.between(0, 99)}`;
      const content = random.happens(0.7) ? `${round} ${index} ${'x'.repeat(random.between(0, 50))}` : undefined;
      contents.set(key, content);
      if (content === undefined) rmSync(join(directory, key), { force: true });
      else writeFileSync(join(directory, key), content);
      if (random.happens(0.2)) await delay(random.between(0, 25));
    }
    await kill();
    await start();
  }
  // What was told last of each object is how it is now; one that came and went while nobody looked was never told.
  const lastTold = (): Map<string, string> => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
    return new Map(lines.map((line) => [line.split(' ')[1] ?? '', line]));
  };
  const isTold = ([key, content]: readonly [string, string | undefined]): boolean => {
    const told = lastTold().get(key);
    if (content === undefined) return told === undefined || told.startsWith('ObjectRemoved:Delete');
    return told === `ObjectCreated:Put ${key} ${createHash('md5').update(content).digest('hex')}`;
  };
  while (![...contents].every(isTold)) await delay(20);
  await kill();
  t.pass();
});
