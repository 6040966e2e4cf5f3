import { once } from 'node:events';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { invokeTarget } from '../../src/http/operations/invoke.ts';
import { createServer } from '../../src/http/server.ts';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import { answer, requestId, type ScriptedEngine, scriptedEngine } from './scripted-engine.ts';

const path = (name = 'f') => `/2015-03-31/functions/${name}/invocations`;

async function listening(t: ExecutionContext, engine: ScriptedEngine): Promise<string> {
  const server = createServer({ engine });
  t.teardown(() => server.close());
  return server.listen({ host: '127.0.0.1', port: 0 });
}

/** Over a real socket, as a client does. */
async function post(url: string, body: string | Uint8Array | undefined, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    ...(body !== undefined && { body: Buffer.from(body) }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString('utf8') };
}

test('the payload passes through as bytes, both ways, whatever the client calls it', async (t) => {
  const engine = scriptedEngine('f');
  const text = '{ "b":1,\n"a" : 1.0, "big":12345678901234567890, "é":"\u{1f600}" }';
  engine.onInvoke = async (input) => answer(String(input.payload));
  const url = await listening(t, engine);
  for (const contentType of ['application/json', 'application/octet-stream', 'text/plain', 'multipart/form-data']) {
    const response = await post(url + path(), text, { 'content-type': contentType });
    t.is(response.text, text);
  }
  t.true(engine.calls.invoke.every(({ payload }) => payload instanceof Uint8Array));
});

test('an answer carries the invocation’s own request id and the version that ran', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  const { status, headers, text } = await post(url + path(), '{}');
  t.is(status, 200);
  t.is(text, 'null');
  t.is(headers.get('x-amzn-requestid'), requestId);
  t.is(headers.get('x-amz-executed-version'), '$LATEST');
  t.is(headers.get('content-type'), 'application/json');
  t.is(headers.get('content-length'), '4');
  t.is(headers.get('x-amz-function-error'), null);
  t.is(headers.get('x-amz-log-result'), null);
});

test('a failed function is a 200 with X-Amz-Function-Error; the log comes with Tail', async (t) => {
  const engine = scriptedEngine('f');
  engine.onInvoke = async () => answer('{"errorType":"E"}', { functionError: 'Unhandled', logResult: 'bG9n' });
  const url = await listening(t, engine);
  const { status, headers } = await post(url + path(), '{}', { 'x-amz-log-type': 'Tail' });
  t.is(status, 200);
  t.is(headers.get('x-amz-function-error'), 'Unhandled');
  t.is(headers.get('x-amz-log-result'), 'bG9n');
  t.is(engine.calls.invoke[0]?.logType, 'Tail');
});

test('name, qualifier and headers reach the engine as the client wrote them', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
  await post(`${url}${path(encodeURIComponent(`${arn}:7`))}?Qualifier=7`, '1', {
    'x-amz-invocation-type': 'RequestResponse',
    'x-amz-client-context': 'e30=',
    'x-amzn-trace-id': 'Root=1-2-3',
  });
  const { payload, ...rest } = engine.calls.invoke[0] ?? {};
  t.is(String(payload), '1');
  t.deepEqual(rest, {
    functionName: `${arn}:7`,
    qualifier: '7',
    invocationType: 'RequestResponse',
    clientContext: 'e30=',
    traceId: 'Root=1-2-3',
  });
});

test('without a body there is no payload, so that the event becomes {}', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  await post(url + path(), undefined);
  t.is(engine.calls.invoke[0]?.payload?.length ?? 0, 0);
});

test('a dry run is a 204 without a body or a version', async (t) => {
  const engine = scriptedEngine('f');
  engine.onInvoke = async () => ({ statusCode: 204, payload: new Uint8Array(), requestId });
  const url = await listening(t, engine);
  const { status, headers, text } = await post(url + path(), '{}', { 'x-amz-invocation-type': 'DryRun' });
  t.is(status, 204);
  t.is(text, '');
  t.is(headers.get('x-amz-executed-version'), null);
  t.is(headers.get('content-length'), null);
  t.is(headers.get('x-amzn-requestid'), requestId);
});

for (const [header, value, message] of [
  [
    'x-amz-invocation-type',
    'Later',
    "Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, DryRun, Event]",
  ],
  [
    'x-amz-log-type',
    'Head',
    "Value 'Head' at 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]",
  ],
] as const) {
  test(`an unknown ${header} is a ValidationException`, async (t) => {
    const engine = scriptedEngine('f');
    const url = await listening(t, engine);
    const { status, headers, text } = await post(url + path(), '{}', { [header]: value });
    t.is(status, 400);
    t.is(headers.get('x-amzn-errortype'), 'ValidationException');
    t.deepEqual(JSON.parse(text), { message: `1 validation error detected: ${message}` });
    t.is(engine.calls.invoke.length, 0);
  });
}

