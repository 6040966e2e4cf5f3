import test from 'ava';
import { againMax, fileOf, filesToRepeat, readRun } from '../scripts/run-tests.ts';

const files = new Set([
  'test/http/awscli.test.ts',
  'test/security/catalogue/resources.test.ts',
  'test/run-tests.test.ts',
]);
const isFile = (path: string): boolean => files.has(path);

const output = `
  \u001B[32m✔\u001B[39m base › alarm › it rings
  ✘ [fail]: http › awscli › create › and delete Expected to pass
  ✔ base › alarm › it says ✘ [fail]: in its title (1.2s)
  ✘ [fail]: security › catalogue › resources › K10 warm, beside: poison
    ℹ a line that a test logged
  ─
  2 tests failed
`;

test('what passed and what failed is read from what ava prints', (t) => {
  t.deepEqual(readRun(output), {
    passed: 2,
    failed: [
      'http › awscli › create › and delete Expected to pass',
      'security › catalogue › resources › K10 warm, beside: poison',
    ],
    isBroken: false,
  });
});

test('a test’s file is found by its name, whatever its title', (t) => {
  t.is(fileOf('http › awscli › create › and delete', isFile), 'test/http/awscli.test.ts');
  t.is(fileOf('run-tests › a title', isFile), 'test/run-tests.test.ts');
  t.is(fileOf('nowhere › to › be found', isFile), undefined);
});

test('the files of failed tests are run again, each once', (t) => {
  const run = readRun(`${output}\n  ✘ [fail]: http › awscli › another\n`);
  t.deepEqual(filesToRepeat(run, isFile), ['test/http/awscli.test.ts', 'test/security/catalogue/resources.test.ts']);
});

test('nothing is run again after what no test is to blame for, nor when many failed', (t) => {
  for (const line of [
    'Uncaught exception in test/http/awscli.test.ts',
    'Unhandled rejection in test/http/awscli.test.ts',
    '✘ Timed out while running tests',
    '✘ test/http/awscli.test.ts exited with a non-zero exit code: 1',
    '✘ test/http/awscli.test.ts exited due to SIGSEGV',
    '✘ No tests found in test/http/awscli.test.ts',
    '  ✘ [fail]: nowhere › to › be found',
  ]) {
    t.deepEqual(filesToRepeat(readRun(`${output}\n${line}\n`), isFile), [], line);
  }
  const many = Array.from({ length: againMax + 1 }, (_, at) => `  ✘ [fail]: http › awscli › ${at}`).join('\n');
  t.deepEqual(filesToRepeat(readRun(many), isFile), []);
  t.deepEqual(filesToRepeat(readRun('  ✔ base › alarm › it rings'), isFile), []);
});
