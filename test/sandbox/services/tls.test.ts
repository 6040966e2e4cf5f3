import test from 'ava';
import { type BridgeValue, services as numbers } from '../../../src/bridge/services.ts';
import { tlsOperations } from '../../../src/bridge/tls.ts';
import { limits } from '../../../src/model/limits.ts';
import { makeCertificate } from '../../fixtures/servers/certificate.ts';
import { TlsGuest } from './tls-pair.ts';

const { cert, key, ca } = makeCertificate(['db.test', 'localhost']);
const identity = { cert: [cert], key: [{ pem: key }] };

function secured(guest: TlsGuest, ...ids: number[]) {
  return guest.until(() => ids.every((id) => guest.told(id).secured !== undefined));
}

test('a client and a server of the guest agree, and bytes go both ways', async (t) => {
  const guest = new TlsGuest();
  const { client, server } = guest.pair({ context: { ca: [ca] }, servername: 'db.test' }, { context: identity });
  await secured(guest, client, server);
  const info = guest.told(client).secured;
  t.like(info, { protocol: 'TLSv1.3', hasPeerCertificate: true, isSessionReused: false });
  t.is(info?.verifyError, undefined);
  t.is(guest.told(server).secured?.servername, 'db.test');
  guest.write(client, 'question');
  guest.end(client);
  await guest.until(() => guest.told(server).isEnded);
  t.is(guest.told(server).text, 'question');
  guest.write(server, 'answer');
  guest.end(server);
  await guest.until(() => guest.told(client).isEnded);
  t.is(guest.told(client).text, 'answer');
  await guest.until(() => guest.told(client).isShut && guest.told(server).isShut);
});

test('a certificate that nobody vouches for is told, not judged', async (t) => {
  const guest = new TlsGuest();
  const { client, server } = guest.pair({ servername: 'db.test' }, { context: identity });
  await secured(guest, client, server);
  const error = guest.told(client).secured?.verifyError;
  t.regex(
    error?.code ?? '',
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/,
  );
  t.true((error?.message.length ?? 0) > 0);
  const list = JSON.parse(String(guest.ask('certificate', client, 2)));
  t.regex(list[0].subjectaltname, /DNS:db\.test/);
  t.is(typeof list[0].raw, 'string');
});

test('protocols are agreed on', async (t) => {
  const guest = new TlsGuest();
  const { client, server } = guest.pair(
    { alpnProtocols: '\x02h2\x08http/1.1' },
    { context: identity, alpnProtocols: '\x08http/1.1' },
  );
  await secured(guest, client, server);
  t.is(guest.told(client).secured?.alpnProtocol, 'http/1.1');
});

