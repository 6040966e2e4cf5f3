import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { ensureJail, type Jail, type JailOptions } from '../../src/supervisor/jail.ts';
import { compilerNamesFor, jailArchitectures, jailCompilerNames } from '../../src/supervisor/jail-files.ts';
import { testJail } from '../fixtures/jail.ts';

interface Machine {
  readonly options: JailOptions;
  readonly builds: readonly string[];
}

/** A cache of its own; `compiler` is the text of a script in the only folder that is searched. */
function machine(t: ExecutionContext, compiler?: string): Machine {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-jail-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const builds: string[] = [];
  if (compiler !== undefined) {
    writeFileSync(join(directory, 'cc'), `#!/bin/sh\n${compiler}\n`);
    chmodSync(join(directory, 'cc'), 0o755);
  }
  const options: JailOptions = {
    cacheDirectory: join(directory, 'cache'),
    nodePath: process.execPath,
    clock: systemClock,
    onBuild: () => builds.push('built'),
    searchPath: directory,
    prebuiltDirectory: join(directory, 'prebuilt'),
  };
  mkdirSync(options.cacheDirectory);
  return { options, builds };
}

function reasonOf(found: Jail): string {
  return found.kind === 'absent' ? found.reason : 'it was built';
}

async function built(): Promise<Extract<Jail, { kind: 'built' }>> {
  const jail = await testJail();
  if (jail.kind === 'absent') throw new Error(`this test needs a C compiler: ${jail.reason}`);
  return jail;
}

test('without a compiler and without a compiled one there is none, and the reason names both', async (t) => {
  const { options, builds } = machine(t);
  const reason = `no C compiler (cc, gcc, clang) in PATH, and this package has no compiled jail for ${process.arch}`;
  t.is(reasonOf(await ensureJail(options)), reason);
  t.deepEqual(builds, []);
});

test('the other architecture is compiled for by what distributions call its compiler', (t) => {
  for (const architecture of jailArchitectures) {
    const names = compilerNamesFor(architecture);
    if (architecture === process.arch) t.deepEqual(names, jailCompilerNames);
    else t.regex(names.join(' '), /^(x86_64|aarch64)-linux-gnu-gcc \1-linux-gnu-gcc-\d+/);
  }
});

test('a compiler that fails is named with its first error', async (t) => {
  const { options } = machine(t, 'echo "launcher.c:1:1: error: something is missing" >&2; exit 1');
  t.regex(reasonOf(await ensureJail(options)), /cc could not build the jail: .*something is missing/);
});

test('what a compiler makes is tried out before anybody relies on it', async (t) => {
  const { options } = machine(t, 'for last; do true; done; printf "#!/bin/sh\\nexit 3\\n" > "$last"');
  t.regex(reasonOf(await ensureJail(options)), /the jail, by .*\/cc, does not work: it ended with status 3/);
});

test('a launcher that sets nothing is found out', async (t) => {
  const starts = 'printf \'#!/bin/sh\\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\\n\' > "$last"';
  const { lockPath } = await built();
  const { options } = machine(
    t,
    `for last; do true; done; case $last in *lock.node) cp ${lockPath} $last;; *) ${starts};; esac`,
  );
  t.regex(reasonOf(await ensureJail(options)), /does not work: .*the jail lacks resource-limits/);
});

test('it is built once and then taken from the cache', async (t) => {
  const first = await built();
  t.deepEqual(await testJail(), first);
});

test('without a compiler the one that came with the package is taken, tried out and kept', async (t) => {
  const { launcherPath } = await built();
  const { options, builds } = machine(t);
  cpSync(dirname(launcherPath), options.prebuiltDirectory ?? '', { recursive: true });
  // As an installation may leave it.
  chmodSync(join(options.prebuiltDirectory ?? '', 'launcher'), 0o644);
  const first = await ensureJail(options);
  t.is(first.kind, 'built', reasonOf(first));
  t.deepEqual(await ensureJail(options), first);
  t.deepEqual(builds, ['built']);
});

test('one that was damaged in the cache is made again', async (t) => {
  const { launcherPath } = await built();
  const { options, builds } = machine(t);
  cpSync(dirname(launcherPath), options.prebuiltDirectory ?? '', { recursive: true });
  const first = await ensureJail(options);
  if (first.kind === 'absent') return t.fail(first.reason);
  writeFileSync(first.launcherPath, 'damaged');
  t.deepEqual(await ensureJail(options), first);
  t.is(builds.length, 2);
});
