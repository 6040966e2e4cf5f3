/** Node's own fetch, over the guest's loopback. */
import test from 'ava';
import { GuestRunner, nodeAnswer } from './harness.ts';

let runner: GuestRunner;
test.before(async () => {
  runner = await GuestRunner.start();
});
test.after.always(() => runner[Symbol.asyncDispose]());

/** A function that gets `base`, the address of a server whose requests go to `serve`. */
function program(serve: string, work: string): string {
  return `
    const http = require('http');
    const read = async (stream) => { const chunks = []; for await (const chunk of stream) chunks.push(chunk); return Buffer.concat(chunks); };
    exports.handler = async () => {
      const server = http.createServer(async (request, response) => { ${serve} });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const base = 'http://127.0.0.1:' + server.address().port;
      try { ${work} } finally { server.closeAllConnections(); server.close(); }
    };`;
}

const echo = `
  const body = await read(request);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ method: request.method, url: request.url, type: request.headers['content-type'], body: String(body) }));`;

test('the names of fetch are there as in Node', async (t) => {
  const source = `exports.handler = async () => ['fetch', 'Headers', 'Request', 'Response', 'FormData', 'WebSocket', 'CloseEvent', 'MessageEvent', 'ErrorEvent']
    .map((name) => {
      const value = globalThis[name];
      const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(globalThis, name);
      return [name, value.name, value.length, enumerable, configurable, writable];
    });`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('nothing of it is loaded by asking for the type of fetch', async (t) => {
  const run = await runner.run({ source: 'exports.handler = async () => typeof fetch;' });
  t.is(run.settled.at(-1)?.text, '"function"');
  t.false(run.loaded.some((id) => id.includes('undici')));
});

test('text, JSON, forms and streams are sent and read', async (t) => {
  const source = program(
    echo,
    `
    const json = { 'content-type': 'application/json' };
    const form = new FormData();
    form.append('name', 'value');
    form.append('file', new File(['content'], 'file.txt', { type: 'text/plain' }));
    const pieces = new ReadableStream({ start(controller) { for (const part of ['a', 'b', 'c']) controller.enqueue(Buffer.from(part)); controller.close(); } });
    const post = async (init) => (await fetch(base + '/p?q=1', { method: 'POST', ...init })).json();
    const sent = await post({ body: form });
    const boundary = sent.type.split('boundary=')[1];
    return [
      await (await fetch(base)).json(),
      await post({ body: '{"a":1}', headers: json }),
      await post({ body: new URLSearchParams({ a: 'b c' }) }),
      await post({ body: new Blob(['blob'], { type: 'x/y' }) }),
      await post({ body: pieces, duplex: 'half' }),
      sent.body.replaceAll(boundary, 'BOUNDARY'),
    ];`,
  );
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a multipart answer becomes a form again', async (t) => {
  const source = program(
    `response.setHeader('content-type', 'multipart/form-data; boundary=xx');
     response.end('--xx\\r\\nContent-Disposition: form-data; name="a"\\r\\n\\r\\nb\\r\\n--xx\\r\\nContent-Disposition: form-data; name="f"; filename="n.txt"\\r\\nContent-Type: text/plain\\r\\n\\r\\nfile\\r\\n--xx--\\r\\n');`,
    `const form = await (await fetch(base)).formData(); const file = form.get('f'); return [form.get('a'), file.name, file.type, await file.text()];`,
  );
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('redirects are followed, shown or refused', async (t) => {
  const source = program(
    `if (request.url === '/start') { response.writeHead(302, { location: '/end' }); response.end(); } else if (request.url === '/loop') { response.writeHead(307, { location: '/loop' }); response.end(); } else response.end('there');`,
    `
    const followed = await fetch(base + '/start');
    const shown = await fetch(base + '/start', { redirect: 'manual' });
    const failure = (init) => fetch(...init).catch((error) => [error.name, error.message, error.cause?.message]);
    return [followed.url.slice(base.length), followed.redirected, await followed.text(), shown.status, shown.headers.get('location'),
      await failure([base + '/start', { redirect: 'error' }]), await failure([base + '/loop'])];`,
  );
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a request can be given up before, during and behind its headers', async (t) => {
  const source = program(
    `if (request.url === '/body') { response.write('part'); } else if (request.url === '/never') { } else response.end();`,
    `
    const seen = (work) => work.then(() => 'no error', (error) => [error.name, error.message]);
    const during = new AbortController();
    setTimeout(() => during.abort(new Error('mine')), 20);
    const response = await fetch(base + '/body', { signal: AbortSignal.timeout(200) });
    return [
      await seen(fetch(base, { signal: AbortSignal.abort() })),
      await seen(fetch(base + '/never', { signal: during.signal })),
      await seen(fetch(base + '/never', { signal: AbortSignal.timeout(20) })),
      await seen(response.text()),
    ];`,
  );
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('what goes wrong below has its cause', async (t) => {
  const source = program(
    `if (request.url === '/cut') { response.writeHead(200, { 'content-length': '10' }); response.write('part'); setImmediate(() => response.destroy()); } else request.socket.end('nonsense\\r\\n\\r\\n');`,
    `
    const seen = (work) => work.then(() => 'no error', (error) => [error.name, error.message, error.cause?.name, error.cause?.code, error.cause?.message]);
    return [
      await seen(fetch(base + '/nonsense')),
      await seen(fetch(base + '/cut').then((response) => response.text())),
      await seen(fetch('nowhere')),
      await seen(fetch('ftp://127.0.0.1/')),
      await seen(fetch(base, { method: 'GET', body: 'x' })),
    ];`,
  );
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a long answer comes at the pace of its reader', async (t) => {
  const source = program(
    `for (let sent = 0; sent < 30; sent++) { if (!response.write(Buffer.alloc(100_000, 97))) await new Promise((resolve) => response.once('drain', resolve)); } response.end();`,
    `
    let count = 0;
    for await (const chunk of (await fetch(base)).body) { count += chunk.length; await new Promise((resolve) => setImmediate(resolve)); }
    return count;`,
  );
  t.is(await runner.answer(source), 3_000_000);
});

test('server-sent events arrive one by one', async (t) => {
  const answer = await runner.answer(
    program(
      `response.writeHead(200, { 'content-type': 'text/event-stream' }); for (const id of [1, 2]) response.write('id: ' + id + '\\ndata: message ' + id + '\\n\\n');`,
      `
      const source = new EventSource(base);
      const seen = [];
      await new Promise((resolve, reject) => { source.onmessage = ({ data, lastEventId }) => { seen.push([data, lastEventId]); if (seen.length === 2) resolve(); }; source.onerror = reject; });
      source.close();
      return seen;`,
    ),
    { environment: { NODE_OPTIONS: '--experimental-eventsource' } },
  );
  t.deepEqual(answer, [
    ['message 1', '1'],
    ['message 2', '2'],
  ]);
});

test('headers, requests and responses behave by themselves as in Node', async (t) => {
  const source = `exports.handler = async () => {
    const headers = new Headers([['b', '1'], ['A', '2'], ['set-cookie', 'x=1'], ['set-cookie', 'y=2'], ['b', '3']]);
    const request = new Request('https://example.com/a', { method: 'put', body: 'x', headers: { 'x-y': 'z' } });
    const response = Response.json({ a: 1 }, { status: 201 });
    const copy = response.clone();
    const failures = [() => new Headers({ 'a b': 'c' }), () => new Request('nowhere'), () => new Response('', { status: 99 })].map((work) => { try { work(); } catch (error) { return [error.name, error.message]; } });
    return [[...headers], headers.getSetCookie(), request.method, request.headers.get('x-y'), await request.text(), response.status, response.headers.get('content-type'), await copy.json(), await response.text(), failures, Response.error().type, require('util').inspect(headers)];
  };`;
  t.deepEqual(await runner.answer(source), await nodeAnswer(source));
});

test('a proxy of the environment is used when Node is told so', async (t) => {
  const source = `
    const http = require('http');
    exports.handler = async () => {
      const proxied = [];
      const proxy = http.createServer((request, response) => { proxied.push(request.url); response.end('from the proxy'); });
      await new Promise((resolve) => proxy.listen(8_080, '127.0.0.1', resolve));
      const byHttp = await new Promise((resolve, reject) => http.get('http://elsewhere.test/http', async (response) => { let text = ''; for await (const part of response) text += part; resolve(text); }).on('error', reject));
      const byFetch = await (await fetch('http://elsewhere.test/fetch', { headers: { connection: 'close' } })).text();
      proxy.closeAllConnections();
      proxy.close();
      return { proxied, byHttp, byFetch };
    };`;
  const environment = { NODE_USE_ENV_PROXY: '1', http_proxy: 'http://127.0.0.1:8080' };
  t.deepEqual(await runner.answer(source, { environment }), {
    proxied: ['http://elsewhere.test/http', 'http://elsewhere.test/fetch'],
    byHttp: 'from the proxy',
    byFetch: 'from the proxy',
  });
});

test('EventSource is not there until Node is asked for it', async (t) => {
  const source = 'exports.handler = async () => typeof EventSource;';
  t.is(await runner.answer(source), await nodeAnswer(source));
});
