/** The packages of `bench/package.json`: installed by who wants to compare, with one command, and by nobody else. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isPublished } from './isotherm-package.ts';

const manifestUrl = new URL('package.json', import.meta.url);

/** Beside an installed isotherm, the packages by name: its own folder is npm's. */
export const installCommand = isPublished ? `npm install ${peerPackages().join(' ')}` : 'npm install --prefix bench';

function peerPackages(): readonly string[] {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(readFileSync(manifestUrl, 'utf8'));
  return Object.entries(dependencies).map(([name, version]) => `${name}@${version}`);
}

const require = createRequire(fileURLToPath(manifestUrl));

/** Directory of an installed package, or undefined. */
export function packageDirectory(name: string): string | undefined {
  const found = require.resolve
    .paths(name)
    ?.map((directory) => join(directory, name))
    .find((directory) => versionIn(directory) !== undefined);
  return found;
}

export function packageVersion(name: string): string | undefined {
  const directory = packageDirectory(name);
  return directory === undefined ? undefined : versionIn(directory);
}

function versionIn(directory: string): string | undefined {
  try {
    return String(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).version);
  } catch {
    // Not there: that is the answer.
    return undefined;
  }
}

/** A peer's module. Its types are not there when it is not installed, so each driver says what it uses of it. */
export async function importPackage(name: string): Promise<unknown> {
  return await import(pathToFileURL(require.resolve(name)).href);
}

/** A program inside the package that carries it for this machine, such as `@cloudflare/workerd-linux-64`: install scripts do not run. */
export function packageProgram(candidates: readonly string[], ...path: readonly string[]): string | undefined {
  for (const name of candidates) {
    const directory = packageDirectory(name);
    if (directory !== undefined) return join(directory, ...path);
  }
  return undefined;
}

export const benchDirectory = dirname(fileURLToPath(import.meta.url));