test('a client that shows no certificate where one is required is refused', async (t) => {
  const guest = new TlsGuest();
  const { client, server } = guest.pair(
    {},
    { context: { ...identity, ca: [ca] }, requestCert: true, rejectUnauthorized: true },
  );
  const failed = await guest.until(() => guest.told(server).failed);
  t.is(failed.code, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
  guest.start('feedEnd', client);
  await guest.until(() => guest.told(client).isEnded);
});

test('what is no TLS fails with the words of OpenSSL', async (t) => {
  const guest = new TlsGuest();
  const id = guest.open({});
  guest.start('feed', id, new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n').buffer);
  t.is((await guest.until(() => guest.told(id).failed)).code, 'ERR_SSL_WRONG_VERSION_NUMBER');
});

test('an end before the handshake is an end', async (t) => {
  const guest = new TlsGuest();
  const id = guest.open({});
  guest.start('feedEnd', id);
  await guest.until(() => guest.told(id).isEnded);
  t.is(guest.told(id).failed, undefined);
});

test('a session is resumed by the guest that has it', async (t) => {
  const guest = new TlsGuest();
  const serverSettings = { context: identity };
  const clientSettings = { context: { ca: [ca], maxVersion: 771 }, servername: 'db.test', wantsSession: true };
  const first = guest.pair(clientSettings, serverSettings);
  await secured(guest, first.client, first.server);
  const session = await guest.until(() => guest.told(first.client).session);
  const second = guest.pair(clientSettings, serverSettings, session);
  await secured(guest, second.client, second.server);
  t.true(guest.told(second.client).secured?.isSessionReused);

  const stranger = new TlsGuest();
  const third = stranger.pair(clientSettings, serverSettings, session);
  await secured(stranger, third.client, third.server);
  t.false(stranger.told(third.client).secured?.isSessionReused);
});

test('a reader that stops, stops the writer', async (t) => {
  const guest = new TlsGuest();
  const { client, server } = guest.pair({}, { context: identity });
  await secured(guest, client, server);
  guest.stopReading(server);
  const chunk = new Uint8Array(limits.socketChunkBytesMax);
  const total = 64 * limits.socketWindowBytes;
  let sent = 0;
  // As the guest's end does: no more than a window beyond what was written.
  const pump = () => {
    while (sent < total && sent + chunk.byteLength - guest.told(client).written <= limits.socketWindowBytes) {
      guest.write(client, chunk);
      sent += chunk.byteLength;
    }
  };
  for (let turn = 0; turn < 500; turn++) {
    pump();
    await new Promise(setImmediate);
  }
  const windowsOnTheWay = 8;
  t.true(sent <= windowsOnTheWay * limits.socketWindowBytes, `${sent} bytes left the writer`);
  await guest.until(() => {
    const bytes = guest.takeable(server);
    if (bytes > 0) guest.start('credit', server, bytes);
    pump();
    return guest.told(server).bytes === total;
  });
  t.is(sent, total);
});

test('over a connection of the network the bytes do not visit the guest', async (t) => {
  const guest = new TlsGuest();
  guest.connect(1);
  const server = guest.open({ isServer: true, context: identity });
  guest.route(server, (bytes) => guest.services.receive('network', { kind: 'data', id: 1 }, bytes));
  const client = guest.open({ context: { ca: [ca] }, servername: 'db.test' }, 1);
  guest.onRequest = ({ request, body }) => {
    if (request.kind !== 'write') return;
    guest.start('feed', server, Uint8Array.from(body).buffer);
    guest.services.receive('network', { kind: 'written', id: 1, bytes: body.byteLength }, new Uint8Array(0));
  };
  await secured(guest, client, server);
  guest.write(client, 'select 1');
  await guest.until(() => guest.told(server).text === 'select 1');
  guest.write(server, 'row');
  await guest.until(() => guest.told(client).text === 'row');
  // The guest cannot write into the connection any more.
  const count = guest.requests.length;
  guest.services.start(numbers.network, 4, 1, [new ArrayBuffer(4)]);
  t.is(guest.requests.length, count);
  guest.services.receive('network', { kind: 'failed', id: 1, code: 'ETIMEDOUT', syscall: 'read' }, new Uint8Array(0));
  t.is(await guest.until(() => guest.told(client).broken), 'ETIMEDOUT');
});

test('a connection that is not there, or is not open, has no session', async (t) => {
  const guest = new TlsGuest();
  t.is(await told(guest, guest.open({}, 77)), 'ECONNRESET');
  guest.services.start(numbers.network, 3, 5, ['192.0.2.1', 443]);
  t.is(await told(guest, guest.open({}, 5)), 'ECONNRESET');
});

function told(guest: TlsGuest, id: number): Promise<string> {
  return guest.until(() => guest.told(id).broken);
}

test('what OpenSSL does not accept is said in its words', (t) => {
  const guest = new TlsGuest();
  const check = (context: object) => {
    const reply = guest.ask('check', JSON.stringify(context));
    return Array.isArray(reply) ? JSON.parse(String(reply[1])) : reply;
  };
  t.is(check({ ca: [ca] }), '');
  t.like(check({ cert: ['no certificate'] }), { code: 'ERR_OSSL_PEM_NO_START_LINE' });
  t.like(check({ cert: [cert], key: [{ pem: 'nothing' }] }), { code: 'ERR_OSSL_UNSUPPORTED' });
  t.like(check({ secureProtocol: 'none' }), { code: 'ERR_TLS_INVALID_PROTOCOL_METHOD' });
  t.like(check({ ciphers: 'NOTHING' }), { code: 'ERR_SSL_NO_CIPHER_MATCH' });
});

const hostile: readonly BridgeValue[] = [
  undefined,
  '',
  'null',
  '[]',
  '{"context":null}',
  '{"context":{"ca":7}}',
  '{"context":{"ca":[7]}}',
  '{"context":{"key":[{"pem":{}}]}}',
  '{"context":{"ticketKeys":"short"}}',
  '{"context":{"secureOptions":"x"}}',
  '{"context":{"sessionTimeout":-1}}',
  '{"context":{"clientCertEngine":"x","privateKeyEngine":"y"}}',
  '{"context":{},"isServer":true,"alpnProtocols":"\\u0009h2"}',
  '{"context":{},"alpnProtocols":5}',
  '{"context":{},"servername":"1.2.3.4"}',
  '{"context":{},"servername":"\\u0000"}',
  '{"__proto__":{"context":{}}}',
  'x'.repeat(limits.tlsSettingsCharsMax + 1),
  -1,
  0.5,
  2 ** 53,
  Number.NaN,
  new ArrayBuffer(0),
  new ArrayBuffer(limits.socketWindowBytes + 1),
];

test('values that make no sense throw nowhere', (t) => {
  const guest = new TlsGuest();
  const open = guest.open({});
  for (let operation = -1; operation < 40; operation++) {
    for (const one of hostile) {
      t.notThrows(() => {
        guest.services.ask(numbers.tls, operation, [one, 1, 'label', new ArrayBuffer(3)]);
        guest.services.ask(numbers.tls, operation, [open, one, one, one]);
        if (operation !== tlsOperations.open) guest.services.start(numbers.tls, operation, open, [one]);
        guest.services.start(numbers.tls, operation, -3, [one, 0]);
      });
    }
  }
  for (const one of hostile) t.notThrows(() => guest.openRaw(one));
  guest.services.close();
});

test('sessions are counted', async (t) => {
  const guest = new TlsGuest();
  const ids = Array.from({ length: limits.tlsSessionsMax }, () => guest.open({}));
  t.regex((await guest.until(() => guest.told(guest.open({})).failed)).message, /At most/);
  for (const id of ids) guest.start('close', id, 1);
  guest.services.close();
});

test('a guest that ends in the middle of a handshake leaves nothing behind', (t) => {
  const guest = new TlsGuest();
  const { client, server } = guest.pair({}, { context: identity });
  guest.services.close();
  t.is(guest.told(client).secured, undefined);
  t.is(guest.told(server).secured, undefined);
});
