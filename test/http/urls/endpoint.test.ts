/** The server's side of function URLs, over real sockets: who gets in, what is answered, and what a hostile client or function achieves. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { FunctionUrls } from '../../../src/functions/registry.ts';
import { createServer, type ServerOptions } from '../../../src/http/server.ts';
import { AccessKeys } from '../../../src/http/signature/access-keys.ts';
import { EngineError } from '../../../src/model/errors.ts';
import { FunctionError } from '../../../src/model/function-error.ts';
import type { FunctionUrlConfig } from '../../../src/model/function-url.ts';
import { limits } from '../../../src/model/limits.ts';
import { createFakeClock } from '../../fixtures/fake-clock.ts';
import { answer, type ScriptedEngine, scriptedEngine } from '../scripted-engine.ts';
import { accessKey, type Signing, signed, type Unsigned } from '../signature/signing.ts';

const urlId = 'abcdefghijklmnopqrstuvwxyz234567';
const host = `${urlId}.lambda-url.localhost`;
const everybody = {
  Sid: 's',
  Effect: 'Allow',
  Principal: '*',
  Action: 'lambda:InvokeFunctionUrl',
  Resource: 'f',
} as const;

type Found = NonNullable<ReturnType<FunctionUrls['find']>>;

interface Site {
  readonly engine: ScriptedEngine;
  readonly port: number;
  readonly unexpected: unknown[];
  /** Undefined: it is gone. */
  url: Found | undefined;
}

async function site(
  t: ExecutionContext,
  more: Partial<FunctionUrlConfig> = {},
  options: Partial<ServerOptions> = {},
): Promise<Site> {
  const scripted = scriptedEngine('f');
  const config: FunctionUrlConfig = {
    urlId,
    authType: 'NONE',
    invokeMode: 'BUFFERED',
    creationTime: '',
    lastModifiedTime: '',
    ...more,
  };
  const unexpected: unknown[] = [];
  const made = {
    unexpected,
    url: { functionName: 'f', qualifier: undefined, config, statements: [everybody] } as Found | undefined,
  };
  const find = (id: string): Found | undefined => (id === urlId ? made.url : undefined);
  const engine = Object.assign(scripted, {
    functions: { ...scripted.functions, urls: { ...scripted.functions.urls, find } },
  });
  const server = createServer({ engine, onUnexpected: (error) => unexpected.push(error), ...options });
  t.teardown(() => server.close());
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  return Object.assign(made, { engine, port: Number(port) });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function send(
  { port }: Site,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: { host: `${host}:${port}`, ...headers },
    agent: false,
  });
  request.end(body);
  const [response] = await once(request, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Bytes there, bytes back, until the server closes. */
async function raw({ port }: Site, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const answered = await buffer(socket);
  return answered.toString('latin1');
}

const json = (value: unknown) => answer(JSON.stringify(value));
const eventOf = ({ engine }: Site) => JSON.parse(String(engine.calls.invoke.at(-1)?.payload));

test('a request becomes an event, and what the function answers the response', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async () =>
    json({ statusCode: 201, headers: { 'x-a': 'b' }, cookies: ['c=d', 'e=f'], body: 'made' });
  const answered = await send(at, '/a/..//b%2F?x=1', {
    method: 'PUT',
    headers: { 'content-type': 'text/plain' },
    body: 'text',
  });
  t.like(answered, { status: 201, body: 'made' });
  t.like(answered.headers, {
    'x-a': 'b',
    'set-cookie': ['c=d', 'e=f'],
    'content-length': '4',
    'content-type': 'application/json',
  });
  t.like(eventOf(at), { rawPath: '/a/..//b%2F', rawQueryString: 'x=1', body: 'text' });
  const [call] = at.engine.calls.invoke;
  t.is(call?.functionName, 'f');
  t.false('qualifier' in (call ?? {}));
  t.is(answered.headers['x-amzn-requestid'], call?.requestId);
  t.is(eventOf(at).requestContext.requestId, call?.requestId);
});

