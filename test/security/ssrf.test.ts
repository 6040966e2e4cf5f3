/** Guests that try to reach what they may not, in every way they have. The server that they aim at must see nobody. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { createEngine, type Engine, type PlatformEvent } from '../../src/index.ts';

const test = anyTest as TestFn<{ engine: Engine; observed: PlatformEvent[] }>;

test.before(async (t) => {
  const observed: PlatformEvent[] = [];
  t.context = { engine: await createEngine({ observe: (event) => observed.push(event) }), observed };
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

async function listening(t: ExecutionContext<unknown>, server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Listens on every address of this machine, and counts. */
async function forbidden(t: ExecutionContext<unknown>) {
  const seen: string[] = [];
  const server = createServer((socket) => {
    seen.push(`${socket.remoteAddress} to ${socket.localAddress}`);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret');
  });
  return { port: await listening(t, server, '::'), seen };
}

/** What came of each way to get at `hosts`: an answer, or the code of the failure. */
const attacker = `
import http from 'node:http';
import net from 'node:net';
import dns from 'node:dns/promises';

const tried = (start) => new Promise((resolve) => {
  const done = (value) => resolve(String(value));
  try { start(done); } catch (error) { done(error.code ?? error.message); }
});
const byNet = (options) => tried((done) => {
  const socket = net.connect(options, () => done('connected'));
  socket.on('error', (error) => done(error.code));
});
const byHttp = (url) => tried((done) => {
  http.get(url, (response) => { response.resume(); done(response.statusCode + ' ' + (response.headers.location ?? '')); })
    .on('error', (error) => done(error.code));
});
export const handler = async ({ hosts, port, urls = [], paths = [], names = [] }) => {
  const out = {};
  for (const host of hosts) {
    out['net ' + host] = await byNet({ host, port });
    out['http ' + host] = await byHttp('http://' + (host.includes(':') ? '[' + host + ']' : host) + ':' + port + '/');
  }
  for (const url of urls) out[url] = await byHttp(url);
  for (const path of paths) out['path ' + path] = await byNet({ path });
  for (const name of names) out['name ' + name] = await dns.lookup(name).then(({ address }) => address, (error) => error.code);
  return out;
};
`;

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80'));
}

const spellings = [
  '127.0.0.1',
  '127.0.0.2',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '017700000001',
  '0177.0.0.1',
  '0',
  '0.0.0.0',
  '::1',
  '::',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'ip6-localhost',
];

test('no spelling of this machine’s addresses gets to it by what is public', async (t) => {
  const target = await forbidden(t);
  const attack = await t.context.engine.createFunction({
    functionName: 'spellings',
    code: { source: attacker },
    timeout: 60,
    network: { allow: ['public', 'example.com', `*.localhost:${target.port}`] },
  });
  const hosts = [...spellings, ...ownAddresses()];
  const out = (await attack({ hosts, port: target.port })) as Record<string, string>;
  t.deepEqual(target.seen, []);
  for (const [way, outcome] of Object.entries(out)) t.regex(outcome, /^E[A-Z_]+$/, way);
});

test('metadata services are out of reach', async (t) => {
  const attack = await t.context.engine.createFunction({
    functionName: 'metadata',
    code: { source: attacker },
    timeout: 60,
    network: { allow: ['public:80'] },
  });
  const hosts = [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    '2852039166',
    '0xa9fea9fe',
    '168.63.129.16',
    '100.100.100.200',
  ];
  const out = (await attack({ hosts, port: 80 })) as Record<string, string>;
  for (const [way, outcome] of Object.entries(out)) t.regex(outcome, /^E(ACCES|NOTFOUND)$/, way);
});

test('a redirect is a connection like any other', async (t) => {
  const target = await forbidden(t);
  const server = createHttpServer((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${target.port}/` });
    response.end();
  });
  const port = await listening(t, server);
  const attack = await t.context.engine.createFunction({
    functionName: 'redirect',
    code: { source: attacker },
    timeout: 20,
    network: { allow: [`127.0.0.1:${port}`] },
  });
  const allowed = `http://127.0.0.1:${port}/`;
  const behind = `http://127.0.0.1:${target.port}/`;
  const out = (await attack({ hosts: [], urls: [allowed, behind] })) as Record<string, string>;
  t.is(out[allowed], `302 ${behind}`);
  t.regex(out[behind] ?? '', /^E/);
  t.deepEqual(target.seen, []);
  const events = t.context.observed.filter((event) => 'functionName' in event && event.functionName === 'redirect');
  t.true(events.some((event) => event.type === 'network.connected' && event.port === port));
  t.true(events.some((event) => event.type === 'network.refused' && event.port === target.port));
});

test('sockets of the file system are not there', async (t) => {
  const attack = await t.context.engine.createFunction({
    functionName: 'paths',
    timeout: 20,
    code: { source: attacker },
    network: { allow: ['public', 'localhost', '0.0.0.0/0', '[::/0]'] },
  });
  const paths = ['/var/run/docker.sock', '/run/systemd/private', '\0abstract', '../../run/dbus/system_bus_socket'];
  const out = (await attack({ hosts: [], paths })) as Record<string, string>;
  for (const [way, outcome] of Object.entries(out)) t.not(outcome, 'connected', way);
});

test('without rules nothing is asked of any name server', async (t) => {
  const attack = await t.context.engine.createFunction({
    functionName: 'quiet',
    timeout: 20,
    code: { source: attacker },
  });
  const names = ['data.attacker.example', 'localhost.attacker.example'];
  const out = (await attack({ hosts: [], names })) as Record<string, string>;
  t.deepEqual(Object.values(out), ['EACCES', 'EACCES']);
  const refused = t.context.observed.filter(
    (event) => event.type === 'network.refused' && event.functionName === 'quiet',
  );
  t.is(refused.length, names.length);
});
