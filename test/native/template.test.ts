/** The module that forks sandboxes, without a jail and without isotherm's program: what a child has of what its template had begun. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { testJail } from '../fixtures/jail.ts';
import { nativeModulePath } from './module-path.ts';

const program = fileURLToPath(new URL('../fixtures/busy-template.ts', import.meta.url));
/** Forked at any moment, one child of four or five hung or crashed. */
const templates = 5;

test('what V8 gave to its threads is finished before a template is forked', async (t) => {
  t.timeout(280_000);
  const jail = await testJail();
  if (jail.kind === 'absent') throw new Error(`this test needs a C compiler: ${jail.reason}`);
  const args = [program, jail.templatePath, await nativeModulePath()];
  // Descriptors 6 to 10 are the one seat: they become 1 to 5 of the child.
  const seat = Array.from({ length: 5 }, () => 'pipe' as const);
  for (let number = 1; number <= templates; number += 1) {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ignore', 'ignore', ...seat],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const control = child.stdio[3] as Duplex;
    const output = text(child.stdio.at(6) as unknown as Readable);

    const [ready] = (await once(control, 'data')) as [Buffer];
    t.is(ready.toString('latin1', 0, 2), 'r\0');
    control.write('f\0');
    t.is(await output, 'it works', `template ${number}`);
    child.kill('SIGKILL');
  }
});

test('a sandbox has nothing open that its template or another sandbox of it has', async (t) => {
  const jail = await testJail();
  if (jail.kind === 'absent') throw new Error(`this test needs a C compiler: ${jail.reason}`);
  const telling = fileURLToPath(new URL('../fixtures/telling-template.ts', import.meta.url));
  const seats = Array.from({ length: 10 }, () => 'pipe' as const);
  const child = spawn(process.execPath, [telling, jail.templatePath, await nativeModulePath()], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ignore', 'ignore', ...seats],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const control = child.stdio[3] as Duplex;
  const outputs = [6, 11].map((descriptor) => text(child.stdio.at(descriptor) as unknown as Readable));
  await once(control, 'data');
  control.write('f\0f\u0001');
  const told: { before: string[]; after: string[] }[] = (await Promise.all(outputs)).map((output) =>
    JSON.parse(output),
  );
  const [one, other] = told;
  const epoll = 'anon_inode:[eventpoll]';
  t.deepEqual(
    one?.after.filter((name) => name !== epoll && other?.after.includes(name)),
    [],
  );
  for (const { before, after } of told) {
    // Its seat was made for it, ahead.
    const isShared = (name: string): boolean => !name.startsWith('socket') && name !== epoll && before.includes(name);
    t.true(before.includes(epoll) && after.length > 0);
    t.deepEqual(after.filter(isShared), []);
    // Its own event loop's. Through one of the template's it could tell threads there what to do.
    t.is(after.filter((name) => name === epoll).length, 1);
  }
});