test('the URL of an alias invokes the alias', async (t) => {
  const at = await site(t);
  if (at.url !== undefined) at.url = { ...at.url, qualifier: 'prod' };
  await send(at, '/');
  t.is(at.engine.calls.invoke[0]?.qualifier, 'prod');
});

test('every method reaches the function; HEAD, 204 and 304 have no body', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async ({ payload }) => {
    const { rawPath, requestContext } = JSON.parse(String(payload));
    return json({ statusCode: Number(rawPath.slice(1)), body: requestContext.http.method });
  };
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT', 'TRACE']) {
    t.like(await send(at, '/200', { method }), { status: 200, body: method });
  }
  const head = await send(at, '/200', { method: 'HEAD' });
  t.is(head.body, '');
  t.is(head.headers['content-length'], '4');
  for (const status of [204, 304]) {
    const empty = await send(at, `/${status}`);
    t.like(empty, { status, body: '' });
    t.is(empty.headers['content-length'], undefined);
    t.is(empty.headers['transfer-encoding'], undefined);
  }
  t.is((await send(at, '/205')).headers['content-length'], '0');
});

test('a function that fails, or answers what is no response, is a 502', async (t) => {
  const at = await site(t);
  const answers = [
    async () => answer('{"errorType":"E"}', { functionError: 'Unhandled' }),
    async () => json({ statusCode: 101 }),
    async () => json({ statusCode: 200, headers: { a: 'b\r\nc: d' } }),
    async () => Promise.reject(new EngineError('SandboxLost', 'lost')),
  ];
  for (const onInvoke of answers) {
    at.engine.onInvoke = onInvoke;
    const failed = await send(at, '/');
    t.like(failed, { status: 502, body: 'Internal Server Error' });
    t.is(failed.headers['content-type'], 'application/json');
    t.truthy(failed.headers['x-amzn-requestid']);
  }
  t.deepEqual(at.unexpected, []);
  at.engine.onInvoke = async () => Promise.reject(new Error('a bug'));
  t.is((await send(at, '/')).status, 502);
  t.is(at.unexpected.length, 1);
});

test('a throttle is a 429, and a function that is not ready a 503', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async () => Promise.reject(new EngineError('TooManyRequestsException', 'Rate Exceeded.'));
  const throttled = await send(at, '/');
  t.like(throttled, { status: 429, body: '{"Message":"Rate Exceeded."}' });
  t.is(throttled.headers['x-amzn-errortype'], 'TooManyRequestsException');
  at.engine.onInvoke = async () => Promise.reject(new EngineError('ResourceConflictException', 'Pending'));
  t.is((await send(at, '/')).status, 503);
});

const forbidden =
  '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}';

test('a URL that is nobody’s, was somebody’s, or lets nobody in, is a 403', async (t) => {
  const at = await site(t);
  const never = await send(at, '/', { headers: { host: '0123456789abcdefghijklmnopqrstuv.lambda-url.localhost' } });
  t.like(never, { status: 403, body: '{"Message":null}' });
  t.like(never.headers, { 'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException' });
  const gone = await send(at, '/', { headers: { host: `${'a'.repeat(32)}.lambda-url.localhost` } });
  t.like(gone, { status: 403, body: forbidden });
  const { url } = at;
  if (url !== undefined) at.url = { ...url, statements: [] };
  t.like(await send(at, '/'), { status: 403, body: forbidden });
  if (url !== undefined) at.url = { ...url, config: { ...url.config, authType: 'AWS_IAM' } };
  t.like(await send(at, '/'), { status: 403, body: forbidden });
  t.deepEqual(at.engine.calls.invoke, []);
});

