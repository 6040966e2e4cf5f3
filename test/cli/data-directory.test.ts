import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { projectRoot, runCommand } from './run-command.ts';

ownTemporaryDirectory();

test.serial('a file that was invoked with --data-dir is kept and can be invoked by its name', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'isotherm-cli-'));
  writeFileSync(join(cwd, 'kept.mjs'), 'export const handler = async (event) => ["kept", event]');
  const first = await runCommand(['invoke', 'kept.mjs', '--data-dir', 'data'], { cwd });
  t.is(first.status, 0, first.stderr);
  const second = await runCommand(['invoke', 'kept', '--data-dir', 'data', '--event', '1'], { cwd });
  t.is(second.stdout, '["kept",1]\n', second.stderr);
  const again = await runCommand(['invoke', 'kept.mjs', '--data-dir', 'data', '--event', '2'], { cwd });
  t.is(again.stdout, '["kept",2]\n', again.stderr);

  const ignored = await runCommand(['invoke', 'kept', '--data-dir', 'data', '--timeout', '5'], { cwd });
  t.is(ignored.status, 2);
  t.regex(ignored.stderr, /^isotherm: "kept" is no file, .* a new timeout$/m);
});

test.serial('new code and options replace those of the kept function, others stay', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'isotherm-cli-'));
  const run = (...args: readonly string[]) =>
    runCommand(['invoke', 'f.cjs', '--data-dir', 'data', '--memory', '256', ...args], { cwd });
  writeFileSync(join(cwd, 'f.cjs'), 'exports.handler = async () => process.env.COLOUR');
  t.is((await run('--env', 'COLOUR=blue')).stdout, '"blue"\n');
  writeFileSync(join(cwd, 'f.cjs'), 'exports.handler = async (_, c) => [process.env.COLOUR, c.memoryLimitInMB]');
  t.is((await run()).stdout, '["blue","256"]\n');
});

test.serial('a reader that goes away ends the command quietly', (t) => {
  const { stdout, stderr, status } = spawnSync(
    'bash',
    [
      '-c',
      'set -o pipefail; "$0" bin/isotherm.js invoke examples/counter.js --repeat 100000 | head -n 1',
      process.execPath,
    ],
    { cwd: projectRoot, encoding: 'utf8', timeout: 240_000 },
  );
  t.regex(stdout, /^{"invocations":1,.*\n$/);
  t.is(status, 141);
  t.notRegex(stderr, /EPIPE|\n\s+at /);
});

test.serial(
  'an unknown function, and a directory that cannot be used, are one clear line and exit status 2',
  async (t) => {
    const cwd = mkdtempSync(join(tmpdir(), 'isotherm-cli-'));
    writeFileSync(join(cwd, 'file'), '');
    for (const [dataDirectory, message] of [
      ['data', /^isotherm: ResourceNotFoundException: Function not found: .*:function:nobody/m],
      ['file', /^isotherm: DataDirectoryUnusable: .*not a directory/m],
      ['/proc/isotherm', /^isotherm: DataDirectoryUnusable: .*\/proc\/isotherm/m],
    ] as const) {
      const { status, stdout, stderr } = await runCommand(['invoke', 'nobody', '--data-dir', dataDirectory], { cwd });
      t.is(status, 2, stderr);
      t.is(stdout, '');
      t.regex(stderr, message);
      t.notRegex(stderr, /\n\s+at /);
    }
  },
);
