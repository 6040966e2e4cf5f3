import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { sandboxNodeFlags } from '../../src/supervisor/node-flags.ts';
import { nativeModulePath } from './module-path.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./hostile-program.ts', import.meta.url));

test('no argument of a guest ends the process, whichever function gets it', async (t) => {
  const { stdout } = await run(process.execPath, [...sandboxNodeFlags, program, await nativeModulePath()]);
  t.true(Number(stdout) > 50_000, stdout);
});
