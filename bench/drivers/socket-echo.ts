/** The least that two processes can do for one message: a unix socket between them, and the same bytes back. */
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Driver } from './driver.ts';
import { endChild } from './program.ts';

const program = fileURLToPath(new URL('../peers/echo.mjs', import.meta.url));

export const socketEcho: Driver = {
  name: 'unix socket',
  about: 'a Node process that sends back the same bytes over a unix socket; no function is run',
  version: () => process.version,
  isFloor: true,
  lacks: {},
  async open() {
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    const socket = child.stdio[3] as Duplex;
    return {
      async deploy() {},
      async call(_name, payload) {
        const bytes = Buffer.from(payload);
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        const chunks: Buffer[] = [];
        let missing = bytes.length;
        const take = (chunk: Buffer) => {
          chunks.push(chunk);
          missing -= chunk.length;
          if (missing > 0) return;
          socket.off('data', take).off('error', reject);
          resolve(Buffer.concat(chunks).toString());
        };
        socket.on('data', take).on('error', reject);
        socket.write(bytes);
        return { payload: await promise };
      },
      async remove() {},
      [Symbol.asyncDispose]: () => endChild(child, 'SIGKILL'),
    };
  },
};