test('a throttled invocation says why and when to come again', async (t) => {
  const engine = scriptedEngine('f');
  engine.onInvoke = async () => {
    throw new EngineError('TooManyRequestsException', 'Rate Exceeded.', {
      throttleReason: 'ConcurrentInvocationLimitExceeded',
    });
  };
  const url = await listening(t, engine);
  const { status, headers, text } = await post(url + path(), '{}');
  t.is(status, 429);
  t.is(headers.get('retry-after'), '1');
  t.deepEqual(JSON.parse(text), {
    Reason: 'ConcurrentInvocationLimitExceeded',
    Type: 'User',
    message: 'Rate Exceeded.',
  });
});

test('a suspended function says when to try again', async (t) => {
  const engine = scriptedEngine('f');
  engine.onInvoke = async () => {
    throw new EngineError('FunctionSuspended', 'f is suspended', { retryAfterMs: 1_500 });
  };
  const url = await listening(t, engine);
  const { status, headers, text } = await post(url + path(), '{}');
  t.is(status, 429);
  t.is(headers.get('retry-after'), '2');
  t.is(headers.get('x-amzn-errortype'), 'FunctionSuspended');
  t.deepEqual(JSON.parse(text), { Type: 'User', message: 'f is suspended' });
});

test('a payload of 6 MiB passes, one byte more is refused with AWS’s text', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  const largest = Buffer.alloc(limits.requestPayloadBytesMax, 0x20);
  t.is((await post(url + path(), largest)).status, 200);
  t.is(engine.calls.invoke[0]?.payload?.length, limits.requestPayloadBytesMax);
  const { status, headers, text } = await post(url + path(), Buffer.alloc(limits.requestPayloadBytesMax + 1, 0x20));
  t.is(status, 413);
  t.is(headers.get('x-amzn-errortype'), 'RequestEntityTooLargeException');
  t.deepEqual(JSON.parse(text), {
    Type: 'User',
    message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
  });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.regex(metrics, /^isotherm_limits_total\{reason="event-bytes"\} 1$/m);
});

test('a create request may have 70 MB and not more', async (t) => {
  const url = await listening(t, scriptedEngine());
  const socket = await open(t, url);
  socket.write(head('POST', '/2015-03-31/functions', { 'content-length': String(limits.requestBytesMax + 1) }));
  const text = String(await buffer(socket));
  t.regex(text, /^HTTP\/1\.1 413 /);
  t.regex(text, /Request must be smaller than 70167211 bytes for the CreateFunction operation/);
});

test('a client that hangs up does not cancel its function', async (t) => {
  const engine = scriptedEngine('f');
  const started = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  let signal: unknown = 'not asked';
  let ended = false;
  engine.onInvoke = async (input) => {
    signal = input.signal;
    started.resolve();
    await mayEnd.promise;
    ended = true;
    return answer('1');
  };
  const url = await listening(t, engine);
  const socket = await open(t, url);
  socket.write(`${head('POST', path(), { 'content-length': '2' })}{}`);
  await started.promise;
  socket.destroy();
  await once(socket, 'close');
  mayEnd.resolve();
  engine.onInvoke = async () => answer('2');
  t.is((await post(url + path(), '{}')).text, '2');
  t.true(ended);
  t.is(signal, undefined);
});

test('a client that hangs up in the middle of its request harms nobody and reaches no function', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  const socket = await open(t, url);
  socket.write(`${head('POST', path(), { 'content-length': '100' })}{"half":`);
  socket.destroy();
  await once(socket, 'close');
  t.is((await post(url + path(), '{}')).status, 200);
  t.is(engine.calls.invoke.length, 1);
});

test('one connection serves many invocations, also pipelined ones, in order', async (t) => {
  const engine = scriptedEngine('f');
  engine.onInvoke = async (input) => answer(String(input.payload));
  const url = await listening(t, engine);
  const socket = await open(t, url);
  const requests = ['"a"', '"b"', '"c"'].map((body) => `${head('POST', path(), { 'content-length': '3' })}${body}`);
  socket.write(requests.join(''));
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes('"c"')) break;
  }
  t.deepEqual(text.match(/"[abc]"/g), ['"a"', '"b"', '"c"']);
  t.is(text.match(/HTTP\/1\.1 200 OK/g)?.length, 3);
});

test('what is no HTTP, and headers without end, are answered and cut', async (t) => {
  const url = await listening(t, scriptedEngine('f'));
  const garbage = await open(t, url);
  garbage.write('this is not http\r\n\r\n');
  t.regex(String(await buffer(garbage)), /^HTTP\/1\.1 400 .*x-amzn-ErrorType: SerializationException/s);
  const endless = await open(t, url);
  endless.write(head('GET', '/healthz', { 'x-long': 'a'.repeat(limits.httpHeaderBytesMax) }));
  t.regex(String(await buffer(endless)), /^HTTP\/1\.1 431 .*x-amzn-RequestId: /s);
});

