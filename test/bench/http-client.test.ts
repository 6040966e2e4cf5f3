import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { AnswerReader, createHttpClient } from '../../bench/drivers/http-client.ts';

const withLength = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name: Ada\r\n\r\nhello');
const inChunks = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n');

for (const [name, bytes] of [
  ['with a length', withLength],
  ['in chunks', inChunks],
] as const) {
  test(`an answer ${name} is read wherever the network cuts it`, (t) => {
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const reader = new AnswerReader();
      t.is(reader.take(bytes.subarray(0, cut)), undefined);
      const answer = reader.take(bytes.subarray(cut));
      t.is(answer?.text, 'hello', `cut at ${cut}`);
      t.is(answer?.status, 200);
      // The reader is ready for the next one.
      t.is(reader.take(bytes)?.text, 'hello');
    }
  });
}

test('headers are found by their name in small letters', (t) => {
  t.is(new AnswerReader().take(withLength)?.header('x-name'), 'Ada');
});

test('what is no HTTP, and an answer without an end, are refused', (t) => {
  t.throws(() => new AnswerReader().take(Buffer.from('SSH-2.0\r\n\r\n')), { message: /no answer of HTTP: SSH-2.0/ });
  t.throws(() => new AnswerReader().take(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), {
    message: /neither length nor chunks/,
  });
});

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const client = createHttpClient((server.address() as AddressInfo).port);
  return {
    client,
    [Symbol.dispose]() {
      client[Symbol.dispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

test('calls are answered by a real server, one after the other over the same connection', async (t) => {
  const ports = new Set<number | undefined>();
  using served = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.pipe(response);
  });
  const large = 'ä'.repeat(500_000);
  for (const body of ['', 'short', large]) t.is((await served.client.send('POST', '/a', body)).text, body);
  t.is(ports.size, 1);
});

test('calls at once have connections of their own', async (t) => {
  const held: (() => void)[] = [];
  using served = await serve((_, response) => {
    held.push(() => response.end('done'));
    if (held.length === 3) for (const answer of held) answer();
  });
  const answers = await Promise.all([1, 2, 3].map(() => served.client.send('GET', '/')));
  t.deepEqual(
    answers.map(({ text }) => text),
    ['done', 'done', 'done'],
  );
});

test('a connection that its server is about to close is left alone', async (t) => {
  const ports = new Set<number | undefined>();
  using served = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.setHeader('keep-alive', 'timeout=1').end();
  });
  await served.client.send('GET', '/');
  await served.client.send('GET', '/');
  t.is(ports.size, 2);
});

test('a call whose connection breaks fails', async (t) => {
  using served = await serve((request) => request.socket.destroy());
  await t.throwsAsync(served.client.send('GET', '/'), { message: /closed the connection|ECONNRESET/ });
});
