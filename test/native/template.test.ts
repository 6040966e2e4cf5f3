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
