import test from 'ava';
import { networkEvents, networkOperations } from '../../../src/bridge/network.ts';
import { type BridgeValue, services as numbers } from '../../../src/bridge/services.ts';
import { limits } from '../../../src/model/limits.ts';
import { decodeNetworkRequest } from '../../../src/protocol/decode-network.ts';
import type { NetworkRequest } from '../../../src/protocol/network.ts';
import { Inbox } from '../../../src/sandbox/inbox.ts';
import { openNetwork } from '../../../src/sandbox/services/network.ts';
import { Services } from '../../../src/sandbox/services.ts';
import { createFakeClock } from '../../fixtures/fake-clock.ts';

/** The service between a guest and a host that are played here. Each request goes through the host's decoder. */
function open() {
  const requests: (NetworkRequest & { readonly body?: string })[] = [];
  let overflows = 0;
  const clock = createFakeClock();
  const inbox = new Inbox(
    () => {},
    () => {
      overflows += 1;
    },
  );
  const services = new Services({
    openers: { network: openNetwork },
    clock,
    inbox,
    request: (_service, request, body = new Uint8Array(0)) => {
      const decoded = decodeNetworkRequest(request, body);
      requests.push(body.byteLength === 0 ? decoded : { ...decoded, body: Buffer.from(body).toString('latin1') });
    },
  });
  const start = (operation: keyof typeof networkOperations, id: number, ...values: BridgeValue[]) =>
    services.start(numbers.network, networkOperations[operation], id, values);
  const host = (event: object, body: Uint8Array | string = '') =>
    services.receive('network', event, typeof body === 'string' ? Buffer.from(body) : body);
  const events = () => {
    const seen: unknown[][] = [];
    for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) {
      const kind = event.kind;
      const name = Object.entries(networkEvents).find(([, number]) => number === kind)?.[0];
      const values = event.values.map((value) =>
        value instanceof ArrayBuffer ? Buffer.from(value).toString('latin1') : value,
      );
      seen.push([name, event.id, ...values]);
    }
    return seen;
  };
  const connect = (id: number) => {
    start('connect', id, '192.0.2.1', 80);
    host(connected(id));
    events();
    requests.length = 0;
  };
  return { clock, services, inbox, requests, start, host, events, connect, overflowCount: () => overflows };
}

function connected(id: number) {
  return {
    kind: 'connected',
    id,
    local: { address: '198.51.100.1', port: 5000, family: 4 },
    remote: { address: '192.0.2.1', port: 80, family: 4 },
    hostSpeaksTls: false,
  };
}

test('a connection is asked for, and told with its addresses', (t) => {
  const { start, requests, host, events } = open();
  start('connect', 1, '192.0.2.1', 80);
  t.deepEqual(requests, [{ kind: 'connect', id: 1, address: '192.0.2.1', port: 80 }]);
  host(connected(1));
  t.deepEqual(events(), [['connected', 1, '198.51.100.1', 5000, '192.0.2.1', 80, 0]]);
});

test('bytes go both ways, and the ends of them', (t) => {
  const { start, requests, host, events, connect } = open();
  connect(1);
  start('write', 1, new TextEncoder().encode('hello').buffer);
  start('end', 1);
  t.deepEqual(requests, [
    { kind: 'write', id: 1, body: 'hello' },
    { kind: 'end', id: 1 },
  ]);
  host({ kind: 'written', id: 1, bytes: 5 });
  host({ kind: 'shutdown', id: 1 });
  host({ kind: 'data', id: 1 }, 'answer');
  host({ kind: 'ended', id: 1 });
  t.deepEqual(events(), [
    ['written', 1, 5],
    ['shutdown', 1],
    ['data', 1, 'answer'],
    ['ended', 1],
  ]);
});

test('names and records are asked for and told as JSON', (t) => {
  const { start, requests, host, events } = open();
  start('lookup', 1, 'example.com', 4);
  start('resolve', 2, 'example.com', 'MX');
  t.deepEqual(requests, [
    { kind: 'lookup', id: 1, hostname: 'example.com', family: 4 },
    { kind: 'resolve', id: 2, name: 'example.com', type: 'MX' },
  ]);
  host({ kind: 'lookedUp', id: 1, addresses: [{ address: '192.0.2.7', family: 4 }] });
  host({ kind: 'resolved', id: 2, records: '[]' });
  host({ kind: 'lookedUp', id: 1, addresses: [] });
  t.deepEqual(events(), [
    ['lookedUp', 1, '[["192.0.2.7",4]]'],
    ['resolved', 2, '[]'],
  ]);
});

