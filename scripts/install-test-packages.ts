/**
 * Installs the packages that tests run in guests, when they are missing or not those of the lock file. They lie apart from
 * isotherm's own, in `test/packages`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../test/packages/', import.meta.url));

if (!isCurrent()) {
  console.log('installing the packages that tests run in guests (test/packages)');
  const { status } = spawnSync('npm', ['ci', '--no-progress', '--no-audit', '--no-fund', '--prefix', folder], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

/** What npm noted of its last installation names every package of the lock file, in the same version. */
function isCurrent(): boolean {
  const wanted = versions(join(folder, 'package-lock.json'));
  const installed = versions(join(folder, 'node_modules', '.package-lock.json'));
  return [...wanted].every(([path, { version, optional }]) => optional || installed.get(path)?.version === version);
}

function versions(path: string): Map<string, { version: string; optional: boolean }> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Nothing was installed yet.
    return new Map();
  }
  const { packages = {} } = JSON.parse(text);
  return new Map(
    Object.entries<{ version?: string; optional?: boolean }>(packages)
      .filter(([key]) => key !== '')
      .map(([key, { version = '', optional = false }]) => [key, { version, optional }]),
  );
}
