import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { answer, failed, QueueWorld, settings, throttled } from './queue-world.ts';

ownTemporaryDirectory();

const aDirectory = () => mkdtempSync(join(tmpdir(), 'isotherm-test-queue-'));
const arn = (service: string, name: string) => `arn:aws:${service}:us-east-1:000000000000:${name}`;
const queue = arn('sqs', 'results');
const functionArn = (name: string) => arn('lambda', `function:${name}`);
const minute = 60_000;

interface Request {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function aServer(t: ExecutionContext, status = () => 200) {
  const requests: Request[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers, body: await text(request) });
    response.statusCode = status();
    response.end('<SendMessageResponse/>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function until(world: QueueWorld, condition: () => boolean): Promise<void> {
  while (!condition()) await world.settle();
}

function lines(path: string): readonly Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a success is told to its destination in the record of AWS', async (t) => {
  const directory = aDirectory();
  const world = new QueueWorld({ destinations: { [queue]: 'file:results' }, destinationDirectory: directory });
  world.settings.set('f', { ...settings, onSuccess: queue });
  world.onDeliver = () => answer({ payload: Buffer.from('{\n"ok":true}'), executedVersion: '3' });
  await world.accept('one', { payload: Buffer.from('{\n  "n": 1\n}') });
  await until(world, () => world.queue.stats().recordsDelivered === 1);
  const [record] = lines(join(directory, 'results'));
  t.deepEqual(record, {
    version: '1.0',
    timestamp: record?.timestamp,
    requestContext: {
      requestId: 'one',
      functionArn: `${functionArn('f')}:$LATEST`,
      condition: 'Success',
      approximateInvokeCount: 1,
    },
    requestPayload: { n: 1 },
    responseContext: { statusCode: 200, executedVersion: '3' },
    responsePayload: { ok: true },
  });
  t.regex(String(record?.timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.deepEqual(Object.keys(record ?? {}), [
    'version',
    'timestamp',
    'requestContext',
    'requestPayload',
    'responseContext',
    'responsePayload',
  ]);
});

test('a failure is told to its destination and to the dead-letter queue, in the requests of SQS', async (t) => {
  const server = await aServer(t);
  const world = new QueueWorld({ destinations: { sqs: server.url } });
  world.settings.set('f', { ...settings, retriesMax: 0, onFailure: queue, deadLetter: arn('sqs', 'dead') });
  world.onDeliver = failed;
  await world.accept('one', { payload: Buffer.from('{"n":1}') });
  await until(world, () => world.queue.stats().recordsDelivered === 2);
  const byUrl = new Map(server.requests.map(({ url, body }) => [url, new URLSearchParams(body)]));
  const record = JSON.parse(byUrl.get('/000000000000/results')?.get('MessageBody') ?? '');
  t.like(record, {
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 1 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorMessage: 'no' },
  });
  t.deepEqual(Object.fromEntries(byUrl.get('/000000000000/dead') ?? []), {
    Action: 'SendMessage',
    Version: '2012-11-05',
    QueueUrl: `${server.url}/000000000000/dead`,
    MessageBody: '{"n":1}',
    'MessageAttribute.1.Name': 'RequestID',
    'MessageAttribute.1.Value.DataType': 'String',
    'MessageAttribute.1.Value.StringValue': 'one',
    'MessageAttribute.2.Name': 'ErrorCode',
    'MessageAttribute.2.Value.DataType': 'Number',
    'MessageAttribute.2.Value.StringValue': '200',
    'MessageAttribute.3.Name': 'ErrorMessage',
    'MessageAttribute.3.Value.DataType': 'String',
    'MessageAttribute.3.Value.StringValue': 'no',
  });
});

