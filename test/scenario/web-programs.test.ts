/** Servers and clients of HTTP as people write them, within functions: on the guest's own loopback, and to servers of this machine. */
import { createServer } from 'node:http';
import anyTest, { type TestFn } from 'ava';
import { createEngine, type Engine } from '../../src/index.ts';
import { functionDirectory } from '../fixtures/function-directory.ts';

const test = anyTest as TestFn<{ engine: Engine }>;

test.before(async (t) => {
  t.context.engine = await createEngine();
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

function deploy(
  engine: Engine,
  functionName: string,
  source: string,
  options: { readonly packages?: readonly string[]; readonly allow?: readonly string[] } = {},
) {
  return engine.createFunction({
    functionName,
    code: { directory: functionDirectory({ files: { 'index.mjs': source }, packages: options.packages ?? [] }) },
    memorySize: 256,
    timeout: 20,
    network: { allow: [...(options.allow ?? [])] },
  });
}

const servers = {
  express: `import express from 'express';
    const app = express();
    app.use(express.json());
    app.post('/hello/:name', (request, response) => { response.json({ name: request.params.name, body: request.body }); });
    const server = await new Promise((resolve) => { const made = app.listen(0, '127.0.0.1', () => resolve(made)); });`,
  fastify: `import Fastify from 'fastify';
    const app = Fastify();
    app.post('/hello/:name', async (request) => ({ name: request.params.name, body: request.body }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const server = app.server;`,
  koa: `import Koa from 'koa';
    const app = new Koa();
    app.use(async (context) => {
      let body = '';
      for await (const chunk of context.req) body += chunk;
      context.body = { name: context.path.split('/').at(-1), body: JSON.parse(body) };
    });
    const server = await new Promise((resolve) => { const made = app.listen(0, '127.0.0.1', () => resolve(made)); });`,
  hono: `import { Hono } from 'hono';
    import { serve } from '@hono/node-server';
    const app = new Hono();
    app.post('/hello/:name', async (context) => context.json({ name: context.req.param('name'), body: await context.req.json() }));
    const server = await new Promise((resolve) => { const made = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made)); });`,
};

for (const [name, start] of Object.entries(servers)) {
  test(`an app of ${name} answers requests of its own function`, async (t) => {
    const call = await deploy(
      t.context.engine,
      name,
      `${start}
      export const handler = async (event) => {
        const response = await fetch('http://127.0.0.1:' + server.address().port + '/hello/ada', {
          method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event),
        });
        return [response.status, await response.json()];
      };`,
      { packages: name === 'hono' ? ['hono', '@hono/node-server'] : [name] },
    );
    const expected = [200, { name: 'ada', body: { a: 1 } }];
    t.deepEqual(await call({ a: 1 }), expected);
    t.deepEqual(await call({ a: 1 }), expected);
  });
}

test('a socket that an agent keeps survives the freeze; one that was closed meanwhile is not used again', async (t) => {
  const remotePorts: (number | undefined)[] = [];
  const server = createServer((request, response) => {
    remotePorts.push(request.socket.remotePort);
    response.end('answer');
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const call = await deploy(
    t.context.engine,
    'kept',
    `import http from 'node:http';
    const agent = new http.Agent({ keepAlive: true });
    export const handler = async ({ port, only }) => only === 'count' ? Object.values(agent.freeSockets).flat().length : new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port, agent }, async (response) => {
        let text = '';
        for await (const part of response) text += part;
        resolve(text);
      }).on('error', reject);
    });`,
    { allow: [`127.0.0.1:${port}`] },
  );
  t.is(await call({ port }), 'answer');
  t.is(await call({ port }), 'answer');
  t.is(remotePorts[0], remotePorts[1]);
  t.is(await call({ only: 'count' }), 1);
  server.closeIdleConnections();
  // The end of a connection needs a moment to come through. A handler that runs afterwards finds the socket gone.
  while ((await call({ only: 'count' })) !== 0);
  t.is(await call({ port }), 'answer');
  t.not(remotePorts[2], remotePorts[1]);
  server.closeAllConnections();
});

test('compressed answers are unpacked, whatever they are packed with', async (t) => {
  const call = await deploy(
    t.context.engine,
    'encodings',
    `import http from 'node:http';
    import zlib from 'node:zlib';
    const packers = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync, zstd: zlib.zstdCompressSync };
    export const handler = async (event) => {
      const server = http.createServer((request, response) => {
        const name = request.url.slice(1);
        response.setHeader('content-encoding', name);
        response.end(packers[name](Buffer.from('text '.repeat(1000))));
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const lengths = [];
      for (const name of Object.keys(packers)) {
        lengths.push((await (await fetch('http://127.0.0.1:' + server.address().port + '/' + name)).text()).length);
      }
      server.closeAllConnections();
      server.close();
      return lengths;
    };`,
  );
  t.deepEqual(await call({}), [5000, 5000, 5000, 5000]);
});

test('a WebSocket opens, exchanges text and bytes, and closes with its code', async (t) => {
  const call = await deploy(
    t.context.engine,
    'websocket',
    `import { WebSocketServer } from 'ws';
    export const handler = async () => {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
      server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
      await new Promise((resolve) => server.on('listening', resolve));
      const socket = new WebSocket('ws://127.0.0.1:' + server.address().port);
      socket.binaryType = 'arraybuffer';
      const seen = [];
      socket.onopen = () => socket.send('text '.repeat(1000));
      socket.onmessage = ({ data }) => {
        seen.push(typeof data === 'string' ? data.length : [...new Uint8Array(data)]);
        if (seen.length === 1) socket.send(new Uint8Array([1, 2, 3]));
        else socket.close(4001, 'enough');
      };
      const { code, reason, wasClean } = await new Promise((resolve) => { socket.onclose = resolve; });
      server.close();
      return [...seen, code, reason, wasClean];
    };`,
    { packages: ['ws'] },
  );
  t.deepEqual(await call({}), [5000, [1, 2, 3], 4001, 'enough', true]);
});

test('got, superagent and node-fetch reach a server', async (t) => {
  const call = await deploy(
    t.context.engine,
    'clients',
    `import http from 'node:http';
    import got from 'got';
    import superagent from 'superagent';
    import fetch from 'node-fetch';
    export const handler = async () => {
      const server = http.createServer(async (request, response) => {
        let body = '';
        for await (const part of request) body += part;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ method: request.method, body }));
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = 'http://127.0.0.1:' + server.address().port + '/';
      const answers = [
        await got.post(url, { json: { a: 1 } }).json(),
        (await superagent.put(url).send({ b: 2 })).body,
        await (await fetch(url, { method: 'PATCH', body: 'c' })).json(),
      ];
      server.closeAllConnections();
      server.close();
      return answers;
    };`,
    { packages: ['got', 'superagent', 'node-fetch'] },
  );
  t.deepEqual(await call({}), [
    { method: 'POST', body: '{"a":1}' },
    { method: 'PUT', body: '{"b":2}' },
    { method: 'PATCH', body: 'c' },
  ]);
});