test('a URL of AWS_IAM takes requests that are signed with a key of the server', async (t) => {
  const clock = createFakeClock({ epochMs: Date.now() });
  const signatures = { keys: new AccessKeys([accessKey]), clock };
  const at = await site(t, { authType: 'AWS_IAM' }, { signatures });
  const name = `${host}:${at.port}`;
  const sent = async (unsigned: Unsigned, signing: Signing = {}) => {
    const { rawHeaders, url } = await signed({ ...unsigned, headers: { host: name, ...unsigned.headers } }, signing);
    const headers: Record<string, string> = {};
    for (let index = 0; index < rawHeaders.length; index += 2)
      headers[rawHeaders[index] ?? ''] = rawHeaders[index + 1] ?? '';
    return await send(at, url ?? '', { headers, method: unsigned.method ?? 'GET', body: unsigned.body ?? '' });
  };
  at.engine.onInvoke = async () => json('signed');
  const text = { 'content-type': 'text/plain' };
  t.is((await sent({ method: 'POST', path: '/a', query: { b: 'c' }, headers: text, body: 'body' })).body, 'signed');
  t.like(eventOf(at), { rawPath: '/a', body: 'body' });
  t.like(eventOf(at).requestContext, { accountId: '000000000000' });
  t.like(eventOf(at).requestContext.authorizer.iam, { accessKey: accessKey.accessKeyId, accountId: '000000000000' });
  t.is((await sent({ path: `/_isotherm/url/${urlId}/b`, headers: { host: `127.0.0.1:${at.port}` } })).body, 'signed');
  const { length } = at.engine.calls.invoke;

  t.like(await send(at, '/'), { status: 403, body: forbidden });
  const wrong = await sent({}, { key: { ...accessKey, secretAccessKey: 'another' } });
  t.is(wrong.status, 403);
  t.is(wrong.headers['x-amzn-errortype'], 'InvalidSignatureException');
  t.is((await sent({}, { service: 's3' })).status, 403);
  t.is((await sent({}, { key: { ...accessKey, accessKeyId: 'AKIDUNKNOWN' } })).status, 403);
  t.is((await send(at, '/', { headers: { authorization: 'Bearer x' } })).status, 403);
  t.is(at.engine.calls.invoke.length, length);
  t.deepEqual(at.unexpected, []);
});

test('a server with keys keeps its API shut and an open URL open', async (t) => {
  const signatures = { keys: new AccessKeys([accessKey]), clock: createFakeClock({ epochMs: Date.now() }) };
  const at = await site(t, {}, { signatures });
  at.engine.onInvoke = async () => json('open');
  t.is((await send(at, '/', { headers: { authorization: "Bearer of the function's own" } })).body, 'open');
  t.is(eventOf(at).headers.authorization, "Bearer of the function's own");
  t.is((await send(at, `/_isotherm/url/${urlId}/`, { headers: { host: 'machine.example' } })).body, 'open');
  t.is((await send(at, '/2015-03-31/functions', { headers: { host: '127.0.0.1' } })).status, 403);
});

