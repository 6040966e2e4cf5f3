/** Class W of the catalogue: hostile requests are answered with 4xx and cut, reach no function, and the next client is served. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createServer } from '../../src/http/server.ts';
import { scriptedEngine } from '../http/scripted-engine.ts';
import { changedState, hostState } from './catalogue/host-state.ts';
import { httpRequests } from './catalogue/http-requests.ts';

async function serving(t: ExecutionContext) {
  const engine = scriptedEngine('f');
  const unexpected: unknown[] = [];
  const server = createServer({
    engine,
    onUnexpected: (error) => unexpected.push(error),
    timeouts: { headersMs: 2_000, requestMs: 3_000 },
  });
  t.teardown(() => server.close());
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  return { engine, unexpected, port: Number(port) };
}

/** Whether in order or by a reset. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

async function isHealthy(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(20_000) });
  return response.ok && (await response.text()) === '{"status":"ok"}';
}

for (const { id, title, bytes, answer, calls = 0 } of httpRequests) {
  test.serial(`${id} ${title}`, async (t) => {
    const before = hostState();
    const { engine, unexpected, port } = await serving(t);
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    // A server that refuses early may reset what is still being sent.
    socket.on('error', () => {});
    socket.write(bytes);
    await Promise.race([closed(socket), delay(20_000)]);
    t.true(socket.destroyed, 'the server closes the connection by itself');
    t.regex(text, answer);
    t.true(await isHealthy(port));
    t.deepEqual(unexpected, []);
    t.true(engine.calls.invoke.length <= calls, `${engine.calls.invoke.length} calls`);
    t.deepEqual(engine.calls.create, []);
    t.deepEqual(changedState(before, hostState()), []);
  });
}

test.serial(
  'hundreds of connections that never end their request keep nobody from being served, and are cut',
  async (t) => {
    const { engine, unexpected, port } = await serving(t);
    const sockets = Array.from({ length: 300 }, (_, at) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.write(
        at % 2 === 0
          ? 'POST /2015-03-31/functions HTTP/1.1\r\nX-'
          : 'POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{',
      );
      return socket;
    });
    for (let check = 0; check < 5; check += 1) t.true(await isHealthy(port));
    await Promise.all(sockets.map(closed));
    t.is(engine.calls.invoke.length, 0);
    t.deepEqual(unexpected, []);
  },
);

test.serial('thousands of connections that are opened and dropped leave the server well', async (t) => {
  const { unexpected, port } = await serving(t);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write('POST /2015-03-31/functions/f/invocations HTTP/1.1\r\n');
        socket.resetAndDestroy();
      }),
    );
  }
  t.true(await isHealthy(port));
  t.deepEqual(unexpected, []);
});
