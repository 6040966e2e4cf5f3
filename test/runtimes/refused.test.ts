/** Modules that a guest can load and not use: their shape is Node's, and every use is one clear error. */
import { createRequire } from 'node:module';
import test from 'ava';
import { refusedModules } from '../../src/bridge/node-modules.ts';
import { expectWarnings } from '../fixtures/expected-warnings.ts';
import { GuestRunner } from './harness.ts';

expectWarnings('ExperimentalWarning');

const runner = GuestRunner.start();
test.after.always(async () => (await runner)[Symbol.asyncDispose]());

const code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';

for (const id of refusedModules) {
  test(`${id} has the names that Node's has`, async (t) => {
    const names = await (await runner).answer(
      `exports.handler = async () => Object.keys(require('node:${id}')).filter((name) => name[0] !== '_').sort();`,
    );
    const node: object = createRequire(import.meta.url)(`node:${id}`);
    t.deepEqual(
      names,
      Object.keys(node)
        .filter((name) => !name.startsWith('_'))
        .sort(),
    );
  });
}

const uses: readonly (readonly [use: string, message: string])[] = [
  ["require('child_process').spawn('ls')", 'child_process.spawn() is not offered by isotherm'],
  ["require('child_process').execSync('ls')", 'child_process.execSync() is not offered by isotherm'],
  [
    "new (class extends require('child_process').ChildProcess {})",
    'new child_process.ChildProcess() is not offered by isotherm',
  ],
  ["require('cluster').fork()", 'cluster.fork() is not offered by isotherm'],
  ["require('dgram').createSocket('udp4')", 'dgram.createSocket() is not offered by isotherm'],
  ["new (require('node:sqlite').DatabaseSync)(':memory:')", 'new sqlite.DatabaseSync() is not offered by isotherm'],
  ["new (require('inspector').Session)()", 'new inspector.Session() is not offered by isotherm'],
  ["require('node:test')('a', () => {})", 'test() is not offered by isotherm'],
  ["require('node:test').describe.only('a')", 'test.describe.only() is not offered by isotherm'],
  ["new (require('wasi').WASI)({ version: 'preview1' })", 'new wasi.WASI() is not offered by isotherm'],
  ["new (require('worker_threads').Worker)('./a.js')", 'new worker_threads.Worker() is not offered by isotherm'],
  ["require('vm').createContext({})", 'vm.createContext() is not offered by isotherm'],
  ["require('vm').runInNewContext('1')", 'vm.createContext() is not offered by isotherm'],
  ["require('vm').runInThisContext('1', { timeout: 5 })", "vm's option timeout is not offered by isotherm"],
  ["require('v8').setFlagsFromString('--jitless')", 'v8.setFlagsFromString() is not offered by isotherm'],
  ["require('v8').writeHeapSnapshot()", 'v8.writeHeapSnapshot() is not offered by isotherm'],
  [
    "require('perf_hooks').createHistogram({ halfLife: 2 })",
    "perf_hooks.createHistogram()'s option halfLife is not offered by isotherm",
  ],
];

for (const [use, message] of uses) {
  test(`${use} is refused by name`, async (t) => {
    const error = await (await runner).answer(
      `exports.handler = async () => { try { ${use}; return 'allowed'; } catch (e) { return [e.name, e.code, e.message]; } };`,
    );
    t.deepEqual(error, ['Error', code, message]);
  });
}

test('what a single process can say of itself is said', async (t) => {
  const said = await (await runner).answer(`exports.handler = async () => {
    const cluster = require('cluster'), inspector = require('inspector');
    return [cluster.isPrimary, cluster.isWorker, typeof cluster.on('fork', () => {}).emit, inspector.url() ?? null, inspector.close() ?? null,
      require('node:sea').isSea(), require('trace_events').getEnabledCategories() ?? null];
  };`);
  t.deepEqual(said, [true, false, 'function', null, null, false, null]);
});

test('a parameter of vm.compileFunction cannot end the function early', async (t) => {
  const name = await (await runner).answer(`exports.handler = async () => {
    try { require('vm').compileFunction('1', ['a){},ran=1,(b']); return 'compiled'; } catch (e) { return [e.name, typeof ran]; }
  };`);
  t.deepEqual(name, ['SyntaxError', 'undefined']);
});
