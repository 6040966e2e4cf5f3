import { readFile } from 'node:fs/promises';
import test from 'ava';
import { CodeStore } from '../../src/functions/code-store.ts';
import type { PackageEntry } from '../../src/functions/package-entry.ts';

test('many deployments of the same package at once leave one whole package', async (t) => {
  const store = await CodeStore.open(undefined);
  t.teardown(() => store.close());
  async function* entries(): AsyncGenerator<PackageEntry> {
    async function* content() {
      yield Buffer.from('export const handler = 1;');
    }
    yield { path: 'index.mjs', mode: 0o644, content: content() };
  }
  const packs = await Promise.all(
    Array.from({ length: 16 }, async () => {
      const pack = await store.write(entries());
      // Whoever was told that it is there finds it there.
      t.is(await readFile(pack.packPath, 'utf8'), 'export const handler = 1;');
      return pack;
    }),
  );
  t.is(new Set(packs.map(({ packPath }) => packPath)).size, 1);
  for (const pack of packs) t.true(await store.holds(pack));
});
