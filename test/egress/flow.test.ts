import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { limits } from '../../src/model/limits.ts';
import type { NetworkSettings } from '../../src/model/network-settings.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { GateClient, type GateOptions } from './gate-client.ts';

const { socketWindowBytes, socketChunkBytesMax } = limits;

async function serve(t: ExecutionContext) {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    server.emit('served', socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on TCP');
  return {
    port: address.port,
    next: async (): Promise<Socket> => {
      const waiting = sockets.shift();
      if (waiting !== undefined) return waiting;
      const [socket] = await once(server, 'served');
      sockets.splice(sockets.indexOf(socket), 1);
      return socket;
    },
  };
}

function guest(
  t: ExecutionContext,
  network: NetworkSettings = {},
  options: Omit<GateOptions, 'network'> = {},
): GateClient {
  const client = new GateClient({ network: { allow: ['127.0.0.1:*'], ...network }, ...options });
  t.teardown(() => client.close());
  return client;
}

test('either side may end first and still hear the other', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const first = await client.connected('127.0.0.1', server.port);
  const firstPeer = await server.next();
  client.request({ kind: 'end', id: first });
  await client.next(first, 'shutdown');
  firstPeer.resume();
  await once(firstPeer, 'end');
  firstPeer.end('after your end');
  t.is((await client.readAll(first)).toString(), 'after your end');

  const second = await client.connected('127.0.0.1', server.port);
  const secondPeer = await server.next();
  secondPeer.end();
  await client.next(second, 'ended');
  client.write(second, 'after your end');
  await client.next(second, 'written');
  client.request({ kind: 'close', id: second, reset: false });
  const parts = await secondPeer.toArray();
  t.is(Buffer.concat(parts).toString(), 'after your end');
});

test('a guest that does not read holds its window and no more', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  const total = 64 * 1024 * 1024;
  const payload = Buffer.alloc(1024 * 1024, 7);
  let offered = 0;
  const offer = (): void => {
    while (offered < total) {
      offered += payload.byteLength;
      if (!peer.write(payload)) return;
    }
  };
  peer.on('drain', offer);
  offer();
  let received = 0;
  while (received < socketWindowBytes) received += (await client.next(id, 'data')).body.byteLength;
  t.is(received, socketWindowBytes);
  t.deepEqual(client.waiting, []);
  t.true(offered < total, 'the kernel holds the rest back');

  client.request({ kind: 'credit', id, bytes: 1_000 });
  t.is((await client.next(id, 'data')).body.byteLength, 1_000);
});

test('a server that does not read gets no more than a window ahead of what is confirmed', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  const chunk = Buffer.alloc(socketChunkBytesMax, 1);
  let unconfirmed = 0;
  let written = 0;
  // Until the kernel's buffers are full: then nothing is confirmed any more.
  for (;;) {
    while (unconfirmed + chunk.byteLength <= socketWindowBytes) {
      client.write(id, chunk);
      unconfirmed += chunk.byteLength;
      written += chunk.byteLength;
    }
    const confirmed = await Promise.race([client.next(id, 'written'), stalled()]);
    if (confirmed === undefined) break;
    unconfirmed -= confirmed.bytes;
  }
  t.throws(() => client.write(id, chunk), { instanceOf: ProtocolError, message: /within the window/ });
  t.true(written > socketWindowBytes);
  peer.destroy();
});

/** The kernel takes what it can at once; two seconds without that mean that it is full, on a busy machine too. */
function stalled(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, 2_000, undefined));
}

test('a great many small writes arrive whole and in order', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  const count = 50_000;
  for (let index = 0; index < count; index += 1) client.write(id, Uint8Array.of(index % 251));
  client.request({ kind: 'end', id });
  const received = Buffer.concat(await peer.toArray());
  t.is(received.byteLength, count);
  t.true(received.every((byte, index) => byte === index % 251));
});

test('what a guest wrote before it closed still leaves', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  client.write(id, Buffer.alloc(socketChunkBytesMax, 3));
  client.request({ kind: 'close', id, reset: false });
  t.is(Buffer.concat(await peer.toArray()).byteLength, socketChunkBytesMax);
  t.deepEqual(client.waiting, []);
});

test('a reset arrives as one, and one of the server is told', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const mine = await client.connected('127.0.0.1', server.port);
  const minePeer = await server.next();
  client.request({ kind: 'close', id: mine, reset: true });
  const [error] = await once(minePeer, 'error');
  t.is(error.code, 'ECONNRESET');

  const theirs = await client.connected('127.0.0.1', server.port);
  (await server.next()).resetAndDestroy();
  t.is((await client.next(theirs, 'failed')).code, 'ECONNRESET');
});

test('nothing is left when the guest ends', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  const waiting = client.connect('127.0.0.1', server.port);
  client.write(id, 'x');
  client.close();
  peer.resume();
  await once(peer, 'end');
  await released(client);
  t.is(client.waiting.filter(({ id: of }) => of === waiting).length, 0);
  const closed = client.observed.find(({ type }) => type === 'network.closed');
  t.like(closed, {
    functionName: 'f',
    environmentId: 'e',
    address: '127.0.0.1',
    port: server.port,
    rule: '127.0.0.1:*',
  });
});

