import { spawnSync } from 'node:child_process';
import test from 'ava';
import { projectRoot } from './run-command.ts';

function runAs(nodeVersion: string) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${nodeVersion}' } })`;
  return spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, `${projectRoot}bin/isotherm.js`, '--version'],
    { encoding: 'utf8' },
  );
}

test('an older Node is told in one line what is needed', (t) => {
  for (const version of ['8.17.0', '20.20.2', '23.11.1']) {
    const { status, stdout, stderr } = runAs(version);
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, /^isotherm: Node 24 or newer is needed .*\n$/);
  }
});

test('Node 24 and later start the command', (t) => {
  for (const version of ['24.0.0', '26.10.0', '30.1.0']) {
    const { status, stdout, stderr } = runAs(version);
    t.is(status, 0, stderr);
    t.regex(stdout, /^\d+\.\d+\.\d+\n$/);
  }
});
