import { join } from 'node:path';
import test from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import { Database, inMemory } from '../../src/store/database.ts';
import { streamMigrations } from '../../src/store/stream-migrations.ts';
import { SqliteStreamStore } from '../../src/store/stream-store.ts';
import { StreamsFile } from '../../src/store/streams-file.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

function storeIn(path: string, streamBytesMax = 1_000_000) {
  const file = new StreamsFile(new Database(path, streamMigrations, { durability: 'asked' }), 'data directory d');
  return { file, store: new SqliteStreamStore(file, streamBytesMax) };
}

const record = (data: string, shard = 0) => ({ shard, partitionKey: 'k', data: Buffer.from(data) });
const everything = { arrivedAtMsMin: 0, recordsMax: 1_000, bytesMax: 1_000_000, after: 0, shard: 0 };
const texts = (records: readonly { readonly data: Uint8Array }[]) =>
  records.map(({ data }) => Buffer.from(data).toString());

async function streamOf(store: SqliteStreamStore, shards = 1): Promise<number> {
  const { streamId } = await store.create({ streamName: 's', shards, retentionHours: 24, createdMs: 7 });
  return streamId;
}

test('records have positions from 1 in each shard and are read after one', async (t) => {
  const { file, store } = storeIn(inMemory);
  const streamId = await streamOf(store, 2);
  const both = await Promise.all([
    store.append(streamId, [record('a'), record('b', 1)], 10),
    store.append(streamId, [record('c')], 11),
  ]);
  t.deepEqual(both, [[1, 1], [2]]);
  t.deepEqual(texts(store.read({ ...everything, streamId })), ['a', 'c']);
  t.deepEqual(texts(store.read({ ...everything, streamId, after: 1 })), ['c']);
  t.deepEqual(texts(store.read({ ...everything, streamId, shard: 1 })), ['b']);
  t.is(store.lastPosition(streamId, 0), 2);
  await file.close();
});

test('a read ends at its bytes, and takes one record at least', async (t) => {
  const { file, store } = storeIn(inMemory);
  const streamId = await streamOf(store);
  await store.append(
    streamId,
    ['aaaa', 'bb', 'cc'].map((data) => record(data)),
    10,
  );
  t.deepEqual(texts(store.read({ ...everything, streamId, bytesMax: 6 })), ['aaaa', 'bb']);
  t.deepEqual(texts(store.read({ ...everything, streamId, bytesMax: 1 })), ['aaaa']);
  t.deepEqual(texts(store.read({ ...everything, streamId, recordsMax: 1, after: 1 })), ['bb']);
  await file.close();
});

test('what is too old is not read, and is removed', async (t) => {
  const { file, store } = storeIn(inMemory);
  const streamId = await streamOf(store);
  await store.append(streamId, [record('old')], 10);
  await store.append(streamId, [record('new')], 20);
  t.deepEqual(texts(store.read({ ...everything, streamId, arrivedAtMsMin: 15 })), ['new']);
  t.is(store.lastPositionBefore(streamId, 0, 15), 1);
  t.is(store.lastPositionBefore(streamId, 0, 99), 2);
  t.false(await store.expire(streamId, 15));
  t.deepEqual(texts(store.read({ ...everything, streamId })), ['new']);
  await file.close();
});

test('a stream that would be too large loses its oldest records, and positions go on', async (t) => {
  const { file, store } = storeIn(inMemory, 25);
  const streamId = await streamOf(store);
  for (const data of ['aaaaaaaaa', 'bbbbbbbbb', 'ccccccccc']) await store.append(streamId, [record(data)], 10);
  t.deepEqual(texts(store.read({ ...everything, streamId })), ['bbbbbbbbb', 'ccccccccc']);
  t.deepEqual(await store.append(streamId, [record('d'.repeat(40))], 10), [4]);
  t.deepEqual(await store.append(streamId, [record('e')], 10), [5]);
  t.deepEqual(texts(store.read({ ...everything, streamId })), ['e']);
  await file.close();
});

test('streams, records and positions outlast the process, also when all records are gone', async (t) => {
  const path = join(ownTemporaryDirectory(), 'streams.db');
  const { file: before, store: old } = storeIn(path);
  const streamId = await streamOf(old, 2);
  await old.append(streamId, [record('a'), record('b', 1)], 10);
  await old.expire(streamId, 99);
  await old.append(streamId, [record('c')], 100);
  await before.close();
  const { file, store } = storeIn(path);
  t.like(store.streams(), [{ streamId, streamName: 's', shards: 2, retentionHours: 24, createdMs: 7 }]);
  t.deepEqual(texts(store.read({ ...everything, streamId })), ['c']);
  t.deepEqual(await store.append(streamId, [record('d'), record('e', 1)], 101), [3, 2]);
  await file.close();
});

test('a stream that is removed is gone with its records, and its number is not given again', async (t) => {
  const { file, store } = storeIn(inMemory);
  const streamId = await streamOf(store);
  await store.append(streamId, [record('a')], 10);
  await store.remove(streamId);
  t.deepEqual(store.streams(), []);
  t.deepEqual(await store.append(streamId, [record('b')], 10), []);
  t.not(await streamOf(store), streamId);
  t.deepEqual(texts(store.read({ ...everything, streamId: streamId + 1 })), []);
  await file.close();
});

test('a database that fails is an error of the data directory, and gives no positions away', async (t) => {
  const database = new Database(inMemory, streamMigrations, { durability: 'asked' });
  const file = new StreamsFile(database, 'data directory d');
  const store = new SqliteStreamStore(file, 1_000_000);
  const streamId = await streamOf(store);
  database.run('PRAGMA max_page_count = 20');
  const error = await t.throwsAsync(store.append(streamId, [record('x'.repeat(200_000))], 1), {
    instanceOf: EngineError,
  });
  t.is(error?.code, 'DataDirectoryUnusable');
  t.regex(error?.message ?? '', /^data directory d: cannot write streams\.db: .*full/);
  t.deepEqual(await store.append(streamId, [record('a')], 1), [1]);
  await file.close();
});
