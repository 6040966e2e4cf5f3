/** A function that finds its plugins in its own package when it runs, as many frameworks do. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

const files = {
  'index.mjs': `import { readdirSync } from 'node:fs';
    import { join } from 'node:path';
    import { pathToFileURL } from 'node:url';
    import { seen } from './registry.mjs';
    const folder = join(import.meta.dirname, 'plugins');
    export const handler = async () => {
      const found = {};
      for (const name of readdirSync(folder)) {
        const plugin = await import(pathToFileURL(join(folder, name)).href);
        const again = await import(join(folder, name));
        found[name] = [plugin.name ?? plugin.default.name, plugin === again];
      }
      return { found, seen };
    };`,
  'registry.mjs': 'export const seen = [];',
  'plugins/one.mjs': "import { seen } from '../registry.mjs'; seen.push('one'); export const name = 'first';",
  'plugins/two.cjs': "exports.name = 'second';",
};

test('plugins are imported by names that it computes, once each, and share modules with it', async (t) => {
  const directory = join(ownTemporaryDirectory(), 'package');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  await using engine = await createEngine();
  const call = await engine.createFunction({ functionName: 'plugins', timeout: 20, code: { directory } });
  const answer = (await call()) as { found: Record<string, [string, boolean]>; seen: string[] };
  t.deepEqual(
    Object.entries(answer.found).map(([file, [name]]) => [file, name]),
    [
      ['one.mjs', 'first'],
      ['two.cjs', 'second'],
    ],
  );
  t.deepEqual(answer.seen, ['one']);
});
