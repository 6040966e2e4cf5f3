/** Credentials that the host adds: they work with programs as they are, and a guest that looks everywhere does not find them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { makeCertificate } from '../fixtures/servers/certificate.ts';

const secret = 'Bearer s3cr3t-of-the-host';

const program = `
import http from 'node:http';
import { inspect } from 'node:util';

const ask = (port, headers) => new Promise((resolve, reject) => {
  const request = http.request({ host: 'localhost', port, method: 'POST', headers }, async (response) => {
    let body = '';
    for await (const chunk of response) body += chunk;
    resolve({ status: response.statusCode, body, seen: inspect([request, response], { depth: 12, showHidden: true }) });
  });
  request.on('error', (error) => resolve({ code: error.code, message: error.message }));
  request.end('hello');
});
export const handler = async ({ port }) => ({
  plain: await ask(port, {}),
  own: await ask(port, { Authorization: 'mine', 'X-Other': 'kept' }),
  otherHost: await ask(port, { Host: 'elsewhere.example' }),
  env: inspect(process.env),
});
`;

test('a function calls an API with a credential that it never sees', async (t) => {
  const seen: (readonly [string | undefined, string | string[] | undefined])[] = [];
  const server = createServer((request, response) => {
    seen.push([request.headers.authorization, request.headers['x-other']]);
    request.resume();
    response.end('answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const observed: string[] = [];
  await using engine = await createEngine({ observe: (event) => observed.push(JSON.stringify(event)) });
  const call = await engine.createFunction({
    functionName: 'caller',
    code: { source: program },
    timeout: 20,
    network: { allow: [{ host: `localhost:${port}`, headers: { authorization: secret }, tls: false }] },
  });
  const out = (await call({ port })) as Record<string, { status?: number; body?: string; code?: string }>;
  t.like(out.plain, { status: 200, body: 'answer' });
  t.like(out.own, { status: 200, body: 'answer' });
  t.is(out.otherHost?.status, undefined);
  t.deepEqual(seen, [
    [secret, undefined],
    [secret, 'kept'],
  ]);
  const record = engine.functions.get({ functionName: 'caller', qualifier: '$LATEST', qualified: false });
  const everything = JSON.stringify([out, observed, record]);
  t.false(everything.includes('s3cr3t'));
});

const secureProgram = `
import tls from 'node:tls';
const ask = (port, servername) => new Promise((resolve) => {
  const socket = tls.connect({ host: '127.0.0.1', port, servername }, () => {
    socket.write('GET / HTTP/1.1\\r\\nHost: localhost:' + port + '\\r\\nConnection: close\\r\\n\\r\\n');
  });
  let text = '';
  socket.setEncoding('utf8').on('data', (part) => { text += part; });
  socket.on('end', () => resolve({ text, authorized: socket.authorized, alpn: socket.alpnProtocol }));
  socket.on('error', ({ code }) => resolve({ code }));
});
export const handler = async ({ port }) => ({ named: await ask(port, 'localhost'), other: await ask(port, 'other.example') });
`;

test('over TLS the host speaks for the function, to the name of the rule only', async (t) => {
  const certificate = makeCertificate(['localhost', 'other.example']);
  const seen: (string | undefined)[] = [];
  const server = createSecureServer(certificate, (request, response) => {
    seen.push(request.headers.authorization);
    response.end('answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;

  await using engine = await createEngine();
  const call = await engine.createFunction({
    functionName: 'caller',
    code: { source: secureProgram },
    timeout: 20,
    network: { allow: [{ host: `localhost:${port}`, headers: { authorization: secret }, ca: certificate.ca }] },
  });
  const out = (await call({ port })) as { named: { text: string }; other: { code: string } };
  t.like(out.named, { authorized: true, alpn: 'http/1.1' });
  t.regex(out.named.text, /^HTTP\/1\.1 200 OK\r\n.*answer/s);
  t.is(out.other.code, 'EACCES');
  t.deepEqual(seen, [secret]);
  t.false(JSON.stringify(out).includes('s3cr3t'));
});
