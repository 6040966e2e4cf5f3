/**
 * The cache of built runtimes, with real builders. Each test has a cache directory of its own, so each build takes seconds, and
 * they are made one after the other.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { EngineError } from '../../src/model/errors.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { type CachedRuntime, ensureRuntime, type RuntimeCacheOptions } from '../../src/supervisor/runtime-cache.ts';
import { findSandboxNode, type NodeSurroundings } from '../../src/supervisor/sandbox-node.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

interface Cache {
  readonly cacheDirectory: string;
  readonly stages: string[];
  ensure(options?: Partial<RuntimeCacheOptions>): Promise<CachedRuntime>;
}

function newCache(t: ExecutionContext): Cache {
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'isotherm-cache-'));
  t.teardown(() => rmSync(cacheDirectory, { recursive: true, force: true }));
  const stages: string[] = [];
  return {
    cacheDirectory,
    stages,
    ensure: (options) =>
      ensureRuntime({
        cacheDirectory,
        nodePath: process.execPath,
        observe: (event: PlatformEvent) => {
          if (event.type === 'runtime.build') stages.push(event.stage);
        },
        // A build has five minutes, which it needs where tests and builds have two cores together.
        clock: slowClock,
        // It lies beside the runtimes and has its own tests.
        nativeModule: 'off',
        ...options,
      }),
  };
}

test.serial('a runtime is built once, then found; a damaged one is built anew', async (t) => {
  const { ensure, stages, cacheDirectory } = newCache(t);
  const built = await ensure();
  t.is(built.kind, 'snapshot');
  t.deepEqual(stages, ['started', 'library', 'snapshot', 'verified', 'ready']);
  t.deepEqual(await ensure(), built);
  t.is(stages.length, 5);

  // A build takes seconds; that it begins is told first.
  const begins = (name: string) =>
    t.throwsAsync(
      ensure({
        observe() {
          throw new Error('it is built anew');
        },
      }),
      { message: 'it is built anew' },
      name,
    );
  for (const name of ['builtins.bin', 'snapshot.bin']) {
    const path = join(built.directory, name);
    const bytes = readFileSync(path);
    writeFileSync(
      path,
      bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)),
    );
    await begins(name);
    writeFileSync(path, bytes);
  }
  t.deepEqual(await ensure(), built);
  t.is(stages.length, 5);
  rmSync(join(built.directory, 'core.js'));
  stages.length = 0;
  t.deepEqual(await ensure(), built);
  t.true(stages.includes('verified'));
  // Nothing but the runtime is left behind.
  t.is(readdirSync(cacheDirectory).length, 1);
});

test.serial('engines that start at the same time share one runtime', async (t) => {
  const { ensure, cacheDirectory } = newCache(t);
  const [one, two] = await Promise.all([ensure({ snapshot: 'off' }), ensure({ snapshot: 'off' })]);
  t.deepEqual(one, two);
  t.is(readdirSync(cacheDirectory).length, 1);
});

test.serial('what no snapshot can hold leads to a runtime without one', async (t) => {
  const { ensure, stages } = newCache(t);
  // V8 aborts the process that serialises a live Intl object.
  const built = await ensure({ extraBaseCode: 'globalThis.keptAlive = new Intl.DateTimeFormat("en");' });
  t.is(built.kind, 'code-cache');
  t.regex(built.reason ?? '', /no snapshot could be taken/);
  t.deepEqual(stages, ['started', 'library', 'degraded', 'verified', 'ready']);
});

test.serial('a build that fails says why', async (t) => {
  const { ensure, cacheDirectory } = newCache(t);
  const error = await t.throwsAsync(ensure({ extraBaseCode: 'throw new Error("broken base");', snapshot: 'off' }), {
    instanceOf: EngineError,
  });
  t.is(error.code, 'RuntimeBuildFailed');
  t.regex(error.message, /broken base/);
  t.is(readdirSync(cacheDirectory).length, 0);
});

test.serial('a build that takes too long is ended', async (t) => {
  const { ensure } = newCache(t);
  const error = await t.throwsAsync(
    ensure({
      snapshot: 'off',
      extraBaseCode: 'for (;;);',
      clock: { ...systemClock, after: (_, callback) => systemClock.after(1_500, callback) },
    }),
    { instanceOf: EngineError },
  );
  t.regex(error.message, /took longer than/);
});

const older: NodeSurroundings = {
  execPath: '/usr/bin/node',
  version: 'v24.1.0',
  resolvePackage: () => undefined,
  versionOf: () => undefined,
};

test('a host on Node 26 uses its own binary', (t) => {
  t.deepEqual(findSandboxNode(undefined, { ...older, version: 'v26.1.0' }), {
    path: '/usr/bin/node',
    version: 'v26.1.0',
  });
});

test('a host on another Node uses the package beside it', (t) => {
  const surroundings = { ...older, resolvePackage: () => '/package/node', versionOf: () => 'v26.2.0' };
  t.deepEqual(findSandboxNode(undefined, surroundings), { path: '/package/node', version: 'v26.2.0' });
});

test('without any Node 26 one line says what is needed', (t) => {
  const error = t.throws(() => findSandboxNode(undefined, older), { instanceOf: EngineError });
  t.is(error.code, 'UnsupportedNode');
  t.regex(error.message, /needs Node 26 .* this is v24\.1\.0/);
  t.false(error.message.includes('\n'));
});

test('a nodePath of another line is refused by name', (t) => {
  const error = t.throws(() => findSandboxNode('/opt/node', { ...older, versionOf: () => 'v22.0.0' }), {
    instanceOf: EngineError,
  });
  t.regex(error.message, /nodePath must be a Node 26 binary; \/opt\/node is v22\.0\.0/);
});