test('a refusal reaches the guest with its reason', (t) => {
  const { start, host, events } = open();
  start('connect', 1, '10.0.0.1', 80);
  host({ kind: 'failed', id: 1, code: 'EACCES', syscall: 'connect', reason: 'a private address' });
  t.deepEqual(events(), [['failed', 1, 'EACCES', 'connect', 'a private address']]);
});

test('credit goes back in portions, as the guest takes', (t) => {
  const { start, requests, host, connect, events } = open();
  connect(1);
  const chunk = new Uint8Array(limits.socketChunkBytesMax);
  for (let sent = 0; sent < limits.socketWindowBytes; sent += chunk.byteLength) host({ kind: 'data', id: 1 }, chunk);
  t.is(events().length, limits.socketWindowBytes / limits.socketChunkBytesMax);
  t.deepEqual(requests, []);
  start('credit', 1, 100);
  t.deepEqual(requests, []);
  start('credit', 1, chunk.byteLength);
  t.deepEqual(requests, [{ kind: 'credit', id: 1, bytes: chunk.byteLength + 100 }]);
});

test('what a guest has begun faster than it may waits for the thaw', (t) => {
  const { clock, services, start, requests } = open();
  const { networkRequestsBurst: burst, networkRequestsPerSecondMax: perSecond } = limits;
  const begun = burst + perSecond;
  for (let id = 1; id <= begun; id += 1) start('lookup', id, 'example.com', 4);
  t.is(requests.length, burst);
  services.freeze();
  clock.advance(10_000);
  t.is(requests.length, burst);
  services.thaw();
  clock.advance(10_000);
  t.is(requests.length, begun);
});

test('a frozen guest is not flooded by small pieces', (t) => {
  const { start, host, inbox, connect, events } = open();
  connect(1);
  for (let sent = 0; sent < 20_000; sent++) host({ kind: 'data', id: 1 }, 'abc');
  host({ kind: 'ended', id: 1 });
  t.is(inbox.size, limits.socketEventsWaitingMax);
  let text = '';
  for (;;) {
    const data = events();
    if (data.length === 0) break;
    for (const [kind, , bytes] of data) {
      if (kind !== 'data') continue;
      text += bytes;
      start('credit', 1, String(bytes).length);
    }
    if (data.at(-1)?.[0] === 'ended') break;
  }
  t.is(text, 'abc'.repeat(20_000));
});

test('confirmations of many small writes become few events', (t) => {
  const { start, host, connect, events } = open();
  connect(1);
  for (let at = 0; at < 10_000; at++) start('write', 1, new ArrayBuffer(4));
  for (let at = 0; at < 10_000; at++) host({ kind: 'written', id: 1, bytes: 4 });
  t.deepEqual(events(), [['written', 1, 40_000]]);
});

test('what came before a failure is told before it', (t) => {
  const { host, connect, events } = open();
  connect(1);
  for (let at = 0; at < 10; at++) host({ kind: 'data', id: 1 }, `${at}`);
  host({ kind: 'failed', id: 1, code: 'ECONNRESET', syscall: 'read' });
  const seen = events();
  t.is(
    seen
      .filter(([kind]) => kind === 'data')
      .map(([, , bytes]) => bytes)
      .join(''),
    '0123456789',
  );
  t.deepEqual(seen.at(-1), ['failed', 1, 'ECONNRESET', 'read', undefined]);
});

test('nothing comes for a connection that the guest closed', (t) => {
  const { start, host, connect, events, requests } = open();
  connect(1);
  start('close', 1, 1);
  start('write', 1, new ArrayBuffer(1));
  host({ kind: 'data', id: 1 }, 'late');
  host({ kind: 'failed', id: 1, code: 'ECONNRESET', syscall: 'read' });
  t.deepEqual(requests, [{ kind: 'close', id: 1, reset: true }]);
  t.deepEqual(events(), []);
});

test('a guest that overruns its window loses the connection', (t) => {
  const { start, connect, events, requests } = open();
  connect(1);
  const chunk = () => new ArrayBuffer(limits.socketChunkBytesMax);
  for (let sent = 0; sent < limits.socketWindowBytes; sent += limits.socketChunkBytesMax) start('write', 1, chunk());
  t.deepEqual(events(), []);
  start('write', 1, new ArrayBuffer(1));
  t.deepEqual(requests.at(-1), { kind: 'close', id: 1, reset: true });
  t.deepEqual(events(), [['failed', 1, 'ECONNRESET', 'read', undefined]]);
});

test('bytes of all connections together are bounded', (t) => {
  const { host, connect, events } = open();
  const chunk = new Uint8Array(limits.socketChunkBytesMax);
  const count = limits.networkBytesWaitingMax / limits.socketWindowBytes + 1;
  const failed: unknown[] = [];
  for (let id = 1; id <= count; id++) {
    connect(id);
    for (let sent = 0; sent < limits.socketWindowBytes; sent += chunk.byteLength) host({ kind: 'data', id }, chunk);
    failed.push(...events().filter(([kind]) => kind === 'failed'));
  }
  t.deepEqual(failed, [['failed', count, 'ENOBUFS', 'read', undefined]]);
});

