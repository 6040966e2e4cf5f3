/** Web applications behind function URLs, as people write them, and functions that answer what they should not. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigRequest,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  LambdaClient,
  paginateListFunctionUrlConfigs,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import test from 'ava';
import { createServer } from '../../src/http/server.ts';
import { createEngine } from '../../src/index.ts';
import { functionDirectory } from '../fixtures/function-directory.ts';

const engine = await createEngine();
const server = createServer({ engine });
const endpoint = await server.listen({ host: '127.0.0.1', port: 0 });
const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
const client = new LambdaClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });

test.after.always(async () => {
  client.destroy();
  await server.close();
  await engine.close();
});

/** The URL of a function, or of an alias, that everybody may use. */
async function publicUrl(
  FunctionName: string,
  settings: Partial<CreateFunctionUrlConfigRequest> = {},
): Promise<string> {
  const { Qualifier } = settings;
  const named = { FunctionName, ...(Qualifier !== undefined && { Qualifier }) };
  const created = await client.send(new CreateFunctionUrlConfigCommand({ ...named, AuthType: 'NONE', ...settings }));
  const { FunctionUrl = '' } = created;
  await client.send(
    new AddPermissionCommand({
      ...named,
      StatementId: 'url',
      Action: 'lambda:InvokeFunctionUrl',
      Principal: '*',
      FunctionUrlAuthType: 'NONE',
    }),
  );
  return FunctionUrl;
}

async function deployed(
  functionName: string,
  source: string,
  packages: readonly string[] = [],
  settings: Partial<CreateFunctionUrlConfigRequest> = {},
): Promise<string> {
  await engine.createFunction({
    functionName,
    code: { directory: functionDirectory({ files: { 'index.mjs': source }, packages }) },
    memorySize: 256,
    timeout: 20,
  });
  return publicUrl(functionName, settings);
}

