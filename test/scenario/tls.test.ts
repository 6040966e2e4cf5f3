/** TLS of guests against TLS of Node: the same programs, the same answers, in real sandboxes. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { makeCertificate } from '../fixtures/servers/certificate.ts';
import { nodeAnswer } from '../runtimes/harness.ts';
import { tlsPrograms } from './tls-programs.ts';

const { cert, key, ca } = makeCertificate(['localhost']);
const engine = await createEngine();

const outside = tls.createServer({ cert, key, ALPNProtocols: ['x'] }, (socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => socket.write(`pong ${data}`));
});
const upgrade = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write('S');
    const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext({ cert, key }) });
    secure.on('error', () => {});
    secure.on('data', (data) => secure.write(`row of ${data}`));
    secure.on('end', () => secure.end());
  });
});
const sockets = new Set<net.Socket>();
for (const server of [outside, upgrade]) server.on('connection', (socket) => sockets.add(socket));

const portOf = async (server: net.Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
};
const event = { cert, key, ca, outsidePort: await portOf(outside), upgradePort: await portOf(upgrade) };

test.after.always(async () => {
  await engine.close();
  for (const socket of sockets) socket.destroy();
  outside.close();
  upgrade.close();
});

for (const [name, source] of Object.entries(tlsPrograms)) {
  test(name, async (t) => {
    const functionName = `f${name.replaceAll(/\W/g, '-')}`;
    const run = await engine.createFunction({
      functionName,
      code: { source },
      timeout: 30,
      network: { allow: ['localhost:*'] },
    });
    t.deepEqual(await run(event), await nodeAnswer(source, event));
  });
}
