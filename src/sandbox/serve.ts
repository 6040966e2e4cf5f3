/**
 * A sandbox, from its start to its end: it opens what it needs, warms up, locks itself, says hello and then serves calls; from the
 * lock on it opens nothing. It ends when its socket does, and always by a signal: leaving politely while isolates run ends in a
 * crash (SECURITY.md 2.1). `main.ts` runs it as it is written, `start.ts` bundled.
 */
import { readlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { type Duplex, duplexPair } from 'node:stream';
import { systemClock } from '../base/clock.ts';
import { errorStack } from '../base/error-text.ts';
import { ResidentMemory } from '../base/resident-memory.ts';
import type { HardeningReport } from '../model/hardening.ts';
import { limits } from '../model/limits.ts';
import { type Channel, hotWait, openChannel } from '../protocol/channel.ts';
import { decodeCreateReply, decodeEmptyReply, decodeInvokeReply, decodePingReply } from '../protocol/decode.ts';
import { frameTypes, type HelloHead, protocolVersion } from '../protocol/messages.ts';
import type { EnvironmentHost } from './environment.ts';
import { bootGuest, fillAhead } from './guest.ts';
import { isolatedVmVersion } from './ivm.ts';
import { earnedLaneRecord, type LaneRecord, newLaneRecord } from './lane.ts';
import { loadAddon, loadLock, lockSandbox } from './lock.ts';
import { openPackageStore, type PackageStore } from './package-store.ts';
import { PoolLane } from './pool-lane.ts';
import { type IsolateWish, PreparedIsolates } from './prepared-isolates.ts';
import { loadRuntimeImage, type OpenedIsolate, type RuntimeImage } from './runtime-image.ts';
import { Server } from './server.ts';
import { setLongWorkProgram } from './services/crypto/long-work.ts';
import { openers } from './services.ts';
import { Tidier } from './tidier.ts';
import { Traffic } from './traffic.ts';
import { Turns } from './turns.ts';
import { type BackingFile, createBackingFile } from './volume/backing-file.ts';
import { WarmUp, warmBundle, warmDefinition } from './warm-up.ts';
import { Watchdog } from './watchdog.ts';

const socketFd = 3;
const backingFd = 4;
const storeFd = 5;

/** @param given the runtime's directory, the sandbox's id and, in a jail, the paths of the lock module and, for a template, of the other */
export function serve(given: readonly string[]): void {
  process.on('uncaughtException', (error) => die(`uncaught: ${error.stack ?? error}`));
  const [runtimeDirectory, , lockPath, templatePath] = given;
  if (runtimeDirectory === undefined) {
    die('usage: main.ts <runtime directory> <sandbox id> [<lock module> [template module]]');
  }
  const image = loadRuntimeImage(runtimeDirectory);
  const lock = lockPath === undefined ? undefined : loadLock(lockPath);
  const begin = (sandbox: Sandbox, channel: Channel, isForked: 0 | 1): void => {
    sandbox.openResident();
    const hardening = lockSandbox(lock, isForked, process.env);
    sandbox.prepare();
    channel.notify(frameTypes.hello, hello(image, hardening));
  };
  if (templatePath === undefined) {
    const sandbox = new Sandbox(image, openFiles());
    sandbox.warmUp.begin().then(() => begin(sandbox, sandbox.listen(new Socket({ fd: socketFd })), 0), die);
  } else {
    becomeTemplate(image, templatePath).then(({ sandbox, channel }) => begin(sandbox, channel, 1), die);
  }
}

interface Files {
  readonly backing: BackingFile;
  readonly store: PackageStore;
}

function openFiles(): Files {
  return { backing: createBackingFile({ fd: backingFd }), store: openPackageStore(storeFd) };
}

/**
 * Does all that a sandbox does, up to its first answers, and makes the sandbox that each child is: its files and its socket have the
 * numbers that they have there. It works on this thread alone, without a thread of isolated-vm's: a child has none but the one that
 * forked. What it warmed up with stays behind. Resolves in the children.
 * @throws Error when the runtime does not work
 */
async function becomeTemplate(
  image: RuntimeImage,
  templatePath: string,
): Promise<{ readonly sandbox: Sandbox; readonly channel: Channel }> {
  if (image.native === undefined) throw new Error('a template needs the native module');
  const serveHost = loadAddon(templatePath) as (seats: number, nativeModulePath: string) => number;
  const backing = createBackingFile({ fd: -1 });
  const warm = new Sandbox(image, { backing, store: { fd: -1, text: () => warmBundle } }, 'alone');
  await warm.warmUp.begin();
  await converse(warm);
  readOwnMemory()[Symbol.dispose]();
  const sandbox = new Sandbox(image, openFiles());
  // From here on no turn of the loop may come before the fork: it would read what is for the template.
  const channel = sandbox.listen(new Socket({ fd: socketFd }));
  serveHost(limits.templateSeats, image.native.path);
  // Node remembers the template's number, and who ends itself must not mean that one.
  Object.defineProperty(process, 'pid', { value: Number(readlinkSync('/proc/self')) });
  return { sandbox, channel };
}

/**
 * Does what a sandbox does up to its first answers, without a host: whoever records the code of this program that V8 compiled finds
 * all of it that every sandbox needs.
 */
export async function rehearse(runtimeDirectory: string, scratchFd: number): Promise<void> {
  const backing = createBackingFile({ fd: scratchFd });
  const sandbox = new Sandbox(loadRuntimeImage(runtimeDirectory), {
    backing,
    store: { fd: -1, text: () => warmBundle },
  });
  sandbox.openResident();
  await sandbox.warmUp.begin();
  await sandbox.warmUp.finish(() => true);
  await converse(sandbox);
}

/** Is its host for as long as a function lives that does nothing. */
async function converse(sandbox: Sandbox): Promise<void> {
  const [hostEnd, sandboxEnd] = duplexPair();
  sandbox.listen(sandboxEnd);
  const host = openChannel(hostEnd, {
    ...{ incoming: toSandbox, outgoing: toSandbox, callsPendingMax: limits.callsPendingMax },
    ...{ onNotice: () => {}, onCall: () => {}, onProtocolError: die, onEnd: die },
  });
  const environmentId = 'rehearsal';
  const { versionKey } = warmDefinition;
  const invoke = { environmentId, requestId: '', timeoutMs: limits.initTimeoutMs, invokedFunctionArn: '' };
  const create = { ...rehearsal, environmentId, versionKey, initTimeoutMs: limits.initTimeoutMs };
  await host.call(frameTypes.ping, { sentMs: 0 }, decodePingReply);
  await host.call(frameTypes.define, warmDefinition, decodeEmptyReply);
  await Promise.all([
    host.call(frameTypes.create, create, decodeCreateReply),
    host.call(frameTypes.invoke, invoke, decodeInvokeReply, '{}'),
  ]);
  await host.call(frameTypes.invoke, invoke, decodeInvokeReply, '{}');
  await host.call(frameTypes.destroy, { environmentId, keepVolume: false }, decodeEmptyReply);
}

const rehearsal = { logStreamName: '', initializationType: 'on-demand', init: 'now' };

const toSandbox = { frameBytesMax: limits.frameBytesToSandboxMax, headBytesMax: limits.frameHeadBytesMax };
const fromSandbox = { frameBytesMax: limits.frameBytesFromSandboxMax, headBytesMax: limits.frameHeadBytesMax };

class Sandbox {
  /** Before it says hello. */
  readonly warmUp: WarmUp;
  readonly host: EnvironmentHost;
  readonly #files: Files;
  readonly #lanes: LaneRecord;
  readonly #prepared: PreparedIsolates;
  #channel: Channel | undefined;
  #resident: ResidentMemory | undefined;

  /** @param threads `alone`: it runs guests of ours only, and on this thread only */
  constructor(image: RuntimeImage, files: Files, threads: 'alone' | 'pool' = 'pool') {
    this.#files = files;
    this.#lanes = threads === 'alone' ? earnedLaneRecord : newLaneRecord;
    setLongWorkProgram(image.cryptoThread);
    const supervision = threads === 'alone' ? 'unwatched' : new Watchdog(die, image.native?.module);
    const take = (wish: IsolateWish): OpenedIsolate =>
      threads === 'alone' ? image.open(wish.memoryLimitMiB, die) : this.#prepared.take(wish);
    const traffic = new Traffic();
    const defer = (callback: () => void): void => void setImmediate(callback);
    this.#prepared = new PreparedIsolates({
      open: (memoryLimitMiB) => ({ ...image.open(memoryLimitMiB, die), received: new Set() }),
      fill: (opened, { modules, ids }) => fillAhead(image, opened, modules, ids),
      isIdle: () => traffic.isIdle,
      clock: systemClock,
    });
    this.host = {
      openGuest: (settings, calls, memoryLimitMiB, modules) =>
        bootGuest(image, take({ memoryLimitMiB, ...modules }), settings, calls, supervision),
      // isolated-vm has that many threads; with more slices it would start others (SECURITY.md 6.7).
      pool: new PoolLane(availableParallelism() + 1),
      turns: new Turns(defer),
      traffic,
      tidier: new Tidier({
        isIdle: () => traffic.isIdle,
        trimHeap: () => image.native?.trimHeap(),
        clock: systemClock,
      }),
      clock: systemClock,
      random: (byteCount) => crypto.getRandomValues(new Uint8Array(byteCount)).buffer,
      residentBytes: () => this.#resident?.readBytes() ?? 0,
      threadCpuMs: createThreadCpu(),
      sendLog: (head, body) => this.#channel?.notify(frameTypes.log, head, body),
      sendAnswer: (head, body) => this.#channel?.notify(frameTypes.answerChunk, head, body),
      sendOverrun: (head) => this.#channel?.notify(frameTypes.overrun, head),
      sendRequest: (head, body) => this.#channel?.notify(frameTypes.guestRequest, head, body),
      openers,
      defer,
    };
    this.warmUp = new WarmUp(this.host, files.backing, this.#lanes);
  }

  /** For good, before the lock. A process that was forked has to do it itself. */
  openResident(): void {
    this.#resident = readOwnMemory();
  }

  listen(stream: Duplex): Channel {
    const server = new Server({
      host: this.host,
      ...this.#files,
      lanes: this.#lanes,
      clock: systemClock,
      reply: (callId, head, body) => this.#channel?.reply(callId, head, body),
      onBug: (error) => report(errorStack(error)),
    });
    this.#channel = openChannel(stream, {
      ...{ incoming: toSandbox, outgoing: fromSandbox, callsPendingMax: 0 },
      ...hotWait(systemClock, this.host.defer),
      onCall: (frame) => server.serve(frame),
      onNotice: (frame) => server.notice(frame),
      onProtocolError: (error) => die(`protocol error: ${error.message}`),
      onEnd: () => die(undefined),
    });
    return this.#channel;
  }

  /** An isolate for whoever comes first, as soon as nothing runs, and the rest of the warm-up for who has nothing to do for long. */
  prepare(): void {
    this.#prepared.prepare({ memoryLimitMiB: limits.memoryMiBDefault, modules: [], ids: new Set() });
    const { traffic } = this.host;
    const { entered } = traffic;
    systemClock.after(limits.warmUpRestDelayMs, () => {
      this.warmUp
        .finish(() => traffic.entered === entered)
        .catch(() => {
          // It has said hello: the runtime worked then, and a machine that stood still for seconds is no reason to end.
        });
    });
  }
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

/** By name: a forked sandbox takes its template's number for its own. */
function readOwnMemory(): ResidentMemory {
  const memory = new ResidentMemory('self');
  memory.readBytes();
  return memory;
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
  // The lock refuses SIGKILL: one that nobody here sent is somebody else's, whatever runs in this process.
  process.kill(process.pid, 'SIGABRT');
  throw new Error('nobody listens to SIGABRT');
}
