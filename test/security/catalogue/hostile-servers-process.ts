/** The process of `hostile-servers.ts`: says its ports on stdout, and ends when its stdin does. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { HostilePorts } from './hostile-servers.ts';

async function servers(): Promise<HostilePorts> {
  return {
    silent: await listening((socket) => socket.pause()),
    flood: await listening((socket) => forever(socket, Buffer.alloc(64 * 1024, 'x'))),
    reset: await listening((socket) => socket.once('data', () => socket.resetAndDestroy())),
    endlessHead: await listening((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      forever(socket, Buffer.from('X-Header: value\r\n'.repeat(64)));
    }),
    drip: await listening((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(timer));
    }),
    bomb: await listening((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n');
      socket.end(bomb());
    }),
    redirect: await listening((socket) => {
      socket.end('HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    }),
    liar: await listening((socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nHTTP/1.1 200 OK\r\n\r\n',
      );
    }),
    echo: await listening((socket) => socket.pipe(socket)),
  };
}

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    // A client that goes away in the middle is what these servers are for.
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function forever(socket: Socket, bytes: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}

let packed: Buffer | undefined;
function bomb(): Buffer {
  if (packed === undefined) {
    // Members of gzip behind each other are one stream.
    const member = gzipSync(Buffer.alloc(4 * 1024 * 1024));
    packed = Buffer.concat(Array.from({ length: 100 }, () => member));
  }
  return packed;
}

process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(JSON.stringify(await servers()));
