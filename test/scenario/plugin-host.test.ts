import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

test('the example of a plugin host does what it says', async (t) => {
  const program = fileURLToPath(new URL('../../examples/plugin-host.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  t.deepEqual(stdout.trim().split('\n'), [
    "ada { appVersion: '2.1.0', total: 5, picture: 'ERR_BINDING_TIMEOUT' }",
    "bob { appVersion: '2.1.0', total: 7, picture: 'ERR_BINDING_TIMEOUT' }",
    'the word isolates occurs 2 times',
    'the word strangers occurs 2 times',
    'the word isolates occurs 3 times',
    'the word strangers occurs 3 times',
    'ada keeps counts; bob keeps counts',
  ]);
});
