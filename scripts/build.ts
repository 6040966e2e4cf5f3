/**
 * Emits `dist/` for publishing: the compiled sources with declarations, and the guest's sources, which are bundled on
 * first use (they are built against the Node binary that serves the sandboxes).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiled = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
cpSync(join(root, 'runtimes'), join(root, 'dist', 'runtimes'), { recursive: true });
