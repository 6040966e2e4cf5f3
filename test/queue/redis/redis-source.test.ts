/** Redis Streams from a real server, and the pollers in front of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../src/base/clock.ts';
import type { EventSourceMapping } from '../../../src/model/event-source-mapping.ts';
import { redisStreamArn, validRedisStreams } from '../../../src/model/redis-stream.ts';
import { RedisConnection } from '../../../src/queue/redis/redis-connection.ts';
import { redisSourceKind } from '../../../src/queue/redis/redis-source.ts';
import { MappingPoller } from '../../../src/queue/sources/mapping-poller.ts';
import { type EventSource, SourceError, type SourceFault } from '../../../src/queue/sources/source.ts';
import { ownTemporaryDirectory } from '../../fixtures/own-temporary-directory.ts';
import { type RedisServer, startRedis } from '../../fixtures/servers/redis.ts';
import { MemoryCheckpoints } from '../sources/memory-source.ts';
import { mappingOf } from './mapping.ts';

ownTemporaryDirectory();

const server = await startRedis();
test.after.always(() => server[Symbol.asyncDispose]());

const { signal } = new AbortController();
const arn = redisStreamArn('orders');

function kindOf({ port }: { readonly port: number }, keys: readonly string[], userinfo = '') {
  return redisSourceKind(
    validRedisStreams({ orders: { url: `redis://${userinfo}127.0.0.1:${port}`, keys } }),
    systemClock,
  );
}

async function client(t: ExecutionContext, { port }: { readonly port: number } = server, password?: string) {
  const endpoint = { host: '127.0.0.1', port, isTls: false, user: undefined, password, database: 0 };
  const connection = await RedisConnection.open(endpoint, systemClock, signal);
  t.teardown(() => connection[Symbol.dispose]());
  return (...parts: string[]) => connection.command(parts, { signal });
}

async function opened(t: ExecutionContext, keys: readonly string[]): Promise<EventSource> {
  const source = await kindOf(server, keys).open(arn, signal);
  t.teardown(() => source[Symbol.asyncDispose]());
  return source;
}

const whole = { recordsMax: 100, bytesMax: 1_000_000, waitMs: 0, signal };

/** A poller, and a function that a test writes. */
function polling(
  t: ExecutionContext,
  to: RedisServer,
  keys: readonly string[],
  more: Partial<EventSourceMapping> = {},
) {
  const batches: string[][] = [];
  const problems: string[] = [];
  let fails = (_values: readonly string[]): boolean => false;
  const kind = kindOf(to, keys);
  const poller = new MappingPoller({
    clock: systemClock,
    mapping: mappingOf(arn, more),
    functions: {
      invoke: async (_target, payload) => {
        const records: { redis: { stream: string; fields: { n: string } } }[] = JSON.parse(
          String(Buffer.from(payload)),
        ).Records;
        const values = records.map(({ redis }) => `${redis.stream}${redis.fields.n}`);
        if (fails(values))
          return { statusCode: 200, payload: Buffer.from('{}'), requestId: 'r', functionError: 'Unhandled' };
        batches.push(values);
        return { statusCode: 200, payload: Buffer.from('null'), requestId: 'r' };
      },
      describe: () => ({ role: 'r', arn: 'arn' }),
    },
    destinations: { check: () => undefined, send: async () => undefined },
    checkpoints: new MemoryCheckpoints(),
    observe: undefined,
    delayScale: 0.01,
    open: (stop) => kind.open(arn, stop),
    told: (result) => void (result !== 'ok' && problems.push(result.problem)),
  });
  t.teardown(() => poller.stop());
  return {
    poller,
    problems,
    handled: () => batches.flat(),
    failWhen: (next: typeof fails) => {
      fails = next;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

test('entries are read in order, in parts that fit, and each only once', async (t) => {
  const redis = await client(t);
  for (let n = 0; n < 250; n += 1) await redis('XADD', 'in-order', '*', 'n', String(n));
  const source = await opened(t, ['in-order']);
  t.deepEqual(await source.shards(signal), [{ shardId: 'in-order' }]);
  let after = await source.locate('in-order', { type: 'trim-horizon' }, signal);
  const read: string[] = [];
  for (;;) {
    const answer = await source.read({ ...whole, shardId: 'in-order', after, bytesMax: 500 });
    if (answer.records.length === 0) break;
    t.true(answer.records.reduce((sum, { data }) => sum + data.byteLength, 0) <= 500);
    for (const record of answer.records) read.push(JSON.parse(String(Buffer.from(record.data))).fields.n);
    after = answer.after;
  }
  t.deepEqual(
    read,
    Array.from({ length: 250 }, (_, n) => String(n)),
  );
});

test('an entry becomes a record with its fields, those that are no text in base64', async (t) => {
  const redis = await client(t);
  await redis('XADD', 'form', '1700000000123-4', 'name', 'Ada', '__proto__', 'p', 'partitionKey', 'k', 'name', 'Grace');
  const socket = spawn('redis-cli', ['-p', String(server.port), '-x', 'XADD', 'form', '1700000000123-5', 'raw'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  socket.stdin.end(Buffer.from([0xff, 0xfe]));
  await once(socket, 'exit');
  const source = await opened(t, ['form']);
  const { records } = await source.read({ ...whole, shardId: 'form', after: '0-0' });
  const events = records.map((record) => JSON.parse(source.eventRecord(record, { shardId: 'form', role: 'role' })));
  t.deepEqual(events[0], {
    redis: {
      stream: 'form',
      id: '1700000000123-4',
      partitionKey: 'k',
      approximateArrivalTimestamp: 1_700_000_000.123,
      fields: JSON.parse('{"name":"Grace","__proto__":"p","partitionKey":"k"}'),
    },
    eventSource: 'isotherm:redis',
    eventVersion: '1.0',
    eventID: 'form:1700000000123-4',
    eventName: 'isotherm:redis:record',
    invokeIdentityArn: 'role',
    awsRegion: 'us-east-1',
    eventSourceARN: arn,
  });
  t.deepEqual(events[1].redis.fields, {});
  t.deepEqual(events[1].redis.binaryFields, { raw: '//4=' });
  t.is(events[1].redis.partitionKey, 'form');
});

test('filters see the fields, and into those that are JSON', async (t) => {
  const redis = await client(t);
  await redis('XADD', 'filter', '5-1', 'kind', 'order', 'body', '{"total":5}');
  const source = await opened(t, ['filter']);
  const { records } = await source.read({ ...whole, shardId: 'filter', after: '0-0' });
  const [record] = records;
  t.deepEqual(record && source.filterSubject(record), {
    id: '5-1',
    partitionKey: 'filter',
    approximateArrivalTimestamp: 0.005,
    data: { kind: 'order', body: { total: 5 } },
  });
});

test('a reader begins at the start, at the end or at a moment', async (t) => {
  const redis = await client(t);
  for (const id of ['1000-0', '1000-1', '2000-0']) await redis('XADD', 'begin', id, 'n', id);
  const source = await opened(t, ['begin', 'begin-later']);
  const from = async (position: Parameters<EventSource['locate']>[1], shardId = 'begin') => {
    const after = await source.locate(shardId, position, signal);
    return async () => (await source.read({ ...whole, shardId, after })).records.map(({ sequence }) => sequence);
  };
  t.deepEqual(await (await from({ type: 'trim-horizon' }))(), ['1000-0', '1000-1', '2000-0']);
  t.deepEqual(await (await from({ type: 'at-timestamp', epochMs: 1_000 }))(), ['1000-0', '1000-1', '2000-0']);
  t.deepEqual(await (await from({ type: 'at-timestamp', epochMs: 1_000.5 }))(), ['2000-0']);
  t.deepEqual(await (await from({ type: 'at-timestamp', epochMs: 0 }))(), ['1000-0', '1000-1', '2000-0']);
  const latest = await from({ type: 'latest' });
  const latestOfNone = await from({ type: 'latest' }, 'begin-later');
  await redis('XADD', 'begin', '2000-1', 'n', '1');
  await redis('XADD', 'begin-later', '1-1', 'n', '1');
  t.deepEqual(await latest(), ['2000-1']);
  t.deepEqual(await latestOfNone(), ['1-1'], 'what is put into a stream that was not there is all news');
});

test('ids compare by both of their numbers, however large', async (t) => {
  const source = await opened(t, ['compare']);
  t.is(source.compare('9-1', '10-0'), -1);
  t.is(source.compare('10-2', '10-10'), -1);
  t.is(source.compare('18446744073709551615-18446744073709551615', '18446744073709551615-18446744073709551614'), 1);
  t.is(source.compare('5-5', '5-5'), 0);
});

test('a position whose entries were trimmed goes on with those that are left', async (t) => {
  const redis = await client(t);
  for (let n = 1; n <= 10; n += 1) await redis('XADD', 'trimmed', `${n}-0`, 'n', String(n));
  await redis('XTRIM', 'trimmed', 'MAXLEN', '3');
  const source = await opened(t, ['trimmed']);
  const { records } = await source.read({ ...whole, shardId: 'trimmed', after: '4-0' });
  t.deepEqual(
    records.map(({ sequence }) => sequence),
    ['8-0', '9-0', '10-0'],
  );
});

test('who waits gets what comes, and who is told to stop stops', async (t) => {
  const redis = await client(t);
  const source = await opened(t, ['wait']);
  const waiting = source.read({ ...whole, shardId: 'wait', after: '0-0', waitMs: 60_000 });
  await redis('XADD', 'wait', '1-1', 'n', '1');
  t.is((await waiting).records.length, 1);
  const stopping = new AbortController();
  const stopped = source.read({ ...whole, shardId: 'wait', after: '1-1', waitMs: 60_000, signal: stopping.signal });
  stopping.abort(new Error('enough'));
  await t.throwsAsync(stopped, { message: 'enough' });
  const none = await source.read({ ...whole, shardId: 'wait', after: '1-1', waitMs: 5 });
  t.deepEqual(none, { records: [], after: '1-1', isEnded: false });
});

test('what cannot be read is refused with its reason', async (t) => {
  const redis = await client(t);
  await redis('SET', 'text', 'x');
  const refused = (opening: Promise<unknown>, fault: SourceFault, message: RegExp | string) =>
    t.throwsAsync(opening, { instanceOf: SourceError, message }).then((error) => t.is(error?.fault, fault));
  const kind = kindOf(server, ['text']);
  t.true(kind.accepts(arn));
  t.false(kind.accepts('arn:aws:kinesis:us-east-1:000000000000:stream/orders'));
  await refused(kind.open(arn, signal), 'final', `Key "text" of ${arn} is no stream but a string`);
  await refused(kind.open(redisStreamArn('others'), signal), 'final', `Stream not found: ${redisStreamArn('others')}`);
  await refused(
    kindOf({ port: 1 }, ['a']).open(arn, signal),
    'temporary',
    /^Redis at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
  );
});

test('a server with a password wants it', async (t) => {
  await using guarded = await startRedis({ password: 'p:w' });
  await t.throwsAsync(kindOf(guarded, ['a']).open(arn, signal), { message: /refuses: NOAUTH/ });
  await t.throwsAsync(kindOf(guarded, ['a'], ':no@').open(arn, signal), { message: /refuses: WRONGPASS/ });
  await using source = await kindOf(guarded, ['a'], ':p%3Aw@').open(arn, signal);
  t.is(source.arn, arn);
});

test('a poller goes on where it was when the server comes back', async (t) => {
  const first = await startRedis({ isDurable: true });
  const { handled, problems, poller } = polling(t, first, ['a', 'b']);
  const put = await client(t, first);
  for (let n = 0; n < 20; n += 1) await put('XADD', n % 2 === 0 ? 'a' : 'b', '*', 'n', String(n));
  await until(() => handled().length === 20);
  await first[Symbol.asyncDispose]();
  await until(() => problems.some((problem) => problem.includes('cannot be reached')));
  await using second = await startRedis(first.settings);
  const again = await client(t, second);
  for (let n = 20; n < 40; n += 1) await again('XADD', n % 2 === 0 ? 'a' : 'b', '*', 'n', String(n));
  await until(() => handled().length >= 40);
  await poller.stop();
  for (const key of ['a', 'b']) {
    const expected = Array.from({ length: 40 }, (_, n) => n).filter((n) => (n % 2 === 0) === (key === 'a'));
    t.deepEqual(
      handled().filter((value) => value.startsWith(key)),
      expected.map((n) => `${key}${n}`),
    );
  }
});

test('a poison entry is given up, and what is before and behind it is handled in order', async (t) => {
  const put = await client(t);
  for (let n = 0; n < 20; n += 1) await put('XADD', 'poison', '*', 'n', String(n));
  const rig = polling(t, server, ['poison', 'poison-free'], { retryAttemptsMax: 2, bisectsOnError: true });
  rig.failWhen((values) => values.includes('poison7'));
  await put('XADD', 'poison-free', '*', 'n', '0');
  await until(() => rig.handled().length === 20);
  const expected = Array.from({ length: 20 }, (_, n) => `poison${n}`).filter((value) => value !== 'poison7');
  t.deepEqual(
    rig.handled().filter((value) => !value.startsWith('poison-free')),
    expected,
  );
  t.true(rig.handled().includes('poison-free0'));
});

test('a host that is killed again and again misses nothing, and repeats at most the batch that was under way', async (t) => {
  t.timeout(120_000);
  const redis = await startRedis();
  t.teardown(() => redis[Symbol.asyncDispose]());
  const put = await client(t, redis);
  const scratch = mkdtempSync(join(tmpdir(), 'isotherm-redis-'));
  const log = join(scratch, 'log');
  const program = fileURLToPath(new URL('./redis-host.ts', import.meta.url));
  const seen = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  const kills = 3;
  const perRound = 60;
  for (let round = 0; round <= kills; round += 1) {
    const host = spawn(process.execPath, [program, String(redis.port), join(scratch, 'data'), log], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => host.kill('SIGKILL'));
    await once(createInterface({ input: host.stdout }), 'line');
    for (let index = 0; index < perRound; index += 1) {
      await put('XADD', index % 2 === 0 ? 'a' : 'b', '*', 'n', String(round * perRound + index));
    }
    const isLast = round === kills;
    const wanted = isLast ? (kills + 1) * perRound : round * perRound + perRound / 2;
    await until(() => new Set(seen()).size >= wanted);
    host.kill('SIGKILL');
    await once(host, 'exit');
  }
  for (const key of ['a', 'b']) {
    const values = seen().flatMap((line) => (line.startsWith(`${key} `) ? [Number(line.slice(2))] : []));
    const firsts = [...new Set(values)];
    t.deepEqual(
      firsts,
      firsts.toSorted((one, other) => one - other),
      'in the order in which they were put',
    );
    t.is(firsts.length, ((kills + 1) * perRound) / 2);
    // A batch of seven for each kill.
    t.true(values.length - firsts.length <= kills * 7, `${values.length - firsts.length} were repeated`);
  }
});