test('SNS is published to, an event bus gets its form, and a plain target the record itself', async (t) => {
  const server = await aServer(t);
  const bus = arn('events', 'event-bus/default');
  const topic = arn('sns', 'topic');
  const bucket = 'arn:aws:s3:::bucket';
  const world = new QueueWorld({ destinations: { sns: server.url, events: server.url, s3: `post+${server.url}/in` } });
  for (const target of [topic, bus, bucket]) {
    world.settings.set('f', { ...settings, onSuccess: target });
    await world.accept(target);
    await world.settle();
  }
  await until(world, () => world.queue.stats().recordsDelivered === 3);
  const [published, put, posted] = server.requests;
  t.like(Object.fromEntries(new URLSearchParams(published?.body)), { Action: 'Publish', TopicArn: topic });
  t.is(put?.headers['x-amz-target'], 'AWSEvents.PutEvents');
  const [entry] = JSON.parse(put?.body ?? '').Entries;
  t.like(entry, {
    Source: 'lambda',
    DetailType: 'Lambda Function Invocation Result - Success',
    Resources: [bus, `${functionArn('f')}:$LATEST`],
    EventBusName: bus,
  });
  t.is(JSON.parse(entry.Detail).requestContext.requestId, bus);
  t.is(posted?.url, '/in');
  t.is(JSON.parse(posted?.body ?? '').requestContext.requestId, bucket);
});

test('without a delivery there is no answer in the record', async (t) => {
  const directory = aDirectory();
  const world = new QueueWorld({ destinations: { sqs: 'file:all' }, destinationDirectory: directory });
  world.settings.set('f', { ...settings, onFailure: queue });
  world.reserves.set('f', 0);
  await world.accept('one');
  await until(world, () => world.queue.stats().recordsDelivered === 1);
  const [record] = lines(join(directory, 'all'));
  t.deepEqual(Object.keys(record ?? {}), ['version', 'timestamp', 'requestContext', 'requestPayload']);
  t.like(record, { requestContext: { condition: 'ZeroReservedConcurrency', approximateInvokeCount: 0 } });
});

test('a target that is down is tried again, from 1 s on, and keeps no other waiting', async (t) => {
  let status = 503;
  const server = await aServer(t, () => status);
  const directory = aDirectory();
  const world = new QueueWorld({
    destinations: { [queue]: `post+${server.url}`, [arn('sns', 'topic')]: 'file:topic' },
    destinationDirectory: directory,
  });
  world.settings.set('f', { ...settings, onSuccess: queue });
  world.settings.set('g', { ...settings, onSuccess: arn('sns', 'topic') });
  await world.accept('one');
  await until(world, () => world.told.length === 1);
  t.like(world.told[0], { type: 'destination.failed', target: queue, reason: 'it answered 503', isGivenUp: false });
  await world.accept('two', { functionName: 'g' });
  await until(world, () => world.queue.stats().recordsDelivered === 1);
  t.is(server.requests.length, 1);
  status = 200;
  await world.advance(999);
  t.is(server.requests.length, 1);
  await world.advance(1);
  await until(world, () => world.queue.stats().recordsDelivered === 2);
  t.is(server.requests.length, 2);
});

test('a record that a server refuses waits by itself, and is given up after six hours', async (t) => {
  const server = await aServer(t, () => (server.requests.at(-1)?.body.includes('poison') ? 400 : 200));
  const world = new QueueWorld({ destinations: { [queue]: `post+${server.url}` } });
  world.settings.set('f', { ...settings, onSuccess: queue });
  await world.accept('poison');
  await until(world, () => world.told.length === 1);
  await world.accept('good');
  await until(world, () => world.queue.stats().recordsDelivered === 1);
  await world.advance(6 * 60 * minute + 1);
  await until(world, () => world.queue.stats().recordsFailed === 1);
  t.like(world.told.at(-1), { type: 'destination.failed', isGivenUp: true, requestId: 'poison' });
  t.deepEqual(world.store.targets(), []);
});

test('records outlast a restart', async (t) => {
  const directory = aDirectory();
  const first = new QueueWorld({ directory: aDirectory(), destinations: {} });
  first.settings.set('f', { ...settings, onSuccess: queue });
  await first.accept('one');
  await until(first, () => first.told.length === 1);
  t.like(first.told[0], { type: 'destination.failed', isGivenUp: false });
  const second = first.restarted({ destinations: { sqs: 'file:late' }, destinationDirectory: directory });
  await until(second, () => second.queue.stats().recordsDelivered === 1);
  t.is(second.deliveries.length, 0);
  t.is(lines(join(directory, 'late')).length, 1);
});

