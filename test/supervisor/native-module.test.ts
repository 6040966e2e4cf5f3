import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { ensureNativeModule, type NativeModuleOptions } from '../../src/supervisor/native-module.ts';
import { testCacheDirectory as cacheDirectory } from '../fixtures/jail.ts';

interface Machine {
  readonly options: NativeModuleOptions;
  readonly builds: readonly string[];
}

/** A cache of its own; `compiler` is the text of a script in the only folder that is searched. */
function machine(t: ExecutionContext, compiler?: string): Machine {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-native-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const builds: string[] = [];
  if (compiler !== undefined) {
    writeFileSync(join(directory, 'g++'), `#!/bin/sh\n${compiler}\n`);
    chmodSync(join(directory, 'g++'), 0o755);
  }
  const options: NativeModuleOptions = {
    cacheDirectory: join(directory, 'cache'),
    nodePath: process.execPath,
    clock: systemClock,
    onBuild: () => builds.push('built'),
    searchPath: directory,
  };
  return { options, builds };
}

function reasonOf(found: Awaited<ReturnType<typeof ensureNativeModule>>): string {
  return found.kind === 'absent' ? found.reason : 'it was built';
}

test('without a compiler there is none, and the reason names what was looked for', async (t) => {
  const { options, builds } = machine(t);
  t.is(reasonOf(await ensureNativeModule(options)), 'no C++ compiler (c++, g++, clang++) in PATH');
  t.deepEqual(builds, []);
});

test('without headers beside the node binary there is none', async (t) => {
  const { options } = machine(t, 'exit 0');
  const nodePath = join(options.cacheDirectory, 'bin', 'node');
  mkdirSync(join(options.cacheDirectory, 'bin'), { recursive: true });
  writeFileSync(nodePath, '');
  t.is(reasonOf(await ensureNativeModule({ ...options, nodePath })), `no headers of Node beside ${nodePath}`);
});

test('a compiler that fails is named with its first error', async (t) => {
  const { options } = machine(t, 'echo "guest.cc:1:1: error: something is missing" >&2; exit 1');
  t.regex(
    reasonOf(await ensureNativeModule(options)),
    /g\+\+ could not build the native module: .*something is missing/,
  );
});

test('what a compiler makes is tried out before anybody relies on it', async (t) => {
  const { options } = machine(t, 'for last; do true; done; echo "no library" > "$last"');
  t.regex(reasonOf(await ensureNativeModule(options)), /the native module does not work: .*file too short/);
});

test('it is built once and then taken from the cache', async (t) => {
  const common = { ...machine(t).options, cacheDirectory };
  const { searchPath: _, ...options } = common;
  const first = await ensureNativeModule(options);
  const again = await ensureNativeModule({ ...options, onBuild: () => t.fail('built again') });
  t.is(first.kind, 'built', reasonOf(first));
  t.deepEqual(again, first);
});

test('a link to the compiler is as good as the compiler', async (t) => {
  const { options } = machine(t);
  symlinkSync('/bin/false', join(options.searchPath ?? '', 'c++'));
  t.regex(reasonOf(await ensureNativeModule(options)), /c\+\+ could not build/);
});

test('one that was damaged in the cache is made again', async (t) => {
  const { searchPath: _, ...common } = { ...machine(t).options, cacheDirectory };
  const sound = await ensureNativeModule(common);
  if (sound.kind === 'absent') throw new Error(sound.reason);
  // Compiling takes seconds; what it comes to is known.
  const { options, builds } = machine(t, `for last; do true; done; cp ${sound.path} "$last"`);
  const first = await ensureNativeModule(options);
  t.is(first.kind, 'built', reasonOf(first));
  if (first.kind === 'built') writeFileSync(first.path, 'damaged');
  t.deepEqual(await ensureNativeModule(options), first);
  t.deepEqual(builds, ['built', 'built']);
});
