/** Connections of guests to real servers, through the sandbox and the host's gate. */
import { once } from 'node:events';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createEngine } from '../../src/index.ts';

const engine = await createEngine();
test.after.always(() => engine.close());

async function serve(t: ExecutionContext, accept: (socket: net.Socket) => void, options: net.ServerOpts = {}) {
  const sockets: net.Socket[] = [];
  const server = net.createServer(options, (socket) => {
    sockets.push(socket.on('error', () => {}));
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, sockets };
}

let functions = 0;
function deploy(source: string, port: number, timeout = 30) {
  functions += 1;
  return engine.createFunction({
    functionName: `network-${functions}`,
    code: { source: `const net = require('net'); const { once } = require('events'); const port = ${port}; ${source}` },
    timeout,
    network: { allow: [`localhost:${port}`] },
  });
}

const pooled = `
  const socket = net.connect(port, '127.0.0.1');
  const seen = [];
  for (const name of ['end', 'close']) socket.on(name, () => seen.push(name));
  socket.on('error', (error) => seen.push(error.code));
  exports.handler = async () => {
    if (seen.length > 0) return seen;
    socket.write('ping');
    return new Promise((resolve) => {
      socket.once('data', (data) => resolve(String(data)));
      // On its way while we asked: the next invocation finds it.
      socket.once('close', () => resolve('too late'));
    });
  };`;

test('a connection made at init is used by one invocation after the other', async (t) => {
  const { port, sockets } = await serve(t, (socket) =>
    socket.on('data', (data) => socket.write(`${data} ${sockets.length}`)),
  );
  const run = await deploy(pooled, port);
  t.is(await run({}), 'ping 1');
  t.is(await run({}), 'ping 1');
  t.is(await run({}), 'ping 1');
});

test('a connection that the server closed meanwhile is found closed after the thaw', async (t) => {
  const { port, sockets } = await serve(t, (socket) => socket.on('data', () => socket.write('pong')));
  const run = await deploy(pooled, port);
  t.is(await run({}), 'pong');
  const [socket] = sockets;
  socket?.end();
  let found = await run({});
  while (found === 'too late') found = await run({});
  t.deepEqual(found, ['end', 'close']);
});

test('half of a connection stays open', async (t) => {
  const { port } = await serve(
    t,
    (socket) => {
      let all = '';
      socket.on('data', (chunk) => {
        all += chunk;
      });
      socket.on('end', () => socket.end(`got ${all}`));
    },
    { allowHalfOpen: true },
  );
  const run = await deploy(
    `exports.handler = async () => {
      const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.end('everything');
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      return answer;
    };`,
    port,
  );
  t.is(await run({}), 'got everything');
});

test('fifty megabytes go both ways, whole and in order', async (t) => {
  const { port } = await serve(t, (socket) => socket.pipe(socket));
  const run = await deploy(
    `exports.handler = async () => {
      const total = 50 * 1024 * 1024;
      const piece = Buffer.from(Uint8Array.from({ length: 65521 }, (_, at) => at * 31));
      const socket = net.connect(port, '127.0.0.1');
      let received = 0, isWhole = true, highest = 0;
      const reading = (async () => {
        for await (const chunk of socket) {
          for (let at = 0; at < chunk.length; at += 4099) isWhole &&= chunk[at] === piece[(received + at) % piece.length];
          received += chunk.length;
        }
      })();
      for (let sent = 0; sent < total; ) {
        const part = piece.subarray(0, Math.min(piece.length, total - sent));
        sent += part.length;
        if (!socket.write(part)) await once(socket, 'drain');
        highest = Math.max(highest, socket.writableLength);
      }
      socket.end();
      await reading;
      return { isWhole, received: received === total, isHeld: highest < 2 ** 20 };
    };`,
    port,
    120,
  );
  t.deepEqual(await run({}), { isWhole: true, received: true, isHeld: true });
});

test('two hundred connections at once', async (t) => {
  const { port } = await serve(t, (socket) => socket.pipe(socket));
  const run = await deploy(
    `exports.handler = async () => {
      const answers = await Promise.all(Array.from({ length: 200 }, async (_, at) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.end('number ' + at);
        let answer = '';
        for await (const chunk of socket) answer += chunk;
        return answer;
      }));
      return answers.every((answer, at) => answer === 'number ' + at);
    };`,
    port,
  );
  t.true(await run({}));
});

test('a guest that ends leaves no connection behind', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { port } = await serve(t, (socket) => socket.resume().on('close', () => closed.resolve()));
  const run = await deploy(
    `exports.handler = async () => {
      await once(net.connect(port, '127.0.0.1'), 'connect');
      for (;;);
    };`,
    port,
    1,
  );
  await t.throwsAsync(run({}), { message: /timed out/ });
  await closed.promise;
  t.pass();
});

test('what the function may not reach says why, and this machine is refused as if nobody were there', async (t) => {
  const { port } = await serve(t, () => {});
  const run = await deploy(
    `const dns = require('dns');
    const failure = async (...where) => (await once(net.connect(...where), 'error'))[0].message;
    exports.handler = async () => [
      await failure(80, '10.0.0.1'), await failure(1, '127.0.0.1'), await failure('/var/run/docker.sock'),
      await dns.promises.lookup('example.com').catch((error) => error.message),
    ];`,
    port,
  );
  const [elsewhere, here, path, name] = (await run({})) as string[];
  t.regex(elsewhere ?? '', /^connect EACCES 10\.0\.0\.1:80 - ./);
  t.is(here, 'connect ECONNREFUSED 127.0.0.1:1');
  t.is(path, 'connect ENOENT /var/run/docker.sock');
  t.regex(name ?? '', /^getaddrinfo EACCES example\.com - ./);
});
