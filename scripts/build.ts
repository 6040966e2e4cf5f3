/**
 * Emits `dist/` (or another directory, the first argument) for publishing: the compiled sources with declarations, the benchmark, and the jail of
 * sandboxes compiled for each architecture that there is a compiler for, for installations without one. The guest's
 * sources (`runtimes/`, and of `src/` what they take from the border) are published as they are: they are bundled on first use,
 * against the Node that serves the sandboxes.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/base/clock.ts';
import { findCompiler } from '../src/supervisor/compiler.ts';
import { compileJail, compilerNamesFor, jailArchitectures } from '../src/supervisor/jail-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDirectory = resolve(process.argv[2] ?? join(root, 'dist'));
rmSync(outDirectory, { recursive: true, force: true });
const compiler = join(root, 'node_modules', '.bin', 'tsc');
const compiled = spawnSync(compiler, ['-p', 'tsconfig.build.json', '--outDir', outDirectory], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = compiled.status ?? 1;

/**
 * The benchmark goes beside the compiled sources, as `bench/`. In the repository it reaches them through `../src/`; here they are one
 * directory above it.
 */
function buildBench(): number {
  const whole = mkdtempSync(join(tmpdir(), 'isotherm-bench-build-'));
  try {
    const { status } = spawnSync(compiler, ['-p', 'tsconfig.bench.json', '--outDir', whole], {
      cwd: root,
      stdio: 'inherit',
    });
    const target = join(outDirectory, 'bench');
    cpSync(join(whole, 'bench'), target, { recursive: true });
    for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js')) continue;
      const text = readFileSync(join(target, name), 'utf8');
      writeFileSync(join(target, name), text.replaceAll(/(['"](?:\.\.\/)+)src\//g, '$1'));
    }
    // Programs of peers, which are no TypeScript, and the versions of peers.
    cpSync(join(root, 'bench', 'peers'), join(target, 'peers'), { recursive: true });
    cpSync(join(root, 'bench', 'package.json'), join(target, 'package.json'));
    return status ?? 1;
  } finally {
    rmSync(whole, { recursive: true, force: true });
  }
}
if (process.exitCode === 0) process.exitCode = buildBench();

for (const architecture of process.platform === 'linux' ? jailArchitectures : []) {
  const names = compilerNamesFor(architecture);
  const cCompiler = findCompiler(names, process.env.PATH ?? '');
  if (cCompiler === undefined) {
    console.error(
      `no C compiler for ${architecture} (${names.join(', ')}) in PATH: ${architecture} installations without one will run without a jail`,
    );
    continue;
  }
  const jailDirectory = join(outDirectory, 'jail', architecture);
  mkdirSync(jailDirectory, { recursive: true });
  await compileJail(cCompiler, jailDirectory, systemClock);
}
