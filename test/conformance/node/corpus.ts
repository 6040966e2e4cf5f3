/**
 * A copy of Node's own test tree on this machine (`test/` of its source): `parallel`, `common`, `fixtures`. It is read from
 * wherever it was unpacked; none of it is part of this project.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

export interface TestFile {
  /** `test-fs-access.js` */
  readonly name: string;
  readonly text: string;
}

export interface Corpus {
  /** The folder that has `parallel`. */
  readonly directory: string;
  /** `25.8.1` */
  readonly version: string;
}

export function openCorpus(directory: string, version?: string): Corpus {
  const root = resolve(directory);
  const found = version ?? versionIn(root);
  if (found === undefined) {
    throw new Error(`${root} does not tell which Node it belongs to: give --corpus-version`);
  }
  return { directory: root, version: found };
}

/** Sorted by name. */
export function readTests({ directory }: Corpus, isWanted: (name: string) => boolean): TestFile[] {
  const folder = join(directory, 'parallel');
  return readdirSync(folder)
    .filter((name) => /^test-.*\.[cm]?js$/.test(name) && isWanted(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}

/** What a tree's `common` reads. Trees that are older than the library take its newer globals for leaks of the test. */
export function testEnvironment({ version }: Corpus): Record<string, string> {
  const base = { NODE_SKIP_FLAG_CHECK: '1' };
  return Number.parseInt(version, 10) < 24 ? { ...base, NODE_TEST_KNOWN_GLOBALS: '0' } : base;
}

/** Unpacked sources keep the version in the name of a folder above the tests. */
function versionIn(root: string): string | undefined {
  const parts = root.split('/');
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const version = /(\d+\.\d+\.\d+)/.exec(basename(part))?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}
