/**
 * Emits `dist/` (or another directory, the first argument) for publishing: the compiled sources with declarations. The guest's
 * sources (`runtimes/`, and of `src/` what they take from the border) are published as they are: they are bundled on first use,
 * against the Node that serves the sandboxes.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDirectory = resolve(process.argv[2] ?? join(root, 'dist'));
rmSync(outDirectory, { recursive: true, force: true });
const compiler = join(root, 'node_modules', '.bin', 'tsc');
const compiled = spawnSync(compiler, ['-p', 'tsconfig.build.json', '--outDir', outDirectory], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = compiled.status ?? 1;
