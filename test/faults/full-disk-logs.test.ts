/** Logs on a disk that is full for a while: a small one, in a mount namespace of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const program = fileURLToPath(new URL('./full-disk-logs-program.ts', import.meta.url));
/** Who is not root becomes it in a namespace of users. */
const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];

test('a full disk costs the lines that came meanwhile, and says so where they are missing', (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'isotherm-disk-'));
  const ran = spawnSync('unshare', [...namespaces, process.execPath, program, disk], { encoding: 'utf8' });
  if (ran.status !== 0 && /unshare failed|mount: .*permission denied/i.test(ran.stderr)) {
    // A machine that lets nobody mount says so, and no disk can be made full on it.
    t.regex(ran.stderr, /Operation not permitted|permission denied/i);
    return;
  }
  t.is(ran.status, 0, ran.stderr);
  // A line finds room in the last page of the file that is there.
  const mark = 'isotherm: 1 log events (100015 bytes) were lost here: the di';
  t.deepEqual(JSON.parse(ran.stdout), { full: ['before', mark], after: ['before', mark, 'after'], lost: 1, kept: 3 });
});