test('connections and lookups are counted together', (t) => {
  const { clock, start, events, requests } = open();
  for (let id = 1; id <= limits.networkIdsMax; id++) {
    if (id % 2 === 0) start('connect', id, '192.0.2.1', 80);
    else start('lookup', id, 'example.com', 0);
  }
  clock.advance(10_000);
  t.is(requests.length, limits.networkIdsMax);
  start('connect', limits.networkIdsMax + 1, '192.0.2.1', 80);
  t.is(requests.length, limits.networkIdsMax);
  t.like(events().at(-1), ['failed', limits.networkIdsMax + 1, 'EMFILE', 'connect']);
});

test('what a guest begins faster than it may waits here, in order', (t) => {
  const { clock, start, requests } = open();
  const count = limits.networkRequestsBurst + limits.networkRequestsPerSecondMax;
  for (let id = 1; id <= count; id++) {
    if (id % 3 === 0) start('connect', id, '192.0.2.1', 80);
    else if (id % 3 === 1) start('lookup', id, 'example.com', 0);
    else start('resolve', id, 'example.com', 'TXT');
  }
  t.is(requests.length, limits.networkRequestsBurst);
  clock.advance(1_100);
  t.deepEqual(
    requests.map(({ id }) => id),
    Array.from({ length: count }, (_, at) => at + 1),
  );
});

test('the host never hears of connections that a guest begins and closes faster than it may', (t) => {
  const { clock, start, requests, host, events } = open();
  const pairs = 100_000;
  for (let id = 1; id <= pairs; id++) {
    start('connect', id, '192.0.2.1', 80);
    start('close', id, 0);
  }
  t.is(requests.length, 2 * limits.networkRequestsBurst);
  start('connect', pairs + 1, '192.0.2.1', 80);
  clock.advance(100);
  t.is(requests.length, 2 * limits.networkRequestsBurst + 1);
  host(connected(pairs + 1));
  t.is(events().length, 1);
  start('close', pairs + 1, 0);
  t.like(requests.at(-1), { kind: 'close', id: pairs + 1 });
});

test('nothing is asked for after the end', (t) => {
  const { clock, services, start, requests } = open();
  for (let id = 1; id <= limits.networkRequestsBurst + 10; id++) start('connect', id, '192.0.2.1', 80);
  services.close();
  clock.advance(1_000);
  t.is(requests.length, limits.networkRequestsBurst);
});

const hostile: readonly BridgeValue[] = [
  undefined,
  '',
  'x'.repeat(limits.hostnameCharsMax + 1),
  '\0',
  '::1%eth0',
  '999.1.1.1',
  -1,
  0,
  1.5,
  7,
  65_536,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 60,
  new ArrayBuffer(0),
  new ArrayBuffer(limits.socketChunkBytesMax + 1),
];

test('values that make no sense reach the host never, and throw nowhere', (t) => {
  const { services, connect, requests } = open();
  connect(1);
  let id = 10;
  for (const operation of [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 1.5]) {
    for (const one of hostile) {
      for (const other of hostile) {
        services.start(numbers.network, operation, id++, [one, other]);
        services.start(numbers.network, operation, 1, [one, other]);
        t.is(services.ask(numbers.network, operation, [one, other]), undefined);
      }
    }
  }
  for (const wrongId of [0, -5, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    services.start(numbers.network, networkOperations.connect, wrongId, ['192.0.2.1', 80]);
  }
  // What did reach it came through its decoder.
  t.deepEqual(
    requests.filter(({ kind }) => kind === 'connect'),
    [],
  );
});

test('an id is never used twice', (t) => {
  const { start, requests } = open();
  start('connect', 5, '192.0.2.1', 80);
  start('close', 5, 0);
  start('connect', 5, '192.0.2.1', 80);
  start('lookup', 4, 'example.com', 0);
  t.deepEqual(
    requests.map(({ kind }) => kind),
    ['connect', 'close'],
  );
});

test('a guest that gives credit for what it has not taken fills no memory', (t) => {
  const { start, host, connect, inbox, overflowCount } = open();
  connect(1);
  const chunk = new Uint8Array(limits.socketChunkBytesMax);
  for (let at = 0; at < 4_000 && overflowCount() === 0; at++) {
    host({ kind: 'data', id: 1 }, chunk);
    start('credit', 1, chunk.byteLength);
  }
  t.is(overflowCount(), 1);
  t.true(inbox.size * chunk.byteLength <= limits.eventBytesWaitingMax);
});
