import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { GateClient } from './gate-client.ts';

const web = '93.184.215.14';

test('a name that answers public first and private later opens only what it was public at', async (t) => {
  const answers = [[web], ['127.0.0.1'], [web, '169.254.169.254']];
  const client = new GateClient({
    network: { allow: ['rebind.test:80', 'public'] },
    names: { 'rebind.test': () => answers.shift() ?? [] },
  });
  const first = await client.next(client.lookup('rebind.test'), 'lookedUp');
  t.deepEqual(first.addresses, [{ address: web, family: 4 }]);
  const second = await client.next(client.lookup('rebind.test'), 'failed');
  t.is(second.code, 'EACCES');
  // Where the name leads is the operator's to know, not the guest's.
  t.like(client.observed.at(-1), { type: 'network.refused', name: 'rebind.test', address: '127.0.0.1' });
  t.false(second.reason?.includes('127.0.0.1'));
  t.regex(second.reason ?? '', /^rebind\.test has no address that network\.allow of this function opens/);
  t.is((await client.next(client.connect('127.0.0.1', 80), 'failed')).code, 'EACCES');
  const third = await client.next(client.lookup('rebind.test'), 'lookedUp');
  t.deepEqual(third.addresses, [{ address: web, family: 4 }]);
  t.is((await client.next(client.connect('169.254.169.254', 80), 'failed')).code, 'EACCES');
});

test('an address counts by the names that gave it to this guest, and for a while', async (t) => {
  const clock = createFakeClock();
  const client = new GateClient({
    clock,
    network: { allow: ['a.test:80', '127.0.0.1:1'] },
    names: { 'a.test': ['127.0.0.1', web] },
    ownAddresses: [],
  });
  t.regex((await client.next(client.connect(web, 80), 'failed')).reason ?? '', /does not have/);
  await client.next(client.lookup('a.test'), 'lookedUp');
  // Refused for its port now: so the name counts.
  t.regex(
    (await client.next(client.connect(web, 81), 'failed')).reason ?? '',
    /does not have port 81 of .* \(a\.test\)/,
  );
  clock.advance(limits.networkPinMs);
  t.regex((await client.next(client.connect(web, 81), 'failed')).reason ?? '', /does not have 93\.184\.215\.14$/);
});

test('numbers that resolvers take for addresses are asked of nobody', async (t) => {
  const client = new GateClient({ network: { allow: ['public', 'localhost', '127.0.0.1'] } });
  for (const name of [
    '2130706433',
    '0x7f.1',
    '127.1',
    '017700000001',
    '0x7f000001',
    '127.0.0.1.',
    'a b',
    'x'.repeat(64),
  ]) {
    t.is((await client.next(client.lookup(name), 'failed')).code, 'EACCES', name);
  }
  t.deepEqual(client.questions, []);
});

test('no spelling of an address is more than the address', async (t) => {
  const client = new GateClient({ network: { allow: ['public'] } });
  for (const address of [
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    '0.0.0.0',
    '::',
    '64:ff9b::7f00:1',
  ]) {
    t.is((await client.next(client.connect(address, 80), 'failed')).code, 'EACCES', address);
  }
  for (const text of ['127.1', '2130706433', '/var/run/docker.sock', 'localhost', 'fe80::1%lo', '']) {
    t.regex((await client.next(client.connect(text, 80), 'failed')).reason ?? '', /is no address/, text);
  }
});

test('names that an embedder chose go to the system, those that a guest chose to name servers', async (t) => {
  const client = new GateClient({
    network: { allow: ['db.test:5432', '*.zone.test', 'public'] },
    names: { 'db.test': [web], 'a.zone.test': [web], 'guest.test': [web] },
  });
  await client.next(client.lookup('db.test'), 'lookedUp');
  await client.next(client.lookup('a.zone.test'), 'lookedUp');
  await client.next(client.lookup('guest.test', 4), 'lookedUp');
  t.deepEqual(client.questions, [
    { name: 'db.test', family: 0, way: 'system' },
    { name: 'a.zone.test', family: 0, way: 'dns' },
    { name: 'guest.test', family: 4, way: 'dns' },
  ]);
});

test('a name that does not exist fails as Node says it', async (t) => {
  const client = new GateClient({ network: { allow: ['public'] } });
  const { code, syscall, reason } = await client.next(client.lookup('nowhere.test'), 'failed');
  t.deepEqual([code, syscall, reason], ['ENOTFOUND', 'getaddrinfo', undefined]);
});

test('records come as Node gives them, without addresses that may not be reached', async (t) => {
  const records: Readonly<Record<string, unknown>> = {
    A: [
      { address: web, ttl: 60 },
      { address: '10.0.0.1', ttl: 60 },
    ],
    MX: [{ exchange: 'mail.test', priority: 10 }],
    ANY: [
      { type: 'A', address: '127.0.0.1', ttl: 1 },
      { type: 'TXT', entries: ['hello'] },
    ],
    SOA: { nsname: 'ns.test', serial: 1 },
    TXT: [['x'.repeat(limits.dnsRecordsCharsMax)]],
  };
  const client = new GateClient({
    network: { allow: ['a.test:80'] },
    records: (_name, type) => records[type],
  });
  const resolve = (name: string, type: 'A' | 'MX' | 'ANY' | 'SOA' | 'TXT' | 'REVERSE') => {
    const id = client.nextId();
    client.request({ kind: 'resolve', id, name, type });
    return id;
  };
  const found = async (type: 'A' | 'MX' | 'ANY' | 'SOA') =>
    JSON.parse((await client.next(resolve('a.test', type), 'resolved')).records);
  t.deepEqual(await found('A'), [{ address: web, ttl: 60 }]);
  t.deepEqual(await found('MX'), records.MX);
  t.deepEqual(await found('ANY'), [{ type: 'TXT', entries: ['hello'] }]);
  t.deepEqual(await found('SOA'), records.SOA);
  t.is((await client.next(resolve('a.test', 'TXT'), 'failed')).code, 'EBADRESP');
  t.is((await client.next(resolve('b.test', 'MX'), 'failed')).code, 'EACCES');
  t.is((await client.next(resolve('10.0.0.1', 'REVERSE'), 'failed')).code, 'EACCES');
  // What was resolved counts as looked up.
  t.regex((await client.next(client.connect(web, 81), 'failed')).reason ?? '', /\(a\.test\)/);
});

test('refusals are told one by one up to a rate, then counted', async (t) => {
  const clock = createFakeClock();
  const client = new GateClient({ clock });
  const refused = async () => client.next(client.connect('10.0.0.1', 80), 'failed');
  for (let count = 0; count < limits.networkRefusalsToldBurst + 5; count += 1) await refused();
  t.is(client.observed.length, limits.networkRefusalsToldBurst);
  clock.advance(1_000);
  await refused();
  t.like(client.observed.at(-1), {
    type: 'network.refused',
    operation: 'connect',
    address: '10.0.0.1',
    port: 80,
    untoldRefusals: 5,
  });
});