test('a function that is deleted while its request comes in, or runs, is no failure of the server', async (t) => {
  const at = await site(t);
  const socket = connect(at.port, '127.0.0.1');
  socket.write(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n`);
  // An answer on another connection says that the server has seen the first.
  await send(at, '/');
  at.url = undefined;
  socket.write('{}');
  t.regex(await text(socket), /^HTTP\/1\.1 403 .*Forbidden\. For/s);

  const again = await site(t);
  again.engine.onInvoke = async () =>
    Promise.reject(new EngineError('ResourceNotFoundException', 'Function not found: f'));
  t.like(await send(again, '/'), { status: 403, body: forbidden });
});

test('a Host that only looks like a URL’s is refused, and nothing runs', async (t) => {
  const at = await site(t);
  for (const name of [
    `${host}.evil.com`,
    `${host}.`,
    `${host}:9001.evil.com`,
    'evil.lambda-url.example.com',
    `x.${host}`,
  ]) {
    const { status, body } = await send(at, '/2015-03-31/functions/f/invocations', {
      method: 'POST',
      headers: { host: name },
      body: '{}',
    });
    t.is(status, 403, name);
    t.regex(body, /Host must name this machine/, name);
  }
  t.deepEqual(at.engine.calls.invoke, []);
});

test('behind a URL’s name there is no API, and the API has no URL', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async () => json('from the function');
  for (const path of [
    '/2015-03-31/functions',
    '/2015-03-31/functions/other/invocations',
    '/metrics',
    '/healthz',
    `/_isotherm/url/${urlId}/`,
  ]) {
    t.is((await send(at, path, { method: path.endsWith('s') ? 'POST' : 'GET' })).body, 'from the function', path);
    t.is(eventOf(at).rawPath, path);
  }
  t.deepEqual(at.engine.calls.list, []);
  t.is((await send(at, '/', { headers: { host: '127.0.0.1' } })).status, 404);
});

test('the path form is for programs: pages of others are refused, and what it answers is no page of ours', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async () =>
    json({
      statusCode: 200,
      headers: { 'content-type': 'text/html', 'content-security-policy': 'default-src *' },
      cookies: ['a=b'],
      body: '<script>',
    });
  const path = `/_isotherm/url/${urlId}/a?b=c`;
  const own = { host: `127.0.0.1:${at.port}` };
  const answered = await send(at, path, { headers: own });
  t.like(eventOf(at), { rawPath: '/a', rawQueryString: 'b=c', requestContext: { domainName: host } });
  t.is(answered.headers['content-security-policy'], 'default-src *, sandbox');
  t.deepEqual(answered.headers['set-cookie'], ['a=b']);
  const typed = await send(at, path, { headers: { ...own, 'sec-fetch-site': 'none' } });
  t.is(typed.headers['set-cookie'], undefined, 'a browser would send it to every port of this machine');
  for (const headers of [
    { origin: 'http://evil.com' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { host: 'evil.com' },
  ]) {
    const { status } = await send(at, path, { headers: { ...own, ...headers } });
    t.is(status, 403, JSON.stringify(headers));
  }
  t.is(at.engine.calls.invoke.length, 2);
  t.like(await send(at, '/_isotherm/url/', { headers: own }), { status: 403, body: '{"Message":null}' });
});

test('CORS is answered from the settings, without the function, also for who may not come in', async (t) => {
  const at = await site(t, { cors: { allowOrigins: ['https://a.example'], allowMethods: ['*'] } });
  const origin = { origin: 'https://a.example' };
  const asked = await send(at, '/', {
    method: 'OPTIONS',
    headers: { ...origin, 'access-control-request-method': 'PUT' },
  });
  t.like(asked, { status: 200, body: '' });
  t.like(asked.headers, {
    'access-control-allow-origin': 'https://a.example',
    'access-control-allow-methods': '*',
    'content-length': '0',
  });
  t.deepEqual(at.engine.calls.invoke, []);
  at.engine.onInvoke = async () => json({ statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' }, body: '' });
  t.is((await send(at, '/', { headers: origin })).headers['access-control-allow-origin'], 'https://a.example');
  t.is(
    (await send(at, '/', { headers: { origin: 'https://b.example' } })).headers['access-control-allow-origin'],
    undefined,
  );
  at.engine.onInvoke = async () => answer('{}', { functionError: 'Unhandled' });
  t.is((await send(at, '/', { headers: origin })).headers['access-control-allow-origin'], 'https://a.example');
});

test('without CORS settings the function answers browsers itself', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async () => json({ statusCode: 204, headers: { 'access-control-allow-origin': '*' } });
  const headers = {
    origin: 'https://a.example',
    'access-control-request-method': 'PUT',
    'sec-fetch-site': 'cross-site',
  };
  const answered = await send(at, '/', { method: 'OPTIONS', headers });
  t.is(answered.status, 204);
  t.is(answered.headers['access-control-allow-origin'], '*');
});

test('a trace id is the client’s; without one the event has a new one, and the invocation none', async (t) => {
  const at = await site(t, {}, { clock: createFakeClock({ epochMs: 0x65_00_00_00 * 1_000 }) });
  await send(at, '/', { headers: { 'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1' } });
  t.is(at.engine.calls.invoke[0]?.traceId, 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1');
  for (const given of ['x'.repeat(5_000), 'a b']) {
    await send(at, '/', { headers: { 'x-amzn-trace-id': given } });
    t.regex(eventOf(at).headers['x-amzn-trace-id'], /^Root=1-65000000-[0-9a-f]{24}$/);
    t.false('traceId' in (at.engine.calls.invoke.at(-1) ?? {}));
  }
});

test('a body over 6 MB is a 413, announced or not, and is not kept', async (t) => {
  const at = await site(t);
  const size = limits.requestPayloadBytesMax + 1;
  const announced = await raw(
    at,
    `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${size}\r\nconnection: close\r\n\r\n`,
  );
  t.regex(announced, /^HTTP\/1\.1 413 .*x-amzn-ErrorType: RequestEntityTooLargeException/s);
  const chunked = await send(at, '/', {
    method: 'POST',
    headers: { 'transfer-encoding': 'chunked' },
    body: Buffer.alloc(size),
  });
  t.is(chunked.status, 413);
  t.deepEqual(at.engine.calls.invoke, []);
});

test('headers over the limit, and requests that are none, never reach a function', async (t) => {
  const at = await site(t);
  const huge = await raw(at, `GET / HTTP/1.1\r\nhost: ${host}\r\nx: ${'y'.repeat(limits.httpHeaderBytesMax)}\r\n\r\n`);
  t.regex(huge, /^HTTP\/1\.1 431 /);
  for (const target of ['*', `http://${host}/`, 'http://127.0.0.1/2015-03-31/functions']) {
    const method = target === '*' ? 'OPTIONS' : 'GET';
    const refused = await raw(at, `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    t.regex(refused, /^HTTP\/1\.1 403 /, target);
  }
  const smuggled = await raw(
    at,
    `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  );
  t.regex(smuggled, /^HTTP\/1\.1 400 /);
  t.deepEqual(at.engine.calls.invoke, []);
});

test('a client that sends its body too slowly is cut, and nothing runs', async (t) => {
  const at = await site(t, {}, { timeouts: { headersMs: 100, requestMs: 100 } });
  const answered = await raw(at, `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 100\r\n\r\n{`);
  t.regex(answered, /^HTTP\/1\.1 408 /);
  t.deepEqual(at.engine.calls.invoke, []);
});

test('one connection takes requests to the API and to URLs in turns', async (t) => {
  const at = await site(t);
  at.engine.onInvoke = async ({ payload }) => json(JSON.parse(String(payload)).rawPath ?? 'invoked');
  const ask = (line: string, name: string, last = false) =>
    `${line} HTTP/1.1\r\nhost: ${name}\r\ncontent-length: 2\r\n${last ? 'connection: close\r\n' : ''}\r\n{}`;
  const invocation = 'POST /2015-03-31/functions/f/invocations';
  const answered = await raw(
    at,
    ask('POST /one', host) +
      ask(invocation, '127.0.0.1') +
      ask('POST /two', host) +
      ask(invocation, host) +
      ask('GET /healthz', 'localhost', true),
  );
  const bodies = answered
    .split(/HTTP\/1\.1 200 OK\r\n/)
    .slice(1)
    .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4));
  t.deepEqual(bodies, ['/one', '"invoked"', '/two', '/2015-03-31/functions/f/invocations', '{"status":"ok"}']);
});