interface Options {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** To loopback whatever resolves here: names below `localhost` are known to browsers and curl, not to every resolver. */
async function send(url: string, { method = 'GET', headers = {}, body }: Options = {}): Promise<Answer> {
  const { host, port, pathname, search } = new URL(url);
  const options = { host: '127.0.0.1', port, path: pathname + search, method, headers: { host, ...headers } };
  const request = httpRequest(options);
  request.end(body);
  const [response] = await once(request, 'response');
  const bytes = await buffer(response);
  return { status: response.statusCode, headers: response.headers, bytes, text: bytes.toString() };
}

const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const apps = {
  hono: {
    packages: ['hono'],
    source: `import { Hono } from 'hono';
      import { handle } from 'hono/aws-lambda';
      import { getCookie, setCookie } from 'hono/cookie';
      const app = new Hono();
      app.get('/hello/:name', (c) => c.json({ name: c.req.param('name'), many: c.req.queries('q') ?? [], agent: c.req.header('user-agent') }));
      app.post('/form', async (c) => c.json(await c.req.parseBody()));
      app.post('/bytes', async (c) => c.body(await c.req.arrayBuffer(), 200, { 'content-type': 'application/octet-stream' }));
      app.get('/cookies', (c) => { setCookie(c, 'a', '1', { httpOnly: true }); setCookie(c, 'b', '2'); return c.text(getCookie(c, 'seen') ?? 'none'); });
      app.get('/moved', (c) => c.redirect('/hello/there'));
      app.delete('/thing', (c) => c.body(null, 204));
      app.notFound((c) => c.text('nothing here', 404));
      export const handler = handle(app);`,
  },
  express: {
    packages: ['express', 'serverless-http'],
    source: `import express from 'express';
      import serverless from 'serverless-http';
      const app = express();
      app.get('/hello/:name', (req, res) => res.json({ name: req.params.name, many: String(req.query.q ?? '').split(',').filter(Boolean), agent: req.get('user-agent') }));
      app.post('/form', express.urlencoded(), (req, res) => res.json(req.body));
      app.post('/bytes', express.raw({ type: '*/*' }), (req, res) => res.type('application/octet-stream').send(req.body));
      app.get('/cookies', (req, res) => { res.cookie('a', '1', { httpOnly: true }).cookie('b', '2').type('text/plain').send(/seen=(\\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? 'none'); });
      app.get('/moved', (req, res) => res.redirect('/hello/there'));
      app.delete('/thing', (req, res) => res.status(204).end());
      app.use((req, res) => res.status(404).type('text/plain').send('nothing here'));
      export const handler = serverless(app, { binary: ['application/octet-stream'] });`,
  },
};

for (const [name, { packages, source }] of Object.entries(apps)) {
  test(`an app of ${name} answers plain HTTP clients`, async (t) => {
    const url = await deployed(name, source, packages);
    const hello = await send(`${url}hello/Ada%20L?q=1&q=2`, { headers: { 'user-agent': 'plain' } });
    t.is(hello.status, 200, hello.text);
    t.deepEqual(JSON.parse(hello.text), { name: 'Ada L', many: ['1', '2'], agent: 'plain' });

    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const posted = await send(`${url}form`, { method: 'POST', headers: form, body: 'a=1&b=%C3%A9' });
    t.deepEqual(JSON.parse(posted.text), { a: '1', b: 'é' });

    const octets = { 'content-type': 'application/octet-stream' };
    const echoed = await send(`${url}bytes`, { method: 'POST', headers: octets, body: binary });
    t.deepEqual(echoed.bytes, binary);
    t.regex(echoed.headers['content-type'] ?? '', /^application\/octet-stream/);

    const cookies = await send(`${url}cookies`, { headers: { cookie: 'other=1; seen=yes' } });
    t.is(cookies.text, 'yes');
    t.deepEqual(cookies.headers['set-cookie'], ['a=1; Path=/; HttpOnly', 'b=2; Path=/']);

    const moved = await send(`${url}moved`);
    t.is(moved.status, 302);
    t.is(moved.headers.location, '/hello/there');
    t.like(await send(`${url}thing`, { method: 'DELETE' }), { status: 204, text: '' });
    t.like(await send(`${url}nowhere/at/all`), { status: 404, text: 'nothing here' });
    t.like(await send(`${url}nowhere`, { method: 'HEAD' }), { status: 404, text: '' });
  });
}

const answers = `import { once } from 'node:events';
  export const handler = async (event, context) => {
    switch (event.rawPath) {
      case '/id': return { event: event.requestContext.requestId, context: context.awsRequestId, arn: context.invokedFunctionArn, trace: process.env._X_AMZN_TRACE_ID };
      case '/big': return 'x'.repeat(10 * 1024 * 1024);
      case '/split': return { statusCode: 200, headers: { 'x-a': 'b\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n' }, body: '' };
      case '/throw': throw new Error('no');
      case '/exit': process.exit(1);
      default: return 'here';
    }
  };`;

test('what a function should not answer is a 502, and the next request is served', async (t) => {
  const url = await deployed('answers', answers);
  for (const path of ['big', 'split', 'throw', 'exit']) {
    t.like(await send(url + path), { status: 502, text: 'Internal Server Error' }, path);
    t.like(await send(url), { status: 200, text: 'here' }, path);
  }
});

test('event, context, answer and trace name one invocation', async (t) => {
  const url = await deployed('named', answers);
  const headers = { 'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793' };
  const { text, headers: answered } = await send(`${url}id`, { headers });
  const { event, context, arn, trace } = JSON.parse(text);
  t.is(event, context);
  t.is(answered['x-amzn-requestid'], context);
  t.is(trace, headers['x-amzn-trace-id']);
  t.is(arn, 'arn:aws:lambda:us-east-1:000000000000:function:named');
});

test('a streaming handler behind a buffering URL answers in one piece', async (t) => {
  const source = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
      const out = awslambda.HttpResponseStream.from(stream, { statusCode: 203, headers: { 'content-type': 'text/plain', 'x-a': 'b' }, cookies: ['c=d'] });
      for (const part of ['one ', 'two ', 'three']) { out.write(part); await new Promise((resolve) => setTimeout(resolve, 5)); }
      out.end();
    });`;
  const answered = await send(await deployed('streams', source));
  t.like(answered, { status: 203, text: 'one two three' });
  t.like(answered.headers, { 'content-type': 'text/plain', 'x-a': 'b', 'set-cookie': ['c=d'], 'content-length': '13' });
});

test('URLs come, change and go with the SDK; the one of an alias goes with the alias', async (t) => {
  const FunctionName = 'managed';
  const url = await deployed(FunctionName, answers);
  await engine.publishVersion({ functionName: FunctionName });
  await engine.functions.aliases.create({ functionName: FunctionName, name: 'prod', functionVersion: '1' });
  const prod = await publicUrl(FunctionName, { Qualifier: 'prod' });
  t.regex((await send(`${prod}id`)).text, /function:managed:prod"/);
  const listed: (string | undefined)[] = [];
  for await (const { FunctionUrlConfigs = [] } of paginateListFunctionUrlConfigs(
    { client, pageSize: 1 },
    { FunctionName },
  )) {
    listed.push(...FunctionUrlConfigs.map(({ FunctionUrl }) => FunctionUrl));
  }
  t.deepEqual(listed, [url, prod]);

  await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, Cors: { AllowOrigins: ['*'], MaxAge: 9 } }));
  const { Cors } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
  t.deepEqual(Cors, { AllowOrigins: ['*'], MaxAge: 9 });
  const crossed = await send(url, { headers: { origin: 'http://page.example' } });
  t.is(crossed.headers['access-control-allow-origin'], '*');
  await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM' }));
  t.is((await send(url)).status, 403);

  await client.send(new DeleteAliasCommand({ FunctionName, Name: 'prod' }));
  const gone = await send(prod);
  t.is(gone.status, 403);
  t.is(gone.headers['x-amzn-errortype'], 'AccessDeniedException');
  t.regex(gone.text, /^\{"Message":"Forbidden\. For troubleshooting Function URL/);
  await client.send(new DeleteFunctionUrlConfigCommand({ FunctionName }));
  t.is((await send(url)).status, 403);
});

test('a function that is deleted while it runs still answers', async (t) => {
  const source = `import { started, mayEnd } from 'isotherm:bindings';
    export const handler = async () => { await started(); await mayEnd(); return 'to the end'; };`;
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  await engine.createFunction({
    functionName: 'leaving',
    code: { source },
    timeout: 20,
    bindings: { started: async () => start(), mayEnd: async () => finished },
  });
  const url = await publicUrl('leaving');
  const answering = send(url);
  await started;
  await client.send(new DeleteFunctionCommand({ FunctionName: 'leaving' }));
  finish();
  t.like(await answering, { status: 200, text: 'to the end' });
  t.is((await send(url)).status, 403);
});

const streamed = { InvokeMode: 'RESPONSE_STREAM' } as const;

test('a streaming app of hono behind a streaming URL: the client reads while it is written', async (t) => {
  const source = `import { Hono } from 'hono';
    import { stream } from 'hono/streaming';
    import { streamHandle } from 'hono/aws-lambda';
    import { proceed } from 'isotherm:bindings';
    const app = new Hono();
    app.get('/parts', (c) => stream(c, async (out) => {
      c.header('x-a', 'b');
      await out.write('first');
      await proceed();
      await out.write(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 255]));
    }));
    app.get('/json', (c) => c.json({ q: c.req.query('q') }, 201));
    app.delete('/thing', (c) => c.body(null, 204));
    export const handler = streamHandle(app);`;
  const { promise: read, resolve: proceed } = Promise.withResolvers<void>();
  await engine.createFunction({
    functionName: 'hono-streams',
    code: { directory: functionDirectory({ files: { 'index.mjs': source }, packages: ['hono'] }) },
    memorySize: 256,
    timeout: 20,
    bindings: { proceed: async () => read },
  });
  const url = await publicUrl('hono-streams', streamed);
  const { host, port } = new URL(url);
  const request = httpRequest({ host: '127.0.0.1', port, path: '/parts', headers: { host } }).end();
  const [response] = await once(request, 'response');
  const [first] = await once(response, 'data');
  t.is(String(first), 'first');
  t.is(response.headers['transfer-encoding'], 'chunked');
  // Only now may it write the rest.
  proceed();
  t.deepEqual(await buffer(response), Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 255]));

  const json = await send(`${url}json?q=1`);
  t.like(json, { status: 201, text: '{"q":"1"}' });
  t.is(json.headers['content-type'], 'application/json');
  t.like(await send(`${url}thing`, { method: 'DELETE' }), { status: 204, text: '' });
  t.is((await send(`${url}nowhere`)).status, 404);
});

test('behind a streaming URL every answer goes as it was written, and what fails in its middle has no end', async (t) => {
  const source = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
      if (event.rawPath === '/fail') throw new Error('at once');
      stream.setContentType('text/plain');
      stream.write('part');
      if (event.rawPath === '/cut') throw new Error('later');
      if (event.rawPath === '/long') for (let at = 0; at < 160; at += 1) stream.write('x'.repeat(65536));
      stream.end();
    });`;
  const url = await deployed('raw-streams', source, [], streamed);
  const whole = await send(url);
  t.like(whole, { status: 200, text: 'part' });
  t.is(whole.headers['content-type'], 'text/plain');
  t.is((await send(`${url}long`)).bytes.length, 4 + 10 * 1024 * 1024, 'more than a buffered answer may have');
  t.like(await send(`${url}fail`), { status: 502, text: 'Internal Server Error' });
  await t.throwsAsync(send(`${url}cut`), { code: 'ECONNRESET' });
  t.is((await send(url)).text, 'part');

  const plain = await deployed(
    'plain',
    'export const handler = async () => ({ statusCode: 404, body: "x" });',
    [],
    streamed,
  );
  const raw = await send(plain);
  t.like(raw, { status: 200, text: '{"statusCode":404,"body":"x"}' });
  t.is(raw.headers['content-type'], 'application/json');
});
