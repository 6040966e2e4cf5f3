/** Clients that are slow or many (SECURITY.md section 4). Those that leave or never finish are in test/http/invoke.test.ts. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createServer } from '../../src/http/server.ts';
import { limits } from '../../src/model/limits.ts';
import { scriptedEngine } from '../http/scripted-engine.ts';

const path = '/2015-03-31/functions/f/invocations';

async function listening(t: ExecutionContext, payload: Uint8Array) {
  t.timeout(60_000);
  const engine = scriptedEngine('f');
  engine.onInvoke = async () => ({ statusCode: 200, payload, executedVersion: '$LATEST', requestId: 'id' });
  const server = createServer({ engine });
  const url = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const sockets: Socket[] = [];
  // A client that never reads would keep the server open.
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(url.port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  return { engine, url, open };
}

test('R09: clients that do not read their answers hold nobody up, and the answer is held once', async (t) => {
  const payload = Buffer.alloc(limits.responsePayloadBytesMax, 0x20);
  const { url, open, engine } = await listening(t, payload);
  const before = process.memoryUsage().arrayBuffers;
  for (let client = 0; client < 50; client += 1) {
    const socket = await open();
    socket.pause();
    socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}`);
  }
  while (engine.calls.invoke.length < 50) await new Promise(setImmediate);
  const answer = await fetch(new URL(path, url), { method: 'POST', body: '{}' });
  t.is((await answer.arrayBuffer()).byteLength, payload.byteLength);
  // The engine has one answer for all here: what else is held would be copies of it.
  t.true(process.memoryUsage().arrayBuffers - before < 10 * payload.byteLength);
});

test('R11: a thousand connections that say nothing leave the API open', async (t) => {
  const { url, open } = await listening(t, Buffer.from('1'));
  for (let client = 0; client < 1_000; client += 1) {
    const socket = await open();
    if (client % 2 === 0) socket.write(`POST ${path} HTTP/1.1\r\nx-slow: `);
  }
  t.is(await (await fetch(new URL(path, url), { method: 'POST', body: '{}' })).text(), '1');
});
