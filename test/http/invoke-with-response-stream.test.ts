/** InvokeWithResponseStream (LAMBDA.md C5): the SDK against the real engine, and the wire against a scripted one. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { InvokeWithResponseStreamCommand, LambdaClient, type LambdaServiceException } from '@aws-sdk/client-lambda';
import test, { type ExecutionContext } from 'ava';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { createServer } from '../../src/http/server.ts';
import { EngineError } from '../../src/model/errors.ts';
import type { StreamedResult } from '../../src/model/invocation.ts';
import { limits } from '../../src/model/limits.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { slowClock } from '../fixtures/slow-clock.ts';
import { requestId, scriptedEngine } from './scripted-engine.ts';

const engine = await createEngine({ clock: slowClock });
const server = createServer({ engine });
const endpoint = await server.listen({ host: '127.0.0.1', port: 0 });
const client = new LambdaClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  maxAttempts: 1,
});

test.after.always(async () => {
  client.destroy();
  await server.close();
  await engine.close();
});

type Input = ConstructorParameters<typeof InvokeWithResponseStreamCommand>[0];

const send = (FunctionName: string, more: Partial<Input> = {}) =>
  client.send(new InvokeWithResponseStreamCommand({ FunctionName, ...more }));

async function events(stream: Awaited<ReturnType<typeof send>>['EventStream']) {
  const texts: string[] = [];
  for await (const { PayloadChunk, InvokeComplete } of stream ?? []) {
    if (PayloadChunk !== undefined) texts.push(Buffer.from(PayloadChunk.Payload ?? []).toString('latin1'));
    else return { texts, complete: InvokeComplete };
  }
  return { texts };
}

async function deploy(functionName: string, body: string, settings: object = {}): Promise<string> {
  const source = `import * as test from 'isotherm:bindings';
    export const handler = awslambda.streamifyResponse(async (event, stream) => { ${body} });`;
  await engine.createFunction({ functionName, timeout: 20, code: { source }, bindings: {}, ...settings });
  return functionName;
}

test('the SDK reads the first chunk while the handler waits, and how it ended in the last event', async (t) => {
  const isRead = Promise.withResolvers<void>();
  await deploy(
    'early',
    `stream.setContentType('text/plain'); stream.write('first'); await test.isRead(); stream.end(Buffer.from([0, 255]));`,
    { bindings: { isRead: () => isRead.promise } },
  );
  const answer = await send('early', { LogType: 'Tail' });
  t.like(answer, {
    StatusCode: 200,
    ExecutedVersion: '$LATEST',
    ResponseStreamContentType: 'application/vnd.amazon.eventstream',
  });
  const texts: string[] = [];
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream ?? []) {
    if (PayloadChunk !== undefined) texts.push(Buffer.from(PayloadChunk.Payload ?? []).toString('latin1'));
    isRead.resolve();
    if (InvokeComplete === undefined) continue;
    t.is(InvokeComplete.ErrorCode, undefined);
    t.regex(Buffer.from(InvokeComplete.LogResult ?? '', 'base64').toString(), /^START RequestId: [\s\S]*REPORT /);
  }
  t.deepEqual(texts, ['first', '\0\u00ff']);
});

test('a function that fails gives 200, and its error behind what it wrote', async (t) => {
  await deploy('fails', `stream.write('begun'); await test.isRead(); throw new TypeError('no');`, {
    bindings: { isRead: () => isRead.promise },
  });
  const isRead = Promise.withResolvers<void>();
  const answer = await send('fails');
  isRead.resolve();
  const { texts, complete } = await events(answer.EventStream);
  t.deepEqual(texts, ['begun']);
  t.is(complete?.ErrorCode, 'Unhandled');
  t.is(complete?.LogResult, undefined);
  t.like(JSON.parse(complete?.ErrorDetails ?? ''), { errorType: 'TypeError', errorMessage: 'no' });

  await deploy('slow', `stream.write('begun'); setInterval(() => {}, 1e6); await new Promise(() => {});`, {
    timeout: 1,
  });
  const timedOut = await events((await send('slow')).EventStream);
  t.deepEqual(timedOut.texts, ['begun']);
  t.like(JSON.parse(timedOut.complete?.ErrorDetails ?? ''), { errorType: 'Sandbox.Timedout' });
});

test('a handler that does not stream, a dry run, and mistakes before the first byte', async (t) => {
  await engine.createFunction({
    functionName: 'echo',
    timeout: 20,
    code: { source: 'export const handler = async (event) => event;' },
  });
  const plain = await events((await send('echo', { Payload: Buffer.from('{"a":1}') })).EventStream);
  t.deepEqual(plain, { texts: ['{"a":1}'], complete: {} });
  t.is((await send('echo', { InvocationType: 'DryRun' })).StatusCode, 204);
  const error = (await t.throwsAsync(send('nobody'))) as LambdaServiceException;
  t.is(error.name, 'ResourceNotFoundException');
  const wrong = (await t.throwsAsync(send('echo', { InvocationType: 'Event' as never }))) as LambdaServiceException;
  t.is(
    wrong.message,
    "1 validation error detected: Value 'Event' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, DryRun]",
  );
  t.is((await t.throwsAsync(send('echo', { Payload: Buffer.from('{') })))?.name, 'InvalidRequestContentException');
});

test('C4.15: a client that goes away midway does not stop the function', async (t) => {
  const ended = Promise.withResolvers<string>();
  const isGone = Promise.withResolvers<void>();
  await deploy(
    'abandoned',
    `stream.write('begun'); await test.isGone();
     const chunk = Buffer.alloc(65536);
     for (let sent = 0; sent < 64; sent += 1) await new Promise((resolve) => stream.write(chunk, resolve));
     stream.end(); await test.ended('all written');`,
    { bindings: { isGone: () => isGone.promise, ended: (text: string) => ended.resolve(text) } },
  );
  const socket = connect(Number(new URL(endpoint).port), '127.0.0.1');
  socket.write(
    'POST /2021-11-15/functions/abandoned/response-streaming-invocations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}',
  );
  await once(socket, 'data');
  socket.destroy();
  await once(socket, 'close');
  isGone.resolve();
  t.is(await ended.promise, 'all written');
});

// From here on: what a scripted engine streams.

async function scripted(
  t: ExecutionContext,
  result: (input: object) => Promise<StreamedResult>,
  clock: Clock = systemClock,
) {
  const scriptedEngineOf = scriptedEngine('f');
  scriptedEngineOf.onInvokeStream = result;
  const unexpected: unknown[] = [];
  const api = createServer({
    engine: scriptedEngineOf,
    onUnexpected: (error) => unexpected.push(error),
    clock,
  });
  const url = new URL(await api.listen({ host: '127.0.0.1', port: 0 }));
  t.teardown(() => api.close());
  const own = new LambdaClient({
    endpoint: url.href,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  t.teardown(() => own.destroy());
  return { api, url, own, unexpected, calls: scriptedEngineOf.calls };
}

function streamed(stream: ReadableStream<Uint8Array>, done: StreamedResult['done'] = Promise.resolve({})) {
  // As the engine's own: nobody need listen.
  done.catch(() => {});
  return { statusCode: 200, requestId, executedVersion: '3', contentType: 'text/html', stream, done } as const;
}

test('headers and bytes on the wire, and what is passed on', async (t) => {
  const { url, calls } = await scripted(t, async () => streamed(ReadableStream.from([Buffer.from('ab')])));
  const path = '/2021-11-15/functions/f/response-streaming-invocations?Qualifier=prod';
  const answer = await fetch(new URL(path, url), {
    method: 'POST',
    body: '{"x":1}',
    headers: { 'x-amz-log-type': 'Tail', 'x-amz-client-context': 'e30=', 'x-amzn-trace-id': 'Root=1' },
  });
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'application/vnd.amazon.eventstream');
  t.is(answer.headers.get('x-amzn-remapped-content-type'), 'text/html');
  t.is(answer.headers.get('x-amz-executed-version'), '3');
  t.is(answer.headers.get('x-amzn-requestid'), requestId);
  const [input] = calls.invokeStream;
  t.like(input, { functionName: 'f', qualifier: 'prod', logType: 'Tail', clientContext: 'e30=', traceId: 'Root=1' });
  // The SDK checks the rest: it reads nothing whose checksums are wrong.
  const bytes = Buffer.from(await answer.arrayBuffer());
  const first = bytes.readUInt32BE(0);
  t.is(first, 12 + bytes.readUInt32BE(4) + 'ab'.length + 4);
  t.is(first + bytes.readUInt32BE(first), bytes.byteLength);
});

test('the platform fails midway: its code, and only what nobody knows is told', async (t) => {
  for (const [error, code] of [
    [new EngineError('SandboxLost', 'the process ended'), 'SandboxLost'],
    [new TypeError('a bug of ours'), 'ServiceException'],
  ] as const) {
    const { own, unexpected } = await scripted(t, async () => {
      const failing = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(Buffer.from('begun')),
        pull: (controller) => controller.error(error),
      });
      return streamed(failing, Promise.reject(error));
    });
    const { EventStream } = await own.send(new InvokeWithResponseStreamCommand({ FunctionName: 'f' }));
    const { texts, complete } = await events(EventStream);
    t.deepEqual(texts, ['begun']);
    t.is(complete?.ErrorCode, code);
    t.notRegex(complete?.ErrorDetails ?? '', /a bug of ours/);
    t.deepEqual(unexpected, code === 'SandboxLost' ? [] : [error]);
  }
});

test('a client that does not read is not read for, one that leaves lets go, and one that stays is cut', async (t) => {
  const clock = createFakeClock();
  for (const how of ['leaves', 'stays'] as const) {
    let pulled = 0;
    const cancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled += 1;
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: () => cancelled.resolve(),
      },
      { highWaterMark: 0 },
    );
    const { url } = await scripted(t, async () => streamed(endless), clock);
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(
      'POST /2021-11-15/functions/f/response-streaming-invocations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}',
    );
    // The buffers of the connection are full, and somebody waits for them to empty.
    while (clock.timersArmed === 0) await new Promise(setImmediate);
    t.true(pulled < 1_000);
    if (how === 'leaves') socket.destroy();
    else clock.advance(limits.httpPieceTimeoutMs);
    await cancelled.promise;
    socket.destroy();
    t.is(clock.timersArmed, 0);
  }
});

test('a server that is closed waits for a stream that has begun', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { own, api } = await scripted(t, async () =>
    streamed(
      ReadableStream.from(
        (async function* () {
          yield Buffer.from('one');
          await gate.promise;
          yield Buffer.from('two');
        })(),
      ),
    ),
  );
  const { EventStream } = await own.send(new InvokeWithResponseStreamCommand({ FunctionName: 'f' }));
  const closed = api.close();
  gate.resolve();
  t.deepEqual((await events(EventStream)).texts, ['one', 'two']);
  await closed;
});
