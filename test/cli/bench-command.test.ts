import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { result } from '../bench/result.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { runCommand } from './run-command.ts';

ownTemporaryDirectory();

function folder(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-bench-cli-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

test.serial('an old result is shown again, and a target that it missed is the exit status', async (t) => {
  const cwd = folder({
    'missed.json': JSON.stringify(result),
    'met.json': JSON.stringify({ ...result, targets: result.targets.slice(0, 1) }),
  });
  const missed = await runCommand(['bench', '--from', 'missed.json', '--html', 'report.html'], { cwd });
  t.is(missed.status, 1, missed.stderr);
  t.regex(missed.stdout, /^ {2}isotherm +6\.57 ms/m);
  t.regex(missed.stdout, /UNDER +1\.90×, at least 2×: throughput \/ workerd\n$/);
  t.true(readFileSync(join(cwd, 'report.html'), 'utf8').startsWith('<!DOCTYPE html>'));

  const met = await runCommand(['bench', '--from', 'met.json', '--json', 'copy.json'], { cwd });
  t.is(met.status, 0, met.stderr);
  t.deepEqual(JSON.parse(readFileSync(join(cwd, 'copy.json'), 'utf8')).series, result.series);
});

const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a result that is not there', ['--from', 'none.json'], /--from none\.json cannot be read: ENOENT/],
  ['a result that is no JSON', ['--from', 'text.json'], /--from text\.json: .*JSON/],
  ['a result of something else', ['--from', 'other.json'], /--from other\.json: not a result of the benchmark/],
  ['an old result and a new run', ['--from', 'ok.json', '--quick'], /--from .* goes without --quick/],
  ['a report without a place', ['--html', 'none/report.html'], /--html none\/report\.html cannot be written: ENOENT/],
  ['a result where a directory is', ['--json', '.'], /--json must be a file, \. is a directory/],
  ['an unknown scenario', ['--scenario', 'cold,frob'], /no scenario is named "frob"; there are cold, /],
  ['an unknown peer', ['--peer', 'frob'], /no peer is named "frob"/],
  ['a seed that is no number', ['--seed', 'x'], /--seed must be an integer from 0 to 4294967295, got "x"/],
];

for (const [what, args, message] of mistakes) {
  test.serial(`${what} is one clear line and exit status 2`, async (t) => {
    const cwd = folder({ 'ok.json': JSON.stringify(result), 'text.json': '{oh', 'other.json': '{"format":2}' });
    const { status, stdout, stderr } = await runCommand(['bench', ...args], { cwd });
    t.is(status, 2, stderr);
    t.is(stdout, '');
    t.is(stderr.trimEnd().split('\n').length, 1, stderr);
    t.regex(stderr, message);
  });
}
