/** The bundled sandbox program: made once, found again, checked, and what a sandbox really starts from. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { EngineError } from '../../src/model/errors.ts';
import { ensureRuntime } from '../../src/supervisor/runtime-cache.ts';
import { type HeldProgram, holdSandboxProgram } from '../../src/supervisor/sandbox-program.ts';
import { testCacheDirectory } from '../fixtures/jail.ts';
import { startSandbox } from '../sandbox/harness.ts';

async function testRuntimeDirectory(): Promise<string> {
  const options = { cacheDirectory: testCacheDirectory, nodePath: process.execPath, clock: systemClock };
  return (await ensureRuntime({ ...options, observe: () => {} })).directory;
}

function newCache(t: ExecutionContext) {
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'isotherm-program-'));
  t.teardown(() => rmSync(cacheDirectory, { recursive: true, force: true }));
  const hold = async (): Promise<HeldProgram> => {
    const runtimeDirectory = await testRuntimeDirectory();
    const options = { cacheDirectory, nodePath: process.execPath, runtimeDirectory, clock: systemClock };
    const held = await holdSandboxProgram(options);
    t.teardown(() => held[Symbol.asyncDispose]());
    return held;
  };
  return { cacheDirectory, hold };
}

const folders = (directory: string): readonly string[] =>
  readdirSync(directory).filter((name) => name.startsWith('program-'));

test('the program is made once, then found; a damaged one is made anew', async (t) => {
  const { cacheDirectory, hold } = newCache(t);
  const { mainPath } = await hold();
  const folder = dirname(mainPath);
  t.deepEqual(readdirSync(folder).toSorted(), ['program.cache', 'program.js', 'sha256', 'start.cjs']);
  const made = readFileSync(join(folder, 'program.cache'));

  t.is((await hold()).mainPath, mainPath);
  t.deepEqual(readFileSync(join(folder, 'program.cache')), made);

  for (const name of ['program.cache', 'program.js', 'start.cjs']) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    t.is((await hold()).mainPath, mainPath);
    t.notDeepEqual(readFileSync(path), bytes, `${name} was flipped and nothing was made`);
  }
  t.is(folders(cacheDirectory).length, 1);
});

test('engines that start at the same time share one program', async (t) => {
  const { cacheDirectory, hold } = newCache(t);
  const [one, two] = await Promise.all([hold(), hold()]);
  t.is(one.mainPath, two.mainPath);
  t.is(folders(cacheDirectory).length, 1);
});

test('it needs no package but the addon', async (t) => {
  const { hold } = newCache(t);
  const text = readFileSync(join(dirname((await hold()).mainPath), 'program.js'), 'latin1');
  const required = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name ?? '');
  const packages = required.filter((name) => !name.startsWith('node:'));
  t.deepEqual(packages, [createRequire(import.meta.url).resolve('isolated-vm')]);
});

test('a sandbox that is started from it is jailed, answers, and keeps what its guest printed', async (t) => {
  const { hold } = newCache(t);
  const sandbox = await startSandbox({ mainPath: (await hold()).mainPath });
  t.teardown(() => sandbox[Symbol.asyncDispose]());
  t.not((await sandbox.hello).hardening.level, 'S0');
  const environment = await sandbox.run(`
    const { createHash } = require('crypto');
    exports.handler = async (event) => {
      console.log('seen');
      return createHash('sha256').update(event.text).digest('hex');
    };`);
  const { outcome, payload } = await environment.invoke({ text: 'abc' });
  t.is(outcome.kind, 'success');
  t.is(payload, '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"');
  t.regex(environment.text, /seen/);
});

test('a cache directory that cannot be written to is told', async (t) => {
  const runtimeDirectory = await testRuntimeDirectory();
  const options = { nodePath: process.execPath, runtimeDirectory, clock: systemClock };
  // A file, so that not even root can make a folder in it.
  const cacheDirectory = fileURLToPath(import.meta.url);
  const error = await t.throwsAsync(holdSandboxProgram({ ...options, cacheDirectory }), {
    instanceOf: EngineError,
  });
  t.is(error?.code, 'RuntimeBuildFailed');
  t.regex(error?.message ?? '', /cannot be kept in cacheDirectory .*ENOTDIR/);
});