test('a guest has as many connections at once as it may, and another when one is closed', async (t) => {
  const server = await serve(t);
  const client = guest(t, { connectionsMax: 2 });
  const first = await client.connected('127.0.0.1', server.port);
  await client.connected('127.0.0.1', server.port);
  const third = await client.next(client.connect('127.0.0.1', server.port), 'failed');
  t.is(third.reason, 'this environment has 2 connections open, as many as it may (network.connectionsMax)');
  const isReleased = released(client);
  client.request({ kind: 'close', id: first, reset: true });
  await isReleased;
  await client.connected('127.0.0.1', server.port);
  t.pass();
});

/** The descriptor is free when the end is told. */
async function released(client: GateClient): Promise<void> {
  while (!client.observed.some(({ type }) => type === 'network.closed')) await new Promise(setImmediate);
}

test('a burst of requests passes at once, the rest at a rate', async (t) => {
  const clock = createFakeClock();
  const client = guest(t, {}, { clock });
  const ids = Array.from({ length: limits.networkRequestsBurst + 10 }, () => client.connect('10.0.0.1', 80));
  t.is(client.waiting.length, limits.networkRequestsBurst);
  clock.advance(1_000);
  t.is(client.waiting.length, ids.length);
});

test('bytes pass at the rate that the function has', async (t) => {
  const clock = createFakeClock();
  const server = await serve(t);
  const client = guest(t, { bytesPerSecondMax: 1_000 }, { clock });
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  // More than the burst may be spent at once; then it is owed.
  client.write(id, Buffer.alloc(3_000));
  t.is((await client.next(id, 'written')).bytes, 3_000);
  client.write(id, 'late');
  peer.write('answer');
  peer.resume();
  await new Promise(setImmediate);
  t.deepEqual(
    client.waiting.filter(({ kind }) => kind === 'written'),
    [],
  );
  clock.advance(2_001);
  t.is((await client.next(id, 'written')).bytes, 4);
});

test('a connection on which nothing moves ends, and one that moves does not', async (t) => {
  const clock = createFakeClock();
  const server = await serve(t);
  const client = guest(t, {}, { clock });
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  clock.advance(limits.networkIdleMsMax - 1);
  peer.write('x');
  await client.next(id, 'data');
  clock.advance(limits.networkIdleMsMax - 1);
  t.deepEqual(client.waiting, []);
  clock.advance(1);
  const failed = await client.next(id, 'failed');
  t.is(failed.code, 'ETIMEDOUT');
  t.regex(failed.reason ?? '', /networkIdleMsMax/);
});

test('a sandbox that breaks the rules is told from a guest that asks for much', async (t) => {
  const server = await serve(t);
  const client = guest(t);
  const id = await client.connected('127.0.0.1', server.port);
  const broken = (work: () => void, message: RegExp) => t.throws(work, { instanceOf: ProtocolError, message });
  broken(() => client.request({ kind: 'connect', id, address: '127.0.0.1', port: 1 }), /network\.id must be more than/);
  broken(() => client.request({ kind: 'lookup', id, hostname: 'a', family: 0 }), /network\.id must be more than/);
  broken(() => client.request({ kind: 'end', id: id + 1 }), /network\.id must be that of a connection/);
  broken(() => client.request({ kind: 'credit', id, bytes: 1 }), /network\.bytes must be at most 0/);
  broken(() => client.request({ kind: 'secure', id, servername: 'a' }), /nothing is to be secured/);
  client.request({ kind: 'end', id });
  broken(() => client.request({ kind: 'end', id }), /must be one end/);
  broken(() => client.write(id, 'x'), /no write after the end/);
  client.request({ kind: 'close', id, reset: false });
  // Late, as both may speak at once.
  client.request({ kind: 'close', id, reset: false });
  client.write(id, 'x');
});

test('more open at once than a sandbox lets through is a sign that it was taken over', (t) => {
  const client = guest(t, { allow: ['never.test'] }, { names: { 'never.test': () => new Promise(() => {}) } });
  for (let count = 0; count < limits.networkIdsMax; count += 1) client.lookup('never.test');
  t.throws(() => client.lookup('never.test'), { instanceOf: ProtocolError, message: /networkIdsMax/ });
});

test('a connection that does not come about in time fails', async (t) => {
  const clock = createFakeClock();
  const server = await serve(t);
  const client = guest(t, {}, { clock });
  const id = client.connect('127.0.0.1', server.port);
  clock.advance(limits.networkConnectTimeoutMs);
  t.like(await client.next(id, 'failed'), { code: 'ETIMEDOUT', syscall: 'connect' });
});

test('a connection ends with its time, however busy it is', async (t) => {
  const clock = createFakeClock();
  const server = await serve(t);
  const client = guest(t, {}, { clock });
  const id = await client.connected('127.0.0.1', server.port);
  const peer = await server.next();
  const stepMs = limits.networkIdleMsMax / 2;
  for (let ageMs = stepMs; ageMs < limits.networkConnectionMsMax; ageMs += stepMs) {
    clock.advance(stepMs);
    peer.write('x');
    await client.next(id, 'data');
  }
  clock.advance(stepMs);
  t.regex((await client.next(id, 'failed')).reason ?? '', /networkConnectionMsMax/);
});

test('a guest that closes is not waited for when its last words cannot leave', async (t) => {
  const clock = createFakeClock();
  const server = await serve(t);
  const client = guest(t, { bytesPerSecondMax: 1 }, { clock });
  const id = await client.connected('127.0.0.1', server.port);
  client.write(id, 'over the rate');
  client.write(id, 'never sent');
  client.request({ kind: 'close', id, reset: false });
  clock.advance(limits.networkLingerMsMax);
  await released(client);
  t.like(client.observed.at(-1), { type: 'network.closed', bytesSent: 'over the rate'.length });
});
