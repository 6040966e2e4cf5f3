/** Where a run took place. */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { isothermVersion, isPublished } from './isotherm-package.ts';
import type { Machine } from './model.ts';
import { benchDirectory } from './peer-packages.ts';

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** The commit of the sources, with `-changed` when they differ from it; outside of a repository the package's version. */
export function revision(): string {
  // The repository around an installed package is another one.
  if (isPublished) return isothermVersion;
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: benchDirectory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], options).trim();
    const changes = execFileSync(
      'git',
      ['status', '--porcelain', '--', '../src', '../runtimes', '../native', '.'],
      options,
    );
    return changes.trim() === '' ? commit : `${commit}-changed`;
  } catch {
    // No git here, or no repository.
    return isothermVersion;
  }
}