test('a request that does not come in is cut: headers, and the body of any operation', async (t) => {
  const engine = scriptedEngine('f');
  const server = createServer({ engine, timeouts: { headersMs: 150, requestMs: 200 } });
  t.teardown(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  for (const started of [
    'POST /2015-03-31/functions HTTP/1.1\r\nhost: 127.0.0.1\r\n',
    `${head('POST', path(), { 'content-length': '100' })}{`,
    `${head('POST', '/2015-03-31/functions', { 'content-length': '100' })}{`,
  ]) {
    const socket = await open(t, url);
    socket.write(started);
    t.regex(String(await buffer(socket)), /^HTTP\/1\.1 408 .*x-amzn-ErrorType: RequestTimeoutException/s);
  }
  t.is(engine.calls.invoke.length, 0);
});

test('a chunked payload is counted as it comes in', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  const megabyte = Buffer.alloc(1024 * 1024, 0x20);
  const send = (megabytes: number) =>
    fetch(url + path(), { method: 'POST', duplex: 'half', body: Readable.from(Array(megabytes).fill(megabyte)) });
  t.is((await send(6)).status, 200);
  t.is(engine.calls.invoke[0]?.payload?.length, limits.requestPayloadBytesMax);
  const refused = await send(8);
  t.is(refused.status, 413);
  t.regex(await refused.text(), /for the InvokeFunction operation/);
  t.is(engine.calls.invoke.length, 1);
});

test('a bug of ours during an invocation is reported under the id that the client got', async (t) => {
  const engine = scriptedEngine('f');
  const bug = new Error('secret detail');
  engine.onInvoke = async () => {
    throw bug;
  };
  const reported: unknown[] = [];
  const server = createServer({ engine, onUnexpected: (error, id) => reported.push([error, id]) });
  t.teardown(() => server.close());
  const { status, headers, text } = await post((await server.listen({ host: '127.0.0.1', port: 0 })) + path(), '{}');
  t.is(status, 500);
  t.deepEqual(JSON.parse(text), { Type: 'Service', Message: 'An internal error occurred.' });
  t.deepEqual(reported, [[bug, headers.get('x-amzn-requestid')]]);
});

test('a request line is an Invoke or it is not', (t) => {
  const invocations = '/2015-03-31/functions/f/invocations';
  for (const [url, expected] of [
    [invocations, { functionName: 'f', qualifier: undefined }],
    [`${invocations}/`, { functionName: 'f', qualifier: undefined }],
    [`${invocations}?Qualifier=%24LATEST`, { functionName: 'f', qualifier: '$LATEST' }],
    [`${invocations}/?a=b&Qualifier=1`, { functionName: 'f', qualifier: '1' }],
    ['/2015-03-31/functions/f%3A1/invocations', { functionName: 'f:1', qualifier: undefined }],
    ['/2015-03-31/functions//invocations', undefined],
    ['/2015-03-31/functions/f/invocationsX', undefined],
    ['/2015-03-31/functions/f/g/invocations', undefined],
    ['/2015-03-31/functions/f', undefined],
    ['/2015-03-31/functions/invocations', undefined],
    ['/2015-03-31/functions/%zz/invocations', undefined],
    ['/2014-11-13/functions/f/invocations', undefined],
  ] as const) {
    t.deepEqual(invokeTarget('POST', url), expected, url);
    t.is(invokeTarget('GET', url), undefined);
  }
});

test('requests that a web page could have made reach no function', async (t) => {
  const engine = scriptedEngine('f');
  const url = await listening(t, engine);
  const { status, headers } = await post(url + path(), '{}', { origin: 'https://evil.example' });
  t.is(status, 403);
  t.is(headers.get('x-amzn-errortype'), 'AccessDeniedException');
  t.is(engine.calls.invoke.length, 0);
});

test('closing lets a running invocation be answered and ends idle connections', async (t) => {
  const engine = scriptedEngine('f');
  const started = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  engine.onInvoke = async () => {
    started.resolve();
    await mayEnd.promise;
    return answer('"late"');
  };
  const server = createServer({ engine });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const running = post(url + path(), '{}');
  const idle = await open(t, url);
  await started.promise;
  const closed = server.close();
  await once(idle, 'close');
  mayEnd.resolve();
  t.is((await running).text, '"late"');
  await closed;
  await server.close();
  await t.throwsAsync(post(url + path(), '{}'));
});

test('a port that is taken is named with its host', async (t) => {
  const other = createTcpServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await using server = createServer({ engine: scriptedEngine() });
  const error = await t.throwsAsync(server.listen({ host: '127.0.0.1', port }), { instanceOf: EngineError });
  t.is(error.code, 'PortInUse');
  t.regex(error.message, new RegExp(`port ${port} on 127\\.0\\.0\\.1`));
});

for (const host of ['0.0.0.0', 'host.docker.internal', '::', '192.168.1.2', 'example.com', '']) {
  test(`listening on '${host}' is refused while there are no credentials`, async (t) => {
    await using server = createServer({ engine: scriptedEngine() });
    const error = await t.throwsAsync(server.listen({ host, port: 0 }), { instanceOf: EngineError });
    t.is(error.code, 'InvalidParameterValueException');
    t.true(error.message.includes(JSON.stringify(host)));
  });
}

async function open(t: ExecutionContext, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {
    // A reset by the server is a legal end; the assertions look at what came before it.
  });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function head(method: string, target: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('')}\r\n`;
}
