import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test from 'ava';
import { GateClient } from './gate-client.ts';

async function serve(onSocket: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on TCP');
  return { port: address.port, [Symbol.dispose]: () => void server.close() };
}

test('a guest looks a name up, connects to what it was given, and talks', async (t) => {
  using server = await serve((socket) => socket.pipe(socket));
  const client = new GateClient({
    network: { allow: [`echo.test:${server.port}`, `127.0.0.1:${server.port}`] },
    names: { 'echo.test': ['127.0.0.1'] },
  });
  const { addresses } = await client.next(client.lookup('Echo.test.'), 'lookedUp');
  t.deepEqual(addresses, [{ address: '127.0.0.1', family: 4 }]);

  const id = client.connect('127.0.0.1', server.port);
  const connected = await client.next(id, 'connected');
  t.deepEqual(connected.remote, { address: '127.0.0.1', port: server.port, family: 4 });
  t.false(connected.hostSpeaksTls);
  client.write(id, 'hello');
  t.is((await client.next(id, 'written')).bytes, 5);
  const data = await client.next(id, 'data');
  t.is(Buffer.from(data.body).toString(), 'hello');
  client.request({ kind: 'credit', id, bytes: 5 });
  client.request({ kind: 'end', id });
  await client.next(id, 'shutdown');
  await client.next(id, 'ended');
  client.request({ kind: 'close', id, reset: false });
  client.close();
});

test('who listens nowhere refuses the connection', async (t) => {
  const server = await serve(() => {});
  const { port } = server;
  server[Symbol.dispose]();
  const client = new GateClient({ network: { allow: ['127.0.0.1:*'] } });
  const { code, syscall } = await client.next(client.connect('127.0.0.1', port), 'failed');
  t.deepEqual([code, syscall], ['ECONNREFUSED', 'connect']);
});

test('nothing is reached without a rule', async (t) => {
  const client = new GateClient();
  const failed = await client.next(client.connect('127.0.0.1', 80), 'failed');
  t.is(failed.code, 'EACCES');
  t.is(failed.reason, 'network.allow of this function does not have 127.0.0.1');
  const lookup = await client.next(client.lookup('example.com'), 'failed');
  t.is(lookup.reason, 'network.allow of this function does not have example.com');
  t.deepEqual(client.questions, []);
});
