/** The basic operations of Kinesis, as its clients write them. */
import test, { type ExecutionContext } from 'ava';
import { type ApiServer, createServer } from '../../src/http/server.ts';
import { controlEngineWith } from './control-engine.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

type Call = (operation: string, body?: object) => Promise<Answer>;

async function withStreams(use: (call: Call) => Promise<void>): Promise<void> {
  await using engine = await controlEngineWith();
  await using server: ApiServer = createServer({ engine });
  await use(async (operation, body = {}) => {
    const response = await server.inject({
      method: 'POST',
      url: '/',
      headers: {
        host: '127.0.0.1:9001',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${operation}`,
      },
      payload: JSON.stringify(body),
    });
    return { status: response.statusCode, body: response.json() };
  });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const stream = { StreamName: 'orders' };
const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

function isRefused(t: ExecutionContext, { status, body }: Answer, type: string, message: RegExp | string): void {
  t.is(status, 400);
  t.is(body.__type, type);
  if (typeof message === 'string') t.is(body.message, message);
  else t.regex(String(body.message), message);
}

test('a stream is made, described, listed and deleted', async (t) => {
  await withStreams(async (call) => {
    t.deepEqual(await call('CreateStream', { ...stream, ShardCount: 2 }), { status: 200, body: {} });
    const { body } = await call('DescribeStream', { StreamARN: arn });
    t.like(body.StreamDescription, {
      StreamName: 'orders',
      StreamARN: arn,
      StreamStatus: 'ACTIVE',
      RetentionPeriodHours: 24,
      HasMoreShards: false,
      Shards: [
        {
          ShardId: 'shardId-000000000000',
          HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 127n - 1n) },
        },
        {
          ShardId: 'shardId-000000000001',
          HashKeyRange: { StartingHashKey: String(2n ** 127n), EndingHashKey: String(2n ** 128n - 1n) },
        },
      ],
    });
    const summary = await call('DescribeStreamSummary', stream);
    t.like(summary.body.StreamDescriptionSummary, { OpenShardCount: 2, StreamStatus: 'ACTIVE' });
    t.like((await call('ListStreams')).body, { StreamNames: ['orders'], HasMoreStreams: false });
    t.is((await call('DeleteStream', stream)).status, 200);
    const message = 'Stream orders under account 000000000000 not found.';
    isRefused(t, await call('DescribeStream', stream), 'ResourceNotFoundException', message);
  });
});

test('lists of streams and shards come in pages', async (t) => {
  await withStreams(async (call) => {
    for (const name of ['a', 'b', 'c']) await call('CreateStream', { StreamName: name, ShardCount: 3 });
    const first = (await call('ListStreams', { Limit: 2 })).body;
    t.like(first, { StreamNames: ['a', 'b'], HasMoreStreams: true });
    t.like((await call('ListStreams', { NextToken: first.NextToken })).body, { StreamNames: ['c'] });
    const shards = (await call('ListShards', { StreamName: 'a', MaxResults: 2 })).body;
    const rest = (await call('ListShards', { NextToken: shards.NextToken })).body;
    const ids = [shards, rest].flatMap(({ Shards }) => (Shards ?? []) as { ShardId: string }[]);
    t.deepEqual(
      ids.map(({ ShardId }) => ShardId),
      [0, 1, 2].map((shard) => `shardId-00000000000${shard}`),
    );
    t.false('NextToken' in rest);
  });
});

test('records come back in their order, from every kind of iterator', async (t) => {
  await withStreams(async (call) => {
    await call('CreateStream', { ...stream, ShardCount: 1 });
    const put = (await call('PutRecord', { ...stream, PartitionKey: 'k', Data: base64('one') })).body;
    t.is(put.ShardId, 'shardId-000000000000');
    const more = ['two', 'three'].map((text) => ({ PartitionKey: 'k', Data: base64(text) }));
    const puts = (await call('PutRecords', { ...stream, Records: more })).body;
    t.is(puts.FailedRecordCount, 0);

    const read = async (iterator: object, limit?: number) => {
      const answer = await call('GetShardIterator', { ...stream, ShardId: 'shardId-000000000000', ...iterator });
      const { body } = await call('GetRecords', { ShardIterator: answer.body.ShardIterator, Limit: limit });
      const records = (body.Records ?? []) as { Data: string }[];
      return { texts: records.map(({ Data }) => Buffer.from(Data, 'base64').toString()), body };
    };
    const all = await read({ ShardIteratorType: 'TRIM_HORIZON' });
    t.deepEqual(all.texts, ['one', 'two', 'three']);
    t.is(all.body.MillisBehindLatest, 0);
    const from = { StartingSequenceNumber: put.SequenceNumber };
    t.deepEqual((await read({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', ...from })).texts, ['one', 'two', 'three']);
    t.deepEqual((await read({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', ...from })).texts, ['two', 'three']);
    t.deepEqual((await read({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: 0 })).texts, ['one', 'two', 'three']);
    t.deepEqual((await read({ ShardIteratorType: 'LATEST' })).texts, []);

    const part = await read({ ShardIteratorType: 'TRIM_HORIZON' }, 1);
    t.deepEqual(part.texts, ['one']);
    t.true(Number(part.body.MillisBehindLatest) > 0);
    const next = await call('GetRecords', { ShardIterator: part.body.NextShardIterator });
    t.is(((next.body.Records ?? []) as unknown[]).length, 2);
  });
});

test('a record goes to the shard of its explicit hash key', async (t) => {
  await withStreams(async (call) => {
    await call('CreateStream', { ...stream, ShardCount: 2 });
    const put = (hashKey: bigint) =>
      call('PutRecord', { ...stream, PartitionKey: 'k', Data: '', ExplicitHashKey: String(hashKey) });
    t.is((await put(0n)).body.ShardId, 'shardId-000000000000');
    t.is((await put(2n ** 128n - 1n)).body.ShardId, 'shardId-000000000001');
    isRefused(t, await put(2n ** 128n), 'InvalidArgumentException', /^Invalid ExplicitHashKey\./);
  });
});

for (const [title, operation, body, type, message] of [
  ['a stream of no name', 'CreateStream', { ShardCount: 1 }, 'ValidationException', /'streamName'/],
  ['a name with a path in it', 'CreateStream', { StreamName: '../x' }, 'ValidationException', /regular expression/],
  ['no shards', 'CreateStream', { StreamName: 'x', ShardCount: 0 }, 'ValidationException', /'shardCount'/],
  ['a stream that exists', 'CreateStream', { ...stream, ShardCount: 1 }, 'ResourceInUseException', /already exists/],
  ['a record without a key', 'PutRecord', { ...stream, Data: '' }, 'ValidationException', /'partitionKey'/],
  ['a record without data', 'PutRecord', { ...stream, PartitionKey: 'k' }, 'ValidationException', /'data'/],
  [
    'data that is no base64',
    'PutRecord',
    { ...stream, PartitionKey: 'k', Data: 'a?bc' },
    'SerializationException',
    /Data/,
  ],
  [
    'a key that is too long',
    'PutRecord',
    { ...stream, PartitionKey: 'k'.repeat(257), Data: '' },
    'ValidationException',
    /256/,
  ],
  [
    'a record that is too large',
    'PutRecord',
    { ...stream, PartitionKey: 'k', Data: base64('x'.repeat(1024 * 1024)) },
    'InvalidArgumentException',
    /at most 1048576 bytes of partition key and data \(streamRecordBytesMax\), received 1048577/,
  ],
  [
    'too many records at once',
    'PutRecords',
    { ...stream, Records: Array.from({ length: 501 }, () => ({ PartitionKey: 'k', Data: '' })) },
    'InvalidArgumentException',
    /Records must be from 1 to 500 \(putRecordsMax\), received 501/,
  ],
  [
    'an iterator of a shard that does not exist',
    'GetShardIterator',
    { ...stream, ShardId: 'shardId-000000000001', ShardIteratorType: 'LATEST' },
    'ResourceNotFoundException',
    /Could not find shard/,
  ],
  ['an iterator that is none', 'GetRecords', { ShardIterator: 'abc' }, 'InvalidArgumentException', /Iterator/],
  [
    'an iterator with a position that is none',
    'GetRecords',
    { ShardIterator: Buffer.from('["orders","shardId-000000000000","-1"]').toString('base64url') },
    'InvalidArgumentException',
    /Iterator/,
  ],
  ['an operation that is not offered', 'SplitShard', stream, 'UnsupportedOperationException', /SplitShard/],
] as const) {
  test(`${title} is refused`, async (t) => {
    await withStreams(async (call) => {
      await call('CreateStream', { ...stream, ShardCount: 1 });
      isRefused(t, await call(operation, body), type, message);
    });
  });
}
