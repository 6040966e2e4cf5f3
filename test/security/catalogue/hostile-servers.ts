/**
 * Servers on this machine that functions may reach and that behave badly: silent, flooding, cutting, lying. They run in a process of
 * their own, so that what they cost is not taken for what the host pays; it ends with this one, and keeps it from ending in no way.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface HostilePorts {
  /** Accepts and never reads, nor says a word. */
  readonly silent: number;
  /** Writes as fast as it is read. */
  readonly flood: number;
  /** Resets each connection at its first byte. */
  readonly reset: number;
  /** A response head without end. */
  readonly endlessHead: number;
  /** A response body of one byte at a time. */
  readonly drip: number;
  /** A response whose gzip unpacks to 400 MiB. */
  readonly bomb: number;
  /** Always sends the client on, to itself. */
  readonly redirect: number;
  /** A response that disagrees with its own length and framing. */
  readonly liar: number;
  /** Says what it hears. */
  readonly echo: number;
}

const program = fileURLToPath(new URL('hostile-servers-process.ts', import.meta.url));

export async function hostileServers(): Promise<HostilePorts> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  child.unref();
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
  return JSON.parse(String(line));
}
