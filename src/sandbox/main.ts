/**
 * The sandbox program. The supervisor starts it as `node [flags] main.ts <runtime directory> <sandbox id> [lock module]` with
 * descriptor 3 a socket to the host, 4 the backing file of the `/tmp` volumes and 5 the package store. It opens what it needs,
 * warms up, locks itself, says hello and then serves calls; from the lock on it opens nothing. It ends when its socket does, and
 * always by SIGKILL: leaving politely while isolates run ends in a crash (SECURITY.md 2.1).
 */
import { openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { errorStack } from '../base/error-text.ts';
import { HotWait } from '../base/hot-wait.ts';
import type { HardeningReport } from '../model/hardening.ts';
import { limits } from '../model/limits.ts';
import { type Channel, openChannel } from '../protocol/channel.ts';
import { frameTypes, type HelloHead, protocolVersion } from '../protocol/messages.ts';
import type { EnvironmentHost } from './environment.ts';
import { bootGuest, fillAhead } from './guest.ts';
import { isolatedVmVersion } from './ivm.ts';
import { lockSandbox } from './lock.ts';
import { openPackageStore } from './package-store.ts';
import { PoolLane } from './pool-lane.ts';
import { PreparedIsolates } from './prepared-isolates.ts';
import { loadRuntimeImage } from './runtime-image.ts';
import { Server } from './server.ts';
import { setLongWorkProgram } from './services/crypto/long-work.ts';
import { openers } from './services.ts';
import { Tidier } from './tidier.ts';
import { Traffic } from './traffic.ts';
import { createBackingFile } from './volume/backing-file.ts';
import { warmUp } from './warm-up.ts';
import { Watchdog } from './watchdog.ts';

const socketFd = 3;
const backingFd = 4;
const storeFd = 5;

process.on('uncaughtException', (error) => die(`uncaught: ${error.stack ?? error}`));

const [runtimeDirectory, , lockPath] = process.argv.slice(2);
if (runtimeDirectory === undefined) die('usage: main.ts <runtime directory> <sandbox id> [lock module]');
serve(runtimeDirectory);

function serve(directory: string): void {
  const image = loadRuntimeImage(directory);
  setLongWorkProgram(image.cryptoThread);
  const residentBytes = openResidentBytes();
  const backing = createBackingFile({ fd: backingFd });
  const store = openPackageStore(storeFd);
  const watchdog = new Watchdog(die, image.native?.module);
  const traffic = new Traffic();
  const prepared = new PreparedIsolates({
    open: (memoryLimitMiB) => ({ ...image.open(memoryLimitMiB, die), received: new Set() }),
    fill: (opened, { modules, ids }) => fillAhead(image, opened, modules, ids),
    isIdle: () => traffic.isIdle,
    clock: systemClock,
  });
  const host: EnvironmentHost = {
    openGuest: (settings, calls, memoryLimitMiB, modules) =>
      bootGuest(image, prepared.take({ memoryLimitMiB, ...modules }), settings, calls, watchdog),
    // isolated-vm has that many threads; with more slices it would start others (SECURITY.md 6.7).
    pool: new PoolLane(availableParallelism() + 1),
    traffic,
    tidier: new Tidier({ isIdle: () => traffic.isIdle, clock: systemClock }),
    clock: systemClock,
    random: (byteCount) => crypto.getRandomValues(new Uint8Array(byteCount)).buffer,
    residentBytes,
    threadCpuMs: createThreadCpu(),
    sendLog: (head, body) => channel?.notify(frameTypes.log, head, body),
    sendOverrun: (head) => channel?.notify(frameTypes.overrun, head),
    sendRequest: (head, body) => channel?.notify(frameTypes.guestRequest, head, body),
    openers,
    defer: (callback) => void setImmediate(callback),
  };
  const hotWait = new HotWait({ clock: systemClock, defer: host.defer, windowMs: limits.hotWaitMsMax });
  let channel: Channel | undefined;
  warmUp(host, backing).then(() => {
    const server = new Server({
      host,
      store,
      backing,
      clock: systemClock,
      reply: (callId, head, body) => channel?.reply(callId, head, body),
      onBug: (error) => report(errorStack(error)),
    });
    channel = openChannel(new Socket({ fd: socketFd }), {
      incoming: { frameBytesMax: limits.frameBytesToSandboxMax, headBytesMax: limits.frameHeadBytesMax },
      outgoing: { frameBytesMax: limits.frameBytesFromSandboxMax, headBytesMax: limits.frameHeadBytesMax },
      callsPendingMax: 0,
      ...(availableParallelism() > 1 && { hotWait }),
      onCall: (frame) => server.serve(frame),
      onNotice: (frame) => server.notice(frame),
      onProtocolError: (error) => die(`protocol error: ${error.message}`),
      onEnd: () => die(undefined),
    });
    const hardening = lockSandbox(lockPath, process.env);
    prepared.prepare({ memoryLimitMiB: limits.memoryMiBDefault, modules: [], ids: new Set() });
    channel.notify(frameTypes.hello, hello(image, hardening));
  }, die);
}

function hello(
  { key, kind }: { readonly key: string; readonly kind: HelloHead['runtimeKind'] },
  hardening: HardeningReport,
): HelloHead {
  return {
    protocol: protocolVersion,
    pid: process.pid,
    node: process.versions.node,
    v8: process.versions.v8,
    isolatedVm: isolatedVmVersion,
    runtimeKey: key,
    runtimeKind: kind,
    hardening,
  };
}

/** The system call costs a microsecond or two, a tenth of a warm invocation. */
function createThreadCpu(): EnvironmentHost['threadCpuMs'] {
  const recentMs = 5;
  let askedMs = Number.NEGATIVE_INFINITY;
  let latestMs = 0;
  return (age) => {
    const nowMs = systemClock.nowMs();
    if (age === 'recent' && nowMs - askedMs < recentMs) return latestMs;
    const { user, system } = process.threadCpuUsage();
    askedMs = nowMs;
    latestMs = (user + system) / 1_000;
    return latestMs;
  };
}

/** Opened once and read again and again: later nothing can be opened. */
function openResidentBytes(): () => number {
  const fd = openSync('/proc/self/statm', 'r');
  const text = Buffer.alloc(128);
  const pageBytes = 4_096;
  return () => {
    const [, residentPages] = text.toString('latin1', 0, readSync(fd, text, 0, text.byteLength, 0)).split(' ');
    return Number(residentPages) * pageBytes;
  };
}

function report(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // The host closed the pipe: nobody is left to tell.
  }
}

function die(reason: unknown): never {
  if (reason !== undefined) report(errorStack(reason));
  process.kill(process.pid, 'SIGKILL');
  throw new Error('SIGKILL cannot be ignored');
}
