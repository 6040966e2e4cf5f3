/** What the host writes into a store, read back through the descriptor that a sandbox gets. */
import { readdirSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import test from 'ava';
import type { CodePack } from '../../src/functions/prepared-code.ts';
import type { StoreRange } from '../../src/protocol/messages.ts';
import { PackageStore } from '../../src/supervisor/package-store.ts';
import { openAndRemove, openScratchFile } from '../../src/supervisor/scratch-file.ts';
import { deployedVersion } from '../fixtures/deployed-version.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

const directory = ownTemporaryDirectory();

async function read(file: FileHandle, range: StoreRange | undefined): Promise<Buffer> {
  const bytes = Buffer.alloc(range?.bytes ?? 0);
  await file.read(bytes, 0, bytes.byteLength, range?.offset ?? 0);
  return bytes;
}

test('a package arrives whole: also one larger than what is copied at once, and one with many files', async (t) => {
  await using scratch = await openScratchFile();
  const store = new PackageStore(scratch.writable);
  const large = Buffer.alloc(2_500_000, 'large-').toString();
  const { code } = deployedVersion({ files: { 'index.js': 'first', 'large.txt': large } });
  const many: CodePack = {
    ...code.pack,
    codeSha256: 'many',
    files: Array.from({ length: 5_001 }, (_, index) => ({ path: `f${index}`, mode: 0o755, offset: 0, bytes: 5 })),
  };
  const sourceMap = Buffer.from('{"version":3}');
  const [one, two] = await Promise.all([store.put({ ...code, sourceMap }), store.put({ ...code, pack: many })]);

  const index = JSON.parse((await read(scratch.readOnly, one.fileIndex)).toString());
  t.deepEqual(
    index.map(([path, mode, , bytes]: [string, number, number, number]) => [path, mode, bytes]),
    [
      ['index.js', 0o644, 5],
      ['large.txt', 0o644, 2_500_000],
    ],
  );
  t.is((await read(scratch.readOnly, { offset: index[1][2], bytes: index[1][3] })).toString(), large);
  t.is((await read(scratch.readOnly, one.sourceMap)).toString(), '{"version":3}');

  const manyIndex = JSON.parse((await read(scratch.readOnly, two.fileIndex)).toString());
  t.is(manyIndex.length, 5_001);
  t.is((await read(scratch.readOnly, { offset: manyIndex[5_000][2], bytes: 5 })).toString(), 'first');
  t.deepEqual(one.bundle, two.bundle);
});

test('an empty package has an empty index', async (t) => {
  await using scratch = await openScratchFile();
  const { fileIndex } = await new PackageStore(scratch.writable).put(deployedVersion().code);
  t.is((await read(scratch.readOnly, fileIndex)).toString(), '[]');
});

test('a pack that is shorter than its index says is an error, and is not remembered', async (t) => {
  await using scratch = await openScratchFile();
  const store = new PackageStore(scratch.writable);
  const { code } = deployedVersion({ files: { 'index.js': 'first' } });
  const torn = { ...code.pack, files: [{ path: 'index.js', mode: 0o644, offset: 0, bytes: 10 }] };
  await t.throwsAsync(store.put({ ...code, pack: torn }), { message: /has 5 bytes; its index says 10/ });
  await t.notThrowsAsync(store.put(code));
});

for (const [name, make] of Object.entries({ openScratchFile, openAndRemove })) {
  test.serial(`${name}: a scratch file has no name and cannot be written through its second opening`, async (t) => {
    const scratch = await make();
    t.is((await scratch.writable.stat()).nlink, 0);
    await scratch.writable.write('written');
    t.is((await read(scratch.readOnly, { offset: 0, bytes: 7 })).toString(), 'written');
    await t.throwsAsync(scratch.readOnly.write('x'), { code: 'EBADF' });
    await scratch[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
    t.deepEqual(readdirSync(directory), []);
  });
}
