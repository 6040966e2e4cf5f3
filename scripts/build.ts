/**
 * Emits `dist/` (or another directory, the first argument) for publishing: the compiled sources with declarations, and the jail of
 * sandboxes compiled for this machine's architecture, for installations without a compiler. The guest's
 * sources (`runtimes/`, and of `src/` what they take from the border) are published as they are: they are bundled on first use,
 * against the Node that serves the sandboxes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/base/clock.ts';
import { findCompiler } from '../src/supervisor/compiler.ts';
import { compileJail, jailCompilerNames } from '../src/supervisor/jail-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDirectory = resolve(process.argv[2] ?? join(root, 'dist'));
rmSync(outDirectory, { recursive: true, force: true });
const compiler = join(root, 'node_modules', '.bin', 'tsc');
const compiled = spawnSync(compiler, ['-p', 'tsconfig.build.json', '--outDir', outDirectory], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = compiled.status ?? 1;

const cCompiler = findCompiler(jailCompilerNames, process.env.PATH ?? '');
if (process.platform === 'linux' && cCompiler !== undefined) {
  const jailDirectory = join(outDirectory, 'jail', process.arch);
  mkdirSync(jailDirectory, { recursive: true });
  await compileJail(cCompiler, jailDirectory, systemClock);
} else {
  console.error(
    `no C compiler (${jailCompilerNames.join(', ')}) in PATH: installations without one will run without a jail`,
  );
}
