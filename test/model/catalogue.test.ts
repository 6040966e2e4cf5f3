/** A limit that nothing enforces and a code that nothing throws would be promises that nobody keeps. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { errorCatalogue } from '../../src/model/errors.ts';
import { limitReasons } from '../../src/model/limit-reason.ts';
import { limits } from '../../src/model/limits.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = globSync(['src/**/*.ts', 'runtimes/**/*.ts'], { cwd: root })
  .filter((file) => file !== 'src/model/limits.ts' && file !== 'src/model/errors.ts')
  .map((file) => readFileSync(`${root}${file}`, 'utf8'))
  .join('\n');

test('every limit is enforced somewhere', (t) => {
  const unused = Object.keys(limits).filter((name) => !new RegExp(`\\b${name}\\b`).test(sources));
  t.deepEqual(unused, []);
});

test('every limit that a function or a client can meet is met by a test', (t) => {
  const tests = [
    'security/limits',
    'scheduler/share',
    'scheduler/scheduler',
    'scheduler/provisions',
    'scheduler/request-rate',
    'supervisor/templates',
  ]
    .map((file) => readFileSync(`${root}test/${file}.test.ts`, 'utf8'))
    .join('\n');
  const untested = Object.keys(limitReasons).filter((reason) => !tests.includes(`: '${reason}'`));
  t.deepEqual(untested, []);
});

test('every error code is thrown somewhere', (t) => {
  const unused = Object.keys(errorCatalogue).filter((code) => !sources.includes(`'${code}'`));
  t.deepEqual(unused, []);
});
