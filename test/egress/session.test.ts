import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { limits } from '../../src/model/limits.ts';
import { dnsTypes, type NetworkRequest } from '../../src/protocol/network.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { GateClient } from './gate-client.ts';

test('whatever a sandbox sends in whatever order is done, refused or a protocol error, and leaves nothing', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const id = fc.integer({ min: 1, max: 6 });
  const text = fc.oneof(
    fc.constantFrom('a.test', 'public.test', '127.0.0.1', '10.0.0.1', ''),
    fc.string({ maxLength: 30 }),
  );
  const request: fc.Arbitrary<NetworkRequest> = fc.oneof(
    fc.record({
      kind: fc.constant('lookup' as const),
      id,
      hostname: text,
      family: fc.constantFrom(0 as const, 4 as const, 6 as const),
    }),
    fc.record({ kind: fc.constant('resolve' as const), id, name: text, type: fc.constantFrom(...dnsTypes) }),
    fc.record({
      kind: fc.constant('connect' as const),
      id,
      address: fc.oneof(fc.constant('127.0.0.1'), text),
      port: fc.constantFrom(port, 1),
    }),
    fc.record({ kind: fc.constantFrom('write' as const, 'end' as const), id }),
    fc.record({ kind: fc.constant('close' as const), id, reset: fc.boolean() }),
    fc.record({ kind: fc.constant('credit' as const), id, bytes: fc.nat(10) }),
    fc.record({ kind: fc.constant('secure' as const), id, servername: text }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(request, fc.constant('turn' as const)), { maxLength: 30 }), async (steps) => {
      const client = new GateClient({
        network: { allow: [`127.0.0.1:${port}`, 'a.test', 'public'] },
        names: { 'a.test': ['127.0.0.1', '10.0.0.1'] },
      });
      try {
        for (const step of steps) {
          if (step === 'turn') await new Promise(setImmediate);
          else client.request(step, step.kind === 'write' ? Buffer.from('some bytes') : undefined);
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
      client.close();
      const before = client.waiting.length;
      await new Promise(setImmediate);
      t.is(client.waiting.length, before, 'nothing is told after the end');
    }),
    { numRuns: 300 },
  );
  const connections = await new Promise<number>((resolve) => {
    const look = () => server.getConnections((_error, count) => (count === 0 ? resolve(count) : setImmediate(look)));
    look();
  });
  t.is(connections, 0);
});

test('a reason is bounded, whatever it repeats', async (t) => {
  const client = new GateClient();
  const name = '\u0001'.repeat(limits.hostnameCharsMax);
  const { reason } = await client.next(client.lookup(name), 'failed');
  t.is(reason?.length, limits.networkReasonCharsMax);
});

test('connections that a guest drops before their turn keep nobody behind them waiting', async (t) => {
  const clock = createFakeClock();
  const client = new GateClient({ clock });
  const refused = { kind: 'connect', address: '127.0.0.1', port: 1 } as const;
  for (let at = 0; at < limits.networkRequestsBurst; at++) client.request({ ...refused, id: client.nextId() });
  for (let at = 0; at < 100 * limits.networkRequestsPerSecondMax; at++) {
    const id = client.nextId();
    client.request({ ...refused, id });
    client.request({ kind: 'close', id, reset: false });
  }
  const last = client.nextId();
  client.request({ ...refused, id: last });
  const before = client.waiting.length;
  t.is(before, limits.networkRequestsBurst);
  clock.advance(2_000 / limits.networkRequestsPerSecondMax);
  t.is(client.waiting.length, before + 1);
  t.like(await client.next(last, 'failed'), { code: 'EACCES' });
});
