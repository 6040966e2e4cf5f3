import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodeStore } from '../../src/functions/code-store.ts';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import { entriesOf } from '../fixtures/packages.ts';

async function open(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-code-store-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return { directory, store: await CodeStore.open(directory), names: () => readdirSync(join(directory, 'code')) };
}

test('a pack is all files one behind the other, with an index', async (t) => {
  const { store } = await open(t);
  const pack = await store.write(entriesOf({ 'a.js': 'one', 'lib/b.js': '', 'c.js': 'three' }));
  t.is(readFileSync(pack.packPath, 'utf8'), 'onethree');
  t.deepEqual(pack.files, [
    { path: 'a.js', mode: 0o644, offset: 0, bytes: 3 },
    { path: 'lib/b.js', mode: 0o644, offset: 3, bytes: 0 },
    { path: 'c.js', mode: 0o644, offset: 3, bytes: 5 },
  ]);
  t.is(pack.codeBytes, 8);
  t.is(statSync(pack.packPath).mode & 0o777, 0o600);
  t.true(store.holds(pack));
});

test('the same files are one package; files divided otherwise are another', async (t) => {
  const { store, names } = await open(t);
  const first = await store.write(entriesOf({ a: 'xy', b: 'z' }));
  t.deepEqual(await store.write(entriesOf({ a: 'xy', b: 'z' })), first);
  t.is(names().length, 1);
  t.not((await store.write(entriesOf({ a: 'x', b: 'yz' }))).codeSha256, first.codeSha256);
  t.not((await store.write(entriesOf({ c: 'xy', b: 'z' }))).codeSha256, first.codeSha256);
});

test('a zip is named by its own bytes and kept', async (t) => {
  const { store } = await open(t);
  const bytes = Buffer.from('pretend this is a zip');
  const pack = await store.write(entriesOf({ a: '1' }), { bytes });
  t.is(pack.codeSha256, createHash('sha256').update(bytes).digest('base64'));
  t.is(pack.codeBytes, bytes.length);
  t.deepEqual(await store.zip(pack), bytes);
  const unread = { [Symbol.asyncIterator]: () => t.fail('the same zip is not read twice') as never };
  t.deepEqual(await store.write(unread, { bytes }), pack);
});

test('a package that fails on its way leaves nothing', async (t) => {
  const { store, names } = await open(t);
  async function* failing() {
    yield* entriesOf({ a: '1' });
    throw new EngineError('InvalidParameterValueException', 'no');
  }
  await t.throwsAsync(store.write(failing()), { message: 'no' });
  t.deepEqual(names(), []);
});

test('package.json files that would keep the host busy are refused, one by one and together', async (t) => {
  const { store, names } = await open(t);
  const ofBytes = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  const largest = ofBytes(limits.packageJsonBytesMax);
  await store.write(entriesOf({ 'package.json': largest, 'lib/large.json': `${largest} ` }));
  const one = await t.throwsAsync(store.write(entriesOf({ 'a/package.json': `${largest} ` })), {
    instanceOf: EngineError,
    message: /^a\/package\.json has more than 1048576 bytes.*packageJsonBytesMax/,
  });
  t.like(one, { code: 'InvalidParameterValueException', limit: { name: 'packageJsonBytesMax' } });
  const many = limits.packageJsonsBytesMax / limits.packageJsonBytesMax + 1;
  const texts = Object.fromEntries(Array.from({ length: many }, (_, at) => [`${at}/package.json`, largest]));
  const all = await t.throwsAsync(store.write(entriesOf(texts)), { instanceOf: EngineError });
  t.like(all, { limit: { name: 'packageJsonsBytesMax' } });
  t.is(names().length, 1);
});

test('what a killed process left half-written is removed at the next start', async (t) => {
  const { directory, names } = await open(t);
  mkdirSync(join(directory, 'code', '.unfinished-1'));
  await CodeStore.open(directory);
  t.deepEqual(names(), []);
});

test('a damaged package is noticed and replaced', async (t) => {
  const { store } = await open(t);
  const pack = await store.write(entriesOf({ a: 'whole' }));
  writeFileSync(pack.packPath, 'half');
  t.false(store.holds(pack));
  await store.write(entriesOf({ a: 'whole' }));
  t.is(readFileSync(pack.packPath, 'utf8'), 'whole');
  rmSync(dirname(pack.packPath), { recursive: true });
  t.false(store.holds(pack));
});

test('many deployments of one package at once end in one package', async (t) => {
  const { store, names } = await open(t);
  const packs = await Promise.all(Array.from({ length: 8 }, () => store.write(entriesOf({ a: 'same' }))));
  t.is(new Set(packs.map((pack) => pack.packPath)).size, 1);
  t.is(names().length, 1);
  t.true(store.holds(packs[0] as never));
});

test('a data directory that cannot be used is refused', async (t) => {
  const error = await t.throwsAsync(CodeStore.open('/proc/nothing'), { instanceOf: EngineError });
  t.is(error?.code, 'DataDirectoryUnusable');
});
