/** Children of the benchmark: one that answers a line for a line, one that echoes bytes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface LineChild extends Disposable {
  ask(line: string): Promise<number>;
}

export function startLineChild(driver: string): LineChild {
  const child = spawn(process.execPath, ['--no-node-snapshot', fileURLToPath(new URL(driver, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const answer = await lines.next();
      if (answer.done === true) throw new Error(`${driver} ended before it answered ${line}`);
      return Number(answer.value);
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

export interface EchoChild extends Disposable {
  readonly pid: number;
  /** Milliseconds until all of `bytes` came back. */
  roundTrip(bytes: Uint8Array): Promise<number>;
}

export function startEchoChild(): EchoChild {
  const child = spawn(process.execPath, [fileURLToPath(new URL('drivers/echo.ts', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const socket = child.stdio[3] as Duplex;
  if (child.pid === undefined) throw new Error('the echo child could not be started');
  return {
    pid: child.pid,
    async roundTrip(bytes) {
      const from = performance.now();
      socket.write(bytes);
      for (let missing = bytes.length; missing > 0; ) {
        const [chunk] = await once(socket, 'data');
        missing -= chunk.length;
      }
      return performance.now() - from;
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
