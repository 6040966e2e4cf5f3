/** Class W of the catalogue: hostile requests are answered with 4xx and cut, reach no function, and the next client is served. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createServer, type ServerOptions } from '../../src/http/server.ts';
import { limits } from '../../src/model/limits.ts';
import { answer as answered, scriptedEngine } from '../http/scripted-engine.ts';
import { changedState, hostState } from './catalogue/host-state.ts';
import { httpRequests } from './catalogue/http-requests.ts';

async function serving(t: ExecutionContext, options: Partial<ServerOptions> = {}) {
  const engine = scriptedEngine('f');
  const unexpected: unknown[] = [];
  const server = createServer({
    engine,
    onUnexpected: (error) => unexpected.push(error),
    timeouts: { headersMs: 2_000, requestMs: 3_000 },
    ...options,
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

const event = 'POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}';

function connected(t: ExecutionContext, port: number): Socket & { received: string } {
  const socket = Object.assign(connect(port, '127.0.0.1'), { received: '' });
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', (chunk) => {
    socket.received += String(chunk);
  });
  t.teardown(() => socket.destroy());
  return socket;
}

test.serial(
  'a hundred requests behind one that is not answered are refused, and the connection ends with it',
  async (t) => {
    const { engine, port } = await serving(t);
    const mayEnd = Promise.withResolvers<void>();
    engine.onInvoke = async () => {
      await mayEnd.promise;
      return answered('1');
    };
    const socket = connected(t, port);
    socket.write(event.repeat(100));
    t.true(await isHealthy(port));
    t.is(engine.calls.invoke.length, limits.httpPipelinedMax);
    mayEnd.resolve();
    await closed(socket);
    const statuses = socket.received.match(/HTTP\/1\.1 \d+/g) ?? [];
    t.deepEqual(statuses.slice(0, 17), [...Array(16).fill('HTTP/1.1 200'), 'HTTP/1.1 429']);
    t.regex(socket.received, /httpPipelinedMax, which is 16/);
  },
);

test.serial('more connections than are taken are told so; when others end there is room again', async (t) => {
  const { port } = await serving(t, { admission: { connectionsMax: 3, bodyBytesMax: 1_000 } });
  const first = [connected(t, port), connected(t, port), connected(t, port)];
  await Promise.all(first.map((socket) => once(socket, 'connect')));
  const fourth = connected(t, port);
  fourth.write(event);
  await closed(fourth);
  t.regex(fourth.received, /^HTTP\/1\.1 503 ServiceUnavailableException\r\n/);
  t.regex(fourth.received, /httpConnectionsMax, which is 3/);
  for (const socket of first) {
    socket.write(event.replace('Host', 'Connection: close\r\nHost'));
    await closed(socket);
    t.regex(socket.received, /^HTTP\/1\.1 200 /);
  }
  t.true(await isHealthy(port));
});

test.serial('bodies under way may take so much memory together; more are told to come again', async (t) => {
  const { engine, port } = await serving(t, { admission: { connectionsMax: 100, bodyBytesMax: 1_000 } });
  const invocation = (head: string) =>
    `POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${head}\r\n\r\n`;
  const waiting = connected(t, port);
  waiting.write(`${invocation('Content-Length: 900')}{`);
  t.true(await isHealthy(port));
  for (const head of ['Content-Length: 101', 'Transfer-Encoding: chunked']) {
    const refused = connected(t, port);
    refused.write(invocation(head));
    await closed(refused);
    t.regex(refused.received, /^HTTP\/1\.1 429 [\s\S]*retry-after: 1[\s\S]*"Reason":"CallerRateLimitExceeded"/);
  }
  const small = connected(t, port);
  small.write(`${invocation('Content-Length: 100')}${' '.repeat(98)}{}`);
  await closed(small);
  t.regex(small.received, /^HTTP\/1\.1 200 /);
  // Whoever hangs up gives back what was kept for it.
  waiting.destroy();
  await closed(waiting);
  t.true(await isHealthy(port));
  const large = connected(t, port);
  large.write(`${invocation('Content-Length: 1000')}${' '.repeat(998)}{}`);
  await closed(large);
  t.regex(large.received, /^HTTP\/1\.1 200 /);
  t.is(engine.calls.invoke.length, 2);
});

test.serial('a client that only stops sending still gets its answer', async (t) => {
  const { engine, port } = await serving(t);
  const socket = connected(t, port);
  socket.end(event);
  await closed(socket);
  t.regex(socket.received, /^HTTP\/1\.1 200 [\s\S]*null$/);
  t.is(engine.calls.invoke.length, 1);
});

test.serial('a thousand idle connections cost 32 KB each at most, and nobody waits for them', async (t) => {
  const { port } = await serving(t, { timeouts: { headersMs: 60_000, requestMs: 60_000 } });
  const before = process.memoryUsage().rss;
  const sockets: Socket[] = [];
  for (let batch = 0; batch < 10; batch += 1) {
    const opened = Array.from({ length: 100 }, () => connected(t, port));
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
    for (const socket of opened) socket.write('POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: 127.');
    sockets.push(...opened);
  }
  t.true(await isHealthy(port));
  const each = (process.memoryUsage().rss - before) / sockets.length;
  // Both ends of each are in this process.
  t.true(each < 2 * 32 * 1024, `${Math.round(each)} bytes`);
  for (const socket of sockets) socket.destroy();
  t.true(await isHealthy(port));
});
