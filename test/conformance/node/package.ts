/**
 * Makes the code package that the guests run: the harness, and the test tree with its patches under `/var/task/test`. Packed
 * once; every file of a run is one environment of it.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '../../../src/functions/esbuild.ts';
import type { Corpus, TestFile } from './corpus.ts';
import { patched } from './patches.ts';

/** Where the tree lies for the guest. */
export const guestRoot = '/var/task/test';

/** Large, and used by none of the tests that are run. */
const leftOut = /^(wpt|test426|test-runner|sea|snapshot|v8|watch-mode)$/;

export async function writePackage(corpus: Corpus, tests: readonly TestFile[], folder: string): Promise<void> {
  await writeFile(join(folder, 'index.ts'), await guestSource('harness.ts'));
  const { code } = await transform(await guestSource('node-test.ts'), {
    loader: 'ts',
    format: 'cjs',
    target: 'esnext',
  });
  await writeFile(join(folder, 'node-test.js'), code);

  const tree = join(folder, 'test');
  await mkdir(join(tree, 'parallel'), { recursive: true });
  for (const { name, text } of tests) await writeFile(join(tree, 'parallel', name), patched(`parallel/${name}`, text));
  await copyPatched(join(corpus.directory, 'common'), join(tree, 'common'), 'common');
  await cp(join(corpus.directory, 'fixtures'), join(tree, 'fixtures'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !leftOut.test(source.slice(join(corpus.directory, 'fixtures').length + 1)),
  });
}

async function copyPatched(from: string, to: string, path: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const below = `${path}/${entry.name}`;
    if (entry.isDirectory()) await copyPatched(join(from, entry.name), join(to, entry.name), below);
    else if (entry.isFile()) {
      await writeFile(join(to, entry.name), patched(below, await readFile(join(from, entry.name), 'utf8')));
    }
  }
}

function guestSource(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`./guest/${name}`, import.meta.url)), 'utf8');
}
