/** What dead engines left behind, in directories of the test's own. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ownerMark } from '../../src/base/owner-mark.ts';
import { limits } from '../../src/model/limits.ts';
import { useCacheFolder, usedCacheFolders } from '../../src/supervisor/cache-users.ts';
import { disused, draftOf, removeLeftovers } from '../../src/supervisor/leftovers.ts';

const [boot, namespace, pid, start] = ownerMark.split('-');
const deadMark = [boot, namespace, pid, Number(start) - 1].join('-');
const foreignMark = [boot, '1', pid, start].join('-');
const uuid = '00000000-0000-4000-8000-000000000000';
const key = (number: number): string => String(number).padStart(32, '0');

function places(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-leftovers-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const temporaryDirectory = join(directory, 'tmp');
  const cacheDirectory = join(directory, 'cache');
  mkdirSync(temporaryDirectory);
  mkdirSync(cacheDirectory);
  return {
    directory,
    temporaryDirectory,
    cacheDirectory,
    /** A folder with something in it, last used so long ago. */
    put(parent: string, name: string, ageMs = 0): string {
      const path = join(parent, name);
      mkdirSync(path);
      writeFileSync(join(path, 'file'), 'x');
      const time = new Date(Date.now() - ageMs);
      utimesSync(path, time, time);
      return name;
    },
    clean: () => removeLeftovers({ temporaryDirectory, cacheDirectory, epochMs: () => Date.now() }),
  };
}

test('temporary directories of dead engines go, all others stay', async (t) => {
  const { directory, temporaryDirectory, put, clean } = places(t);
  put(temporaryDirectory, `isotherm-code-${deadMark}-aaaaaa`);
  put(temporaryDirectory, `isotherm-scratch-${deadMark}-aaaaaa`);
  const elsewhere = put(directory, 'elsewhere');
  symlinkSync(join(directory, elsewhere), join(temporaryDirectory, `isotherm-code-${deadMark}-bbbbbb`));
  const kept = [
    put(temporaryDirectory, `isotherm-code-${ownerMark}-aaaaaa`),
    put(temporaryDirectory, `isotherm-code-${foreignMark}-aaaaaa`),
    put(temporaryDirectory, 'isotherm-code-aaaaaa'),
    put(temporaryDirectory, `other-${deadMark}-aaaaaa`),
    `isotherm-code-${deadMark}-bbbbbb`,
  ];
  await clean();
  t.deepEqual(readdirSync(temporaryDirectory).sort(), kept.sort());
  t.true(existsSync(join(directory, elsewhere, 'file')));
});

test('drafts in the cache go when their builder is dead, or when they are old and have no mark', async (t) => {
  const { cacheDirectory, put, clean } = places(t);
  const old = limits.cacheDraftAgeMsMax + 1_000;
  put(cacheDirectory, `runtime-${key(1)}.${deadMark}.${uuid}`);
  put(cacheDirectory, `native-${key(1)}.${uuid}`, old);
  const kept = [
    put(cacheDirectory, `runtime-${key(1)}.${ownerMark}.${uuid}`, old),
    put(cacheDirectory, `runtime-${key(1)}.${foreignMark}.${uuid}`, old),
    put(cacheDirectory, `runtime-${key(2)}.${uuid}`),
    put(cacheDirectory, 'something else', old),
  ];
  await clean();
  t.deepEqual(readdirSync(cacheDirectory).sort(), kept.sort());
});

test('of disused runtimes the last few stay, and those in use, and those used lately', (t) => {
  const old = limits.cacheFolderUnusedMsMin;
  const folder = (number: number, ageMs: number, isUsed = false, kind = 'runtime') => {
    return { name: `${kind}-${number}`, kind, ageMs, isUsed };
  };
  const many = Array.from({ length: 8 }, (_, number) => folder(number, old + number, number === 6));
  t.deepEqual(disused(many), ['runtime-4', 'runtime-5', 'runtime-7']);
  t.deepEqual(disused(many.map((each) => ({ ...each, ageMs: each.ageMs - old }))), []);
  t.deepEqual(
    disused([...many.slice(0, 4), ...many.slice(0, 4).map(({ ageMs }) => folder(1, ageMs, false, 'native'))]),
    [],
  );
});

for (const kind of ['runtime', 'native', 'jail']) {
  test(`a ${kind} in use is never removed, however old; when its engine is dead it is`, async (t) => {
    const { cacheDirectory, put, clean } = places(t);
    const old = limits.cacheFolderUnusedMsMin + 1_000;
    const recent = [1, 2, 3, 4].map((number) => put(cacheDirectory, `${kind}-${key(number)}`));
    const name = put(cacheDirectory, `${kind}-${key(5)}`, old);
    const use = await useCacheFolder(cacheDirectory, name);
    utimesSync(join(cacheDirectory, name), 0, 0);
    await clean();
    t.deepEqual(readdirSync(cacheDirectory).sort(), ['in-use', ...recent, name].sort());

    await use[Symbol.asyncDispose]();
    writeFileSync(join(cacheDirectory, 'in-use', `${name}.${deadMark}.${uuid}`), '');
    await clean();
    t.deepEqual(readdirSync(cacheDirectory).sort(), ['in-use', ...recent].sort());
    t.deepEqual(readdirSync(join(cacheDirectory, 'in-use')), []);
  });
}

test('to use a folder counts as use', async (t) => {
  const { cacheDirectory, put } = places(t);
  const name = put(cacheDirectory, `runtime-${key(1)}`);
  {
    await using _use = await useCacheFolder(cacheDirectory, name);
    await using _again = await useCacheFolder(cacheDirectory, name);
    t.deepEqual([...(await usedCacheFolders(cacheDirectory))], [name]);
  }
  t.deepEqual([...(await usedCacheFolders(cacheDirectory))], []);
});

test('directories that are not there are no error', async (t) => {
  const { directory } = places(t);
  const nowhere = join(directory, 'nowhere');
  await t.notThrowsAsync(
    removeLeftovers({ temporaryDirectory: nowhere, cacheDirectory: nowhere, epochMs: () => Date.now() }),
  );
});

test('a draft is recognised as one', async (t) => {
  const { cacheDirectory, put, clean } = places(t);
  const name = draftOf(`runtime-${key(1)}`);
  put(cacheDirectory, name.replace(ownerMark, deadMark));
  await clean();
  t.deepEqual(readdirSync(cacheDirectory), []);
});
