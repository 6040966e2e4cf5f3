import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { hostResolvers } from '../../src/egress/resolver.ts';

const types: Readonly<Record<string, number>> = { A: 1, TXT: 16, AAAA: 28 };

/** A name server that knows one name, with one address of each family; others do not exist. */
async function nameServer(t: ExecutionContext, known: string): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    const labels: string[] = [];
    for (let at = 12; question[at] !== 0; at += 1 + (question[at] ?? 0)) {
      labels.push(question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)));
    }
    const type = question.readUInt16BE(end - 4);
    const data = {
      [types.A ?? 0]: Buffer.from([93, 184, 215, 14]),
      [types.AAAA ?? 0]: Buffer.from('26064700000000000000000000001111', 'hex'),
      [types.TXT ?? 0]: Buffer.from('\x05hello', 'latin1'),
    }[type];
    const isKnown = labels.join('.') === known && data !== undefined;
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(isKnown ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const answer = Buffer.alloc(12);
    answer.writeUInt16BE(0xc00c, 0);
    answer.writeUInt16BE(type, 2);
    answer.writeUInt16BE(1, 4);
    answer.writeUInt32BE(60, 6);
    answer.writeUInt16BE(data?.byteLength ?? 0, 10);
    const parts = isKnown ? [answer, data] : [];
    socket.send(Buffer.concat([head, question.subarray(12, end), ...parts]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => void socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

test('the system knows its own name, also when several ask at once', async (t) => {
  const open = hostResolvers(systemClock);
  const ask = () => open().addresses({ name: 'localhost', family: 4, way: 'system' });
  t.deepEqual(await Promise.all([ask(), ask()]), [['127.0.0.1'], ['127.0.0.1']]);
  await t.throwsAsync(open().addresses({ name: 'no such name', family: 0, way: 'system' }));
});

test('name servers are asked for both families, and for records', async (t) => {
  const resolver = hostResolvers(systemClock, [await nameServer(t, 'known.test')])();
  const addresses = (name: string, family: 0 | 4 | 6) => resolver.addresses({ name, family, way: 'dns' });
  t.deepEqual(await addresses('known.test', 0), ['93.184.215.14', '2606:4700::1111']);
  t.deepEqual(await addresses('known.test', 6), ['2606:4700::1111']);
  t.deepEqual(await resolver.records('known.test', 'A'), [{ address: '93.184.215.14', ttl: 60 }]);
  t.deepEqual(await resolver.records('known.test', 'TXT'), [['hello']]);
  await t.throwsAsync(addresses('unknown.test', 0), { code: 'ENOTFOUND' });
});

test('what is asked of a silent name server ends with the guest', async (t) => {
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => void silent.close());
  const resolver = hostResolvers(systemClock, [`127.0.0.1:${silent.address().port}`])();
  const asked = resolver.addresses({ name: 'slow.test', family: 4, way: 'dns' });
  await once(silent, 'message');
  resolver.close();
  await t.throwsAsync(asked, { code: 'ECANCELLED' });
});