test('a server that closes lets a request to a URL end', async (t) => {
  const at = await site(t);
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  at.engine.onInvoke = async () => {
    start();
    await finished;
    return json('done');
  };
  const server = createServer({ engine: at.engine });
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const answering = send({ ...at, port: Number(port) }, '/');
  await started;
  const closed = server.close();
  finish();
  const answered = await answering;
  t.is(answered.body, 'done');
  t.is(answered.headers.connection, 'close');
  await closed;
});

const streaming = { invokeMode: 'RESPONSE_STREAM' } as const;
const preludeType = 'application/vnd.awslambda.http-integration-response';
const done = Promise.resolve({});

function streamed(stream: ReadableStream<Uint8Array>, contentType = 'text/plain') {
  return async () => ({ statusCode: 200, requestId: '', contentType, stream, done }) as const;
}

test('a streamed answer arrives as it is written', async (t) => {
  const at = await site(t, streaming);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  at.engine.onInvokeStream = streamed(readable, preludeType);
  const request = httpRequest({ host: '127.0.0.1', port: at.port, path: '/a', headers: { host }, agent: false }).end();
  void writer.write(Buffer.from('{"statusCode":202,"headers":{"content-type":"text/event-stream"},"cookies":["a=b"]}'));
  void writer.write(Buffer.alloc(8));
  void writer.write(Buffer.from('one'));
  const [response] = await once(request, 'response');
  t.is(response.statusCode, 202);
  t.like(response.headers, {
    'content-type': 'text/event-stream',
    'set-cookie': ['a=b'],
    'transfer-encoding': 'chunked',
  });
  t.is(response.headers['x-amzn-requestid'], at.engine.calls.invokeStream[0]?.requestId);
  const [first] = await once(response, 'data');
  t.is(String(first), 'one');
  void writer.write(Buffer.from('two'));
  const [second] = await once(response, 'data');
  t.is(String(second), 'two');
  await writer.close();
  t.is(await text(response), '');
  t.deepEqual(at.engine.calls.invoke, []);
});

