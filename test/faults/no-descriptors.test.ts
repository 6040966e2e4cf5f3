/** A host at its limit of open files, with the whole engine (SECURITY.md section 4, R18); spawning alone is in supervisor/fleet.test.ts. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const program = fileURLToPath(new URL('./no-descriptors-program.ts', import.meta.url));

test.serial('R18: without descriptors what is warm is served, what needs one is refused, and all comes back', (t) => {
  t.timeout(120_000);
  const ran = spawnSync('prlimit', ['--nofile=256:256', process.execPath, program], { encoding: 'utf8' });
  t.is(ran.status, 0, ran.stderr);
  const { without, after, exits } = JSON.parse(ran.stdout);
  t.like(without, { refusal: 'EMFILE', warm: 'answer', deployment: 'DataDirectoryUnusable' });
  t.deepEqual(without.many, ['answer']);
  // The spare may serve one of them; the others are told, and nobody waits for ever.
  const told = ['SandboxStartFailed', 'ServiceException'];
  t.true(
    without.cold.some((end: string) => told.includes(end)),
    without.cold.join(),
  );
  t.deepEqual(
    without.cold.filter((end: string) => end !== 'answer' && !told.includes(end)),
    [],
  );
  t.deepEqual(after, { deployment: 'done', cold: 'answer' });
  t.deepEqual(exits, []);
});
