/**
 * The least that two processes can do for one message: a unix socket between them, and the same bytes back. Once on two processors, with
 * the two wake-ups that an idle machine takes for a call, and once on one, where the kernel only switches from one to the other. Left to the
 * kernel it would be one or the other by chance, three times apart, and with it what all peers are compared with.
 */
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pin, processors } from '../processors.ts';
import type { Driver, RunningPeer } from './driver.ts';
import { endChild } from './program.ts';

const program = fileURLToPath(new URL('../peers/echo.mjs', import.meta.url));

export const socketEcho: Driver = {
  name: 'unix socket',
  get about() {
    const on = processors().length > 1 ? 'the two on two processors' : 'on whichever processors the kernel chooses';
    return `a Node process that sends back the same bytes over a unix socket, ${on}; no function is run`;
  },
  version: () => process.version,
  isFloor: true,
  lacks: {},
  open: () => open(processors().length > 1 ? processors().slice(0, 2) : []),
};

export const socketEchoOnOne: Driver = {
  name: 'unix socket on one core',
  about: 'the same, the two on one processor, where neither can run beside the other',
  version: () => process.version,
  isFloor: true,
  get lacks() {
    return processors().length > 1
      ? {}
      : { 'warm call': 'it needs taskset of util-linux, and two processors to differ' };
  },
  open: () => open(processors().slice(0, 1)),
};

/** @param on processors of this process and of the other; the last one serves both, none leaves it to the kernel */
async function open(on: readonly number[]): Promise<RunningPeer> {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const socket = child.stdio[3] as Duplex;
  const [ours, theirs = ours] = on;
  if (ours !== undefined && theirs !== undefined && child.pid !== undefined) {
    pin(process.pid, ours);
    pin(child.pid, theirs);
  }
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
}