test('a function as a destination is invoked with the record', async (t) => {
  const world = new QueueWorld();
  world.settings.set('f', { ...settings, onSuccess: functionArn('g') });
  await world.accept('one');
  await until(world, () => world.deliveries.length === 2);
  const [, told] = world.deliveries;
  t.is(told?.functionName, 'g');
  t.not(told?.requestId, 'one');
  t.like(JSON.parse(Buffer.from(told?.payload ?? []).toString()), { requestContext: { requestId: 'one' } });
});

test('functions that are each other’s destination stop after 16', async (t) => {
  const world = new QueueWorld();
  world.onDeliver = () => answer({ payload: Buffer.from('1') });
  world.settings.set('f', { ...settings, onSuccess: functionArn('g') });
  world.settings.set('g', { ...settings, onSuccess: functionArn('f') });
  await world.accept('one');
  await until(world, () => world.queue.stats().recordsFailed === 1);
  t.is(world.deliveries.length, 17);
  t.like(world.told.at(-1), { reason: 'functions invoked each other 16 times in a row', isGivenUp: true });
});

test('where both of them may recur they go on, and a chain stops at the first that may not', async (t) => {
  const world = new QueueWorld();
  world.settings.set('f', { ...settings, onSuccess: functionArn('g') });
  world.settings.set('g', { ...settings, onSuccess: functionArn('f') });
  world.recurring.add('f').add('g');
  await world.accept('one');
  await until(world, () => world.deliveries.length > 40);
  world.recurring.delete('f');
  await until(world, () => world.queue.stats().recordsFailed === 1);
  t.like(world.told.at(-1), { functionName: 'g', target: functionArn('f'), isGivenUp: true });
});

test('an answer that is no JSON, or too deep, is told as a text', async (t) => {
  const directory = aDirectory();
  const world = new QueueWorld({ destinations: { sqs: 'file:all' }, destinationDirectory: directory });
  world.settings.set('f', { ...settings, onSuccess: queue });
  const deep = `${'['.repeat(1_001)}${']'.repeat(1_001)}`;
  const answers = ['1,"injected":2', '{"__proto__":{"a":1}}', deep, '"\\u007b\\"[["', '\xff'];
  for (const payload of answers) {
    world.onDeliver = () => answer({ payload: Buffer.from(payload, 'latin1') });
    await world.accept(payload.slice(0, 10));
    await world.settle();
  }
  await until(world, () => world.queue.stats().recordsDelivered === answers.length);
  const payloads = lines(join(directory, 'all')).map(({ responsePayload }) => responsePayload);
  t.is(payloads[0], '1,"injected":2');
  t.true(Object.hasOwn(payloads[1] as object, '__proto__'));
  t.is(payloads[2], deep);
  t.is(payloads[3], '{"[[');
  t.is(payloads[4], '\ufffd');
});

test('a file goes on behind half a line, and a link is not followed', async (t) => {
  const directory = aDirectory();
  const elsewhere = join(aDirectory(), 'elsewhere');
  writeFileSync(join(directory, 'results'), '{"half":');
  symlinkSync(elsewhere, join(directory, 'link'));
  mkdirSync(join(directory, 'folder'));
  const world = new QueueWorld({
    destinations: { [queue]: 'file:results', sns: 'file:link' },
    destinationDirectory: directory,
  });
  world.settings.set('f', { ...settings, onSuccess: queue });
  world.settings.set('g', { ...settings, onSuccess: arn('sns', 'topic') });
  await world.accept('one');
  await until(world, () => world.queue.stats().recordsDelivered === 1);
  const [half, whole] = readFileSync(join(directory, 'results'), 'utf8').split('\n');
  t.is(half, '{"half":');
  t.is(JSON.parse(whole ?? '').requestContext.requestId, 'one');
  await world.accept('two', { functionName: 'g' });
  await until(world, () => world.told.length > 0);
  t.like(world.told[0], { type: 'destination.failed', requestId: 'two' });
  t.throws(() => readFileSync(elsewhere));
});

test('throttled events tell nobody', async (t) => {
  const world = new QueueWorld({ destinations: { sqs: 'http://127.0.0.1:1' } });
  world.settings.set('f', { ...settings, onFailure: queue, deadLetter: queue });
  world.onDeliver = throttled;
  await world.accept('one');
  await world.settle();
  t.deepEqual(world.store.targets(), []);
});