test('a streaming function that fails at once is a 502; later its answer has no end', async (t) => {
  const at = await site(t, streaming);
  const failure = new FunctionError({ errorType: 'E', errorMessage: 'm', trace: [], requestId: 'r' });
  const failing = (pieces: readonly string[]) => {
    const left = [...pieces];
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const piece = left.shift();
          if (piece === undefined) controller.error(failure);
          else controller.enqueue(Buffer.from(piece));
        },
      },
      { highWaterMark: 0 },
    );
  };
  at.engine.onInvokeStream = streamed(failing([]));
  t.like(await send(at, '/'), { status: 502, body: 'Internal Server Error' });
  at.engine.onInvokeStream = streamed(failing(['{"status']), preludeType);
  t.like(await send(at, '/'), { status: 502, body: 'Internal Server Error' });
  at.engine.onInvokeStream = streamed(failing(['part']));
  await t.throwsAsync(send(at, '/'), { code: 'ECONNRESET' });
  at.engine.onInvokeStream = async () => Promise.reject(new EngineError('TooManyRequestsException', 'Rate Exceeded.'));
  t.is((await send(at, '/')).status, 429);
  t.deepEqual(at.unexpected, []);
});

/** More than any socket takes, and what became of it. */
function endless() {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  const stream = new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(Buffer.alloc(64 * 1024)), cancel: resolve },
    { highWaterMark: 0 },
  );
  return { stream, cancelled };
}

test('nobody reads on for a client that leaves, or that wants no body', async (t) => {
  const at = await site(t, streaming);
  const left = endless();
  at.engine.onInvokeStream = streamed(left.stream);
  const request = httpRequest({ host: '127.0.0.1', port: at.port, headers: { host }, agent: false }).end();
  const [response] = await once(request, 'response');
  response.destroy();
  await left.cancelled;

  const head = endless();
  at.engine.onInvokeStream = streamed(head.stream);
  t.is((await send(at, '/', { method: 'HEAD' })).status, 200);
  await head.cancelled;

  const impossible = endless();
  at.engine.onInvokeStream = streamed(impossible.stream, 'a\nb');
  t.is((await send(at, '/')).status, 502);
  await impossible.cancelled;
  t.deepEqual(at.unexpected, []);
});

test('a client that does not read is cut, and the function need not wait for it', async (t) => {
  const clock = createFakeClock();
  const at = await site(t, streaming, { clock });
  const { stream, cancelled } = endless();
  at.engine.onInvokeStream = streamed(stream);
  const socket = connect(at.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  while (clock.timersArmed === 0) await setImmediate();
  clock.advance(limits.httpPieceTimeoutMs);
  await cancelled;
  t.is(clock.timersArmed, 0);
});
