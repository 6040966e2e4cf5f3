/** Disks that are full for a while (SECURITY.md section 4, R06 and R07): a small one, in a mount namespace of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const program = fileURLToPath(new URL('./full-disk-program.ts', import.meta.url));
/** Who is not root becomes it in a namespace of users. */
const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];

for (const [kind, written] of [
  ['data', 'written'],
  ['temporary', 'ENOSPC'],
] as const) {
  test.serial(`a full disk under the ${kind} directory refuses deployments, and nothing else`, (t) => {
    t.timeout(120_000);
    const disk = mkdtempSync(join(tmpdir(), 'isotherm-disk-'));
    const ran = spawnSync('unshare', [...namespaces, process.execPath, program, kind, disk], { encoding: 'utf8' });
    if (ran.status !== 0 && /unshare failed|mount: .*permission denied/i.test(ran.stderr)) {
      // A machine that lets nobody mount says so, and no disk can be made full on it.
      t.regex(ran.stderr, /Operation not permitted|permission denied/i);
      return;
    }
    t.is(ran.status, 0, ran.stderr);
    t.deepEqual(JSON.parse(ran.stdout), {
      before: ['written', 'written'],
      full: {
        create: 'DataDirectoryUnusable',
        update: 'DataDirectoryUnusable',
        write: written,
        others: 'written',
        functions: 2,
      },
      after: { create: 'done', update: 'done', write: 'written', others: 'two', isSameSandbox: true },
    });
  });
}
