/**
 * The program in a simulated process: it speaks the protocol, keeps environments without guests, and does what the script of each
 * invocation says, good or bad. It also keeps watch from the inside: whatever the host must never ask of a sandbox is broken.
 */
import { decodeCreate, decodeDefine, decodeDestroy, decodeInvoke } from '../../src/protocol/decode.ts';
import { encodeFrame, FrameDecoder } from '../../src/protocol/frame.ts';
import {
  type CreateReply,
  type Frame,
  type FrameType,
  frameTypes,
  type InitReport,
  type InvokeReply,
} from '../../src/protocol/messages.ts';
import { hello } from '../fixtures/sandboxes/hello.ts';
import type { Program, SimulatedProcess } from './process.ts';
import type { Script, World } from './world.ts';

interface Environment {
  readonly environmentId: string;
  readonly versionKey: string;
  /** Between its create and the answer to it. */
  phase: 'making' | 'made' | 'ended';
  runs: number | undefined;
  /** Frames that came while it was being made. */
  readonly waiting: (() => void)[];
}

const sizes = { frameBytesMax: 16 * 1024 * 1024, headBytesMax: 256 * 1024 };
const MiB = 1024 * 1024;

export class SimulatedSandbox implements Program {
  readonly process: SimulatedProcess;
  /** What it did that the host may kill it for. */
  readonly guilt = new Set<'deadline' | 'heartbeat' | 'memory' | 'protocol'>();
  readonly #world: World;
  readonly #decoder = new FrameDecoder(sizes, (frame) => this.#receive(frame));
  readonly #defined = new Set<string>();
  readonly #environments = new Map<string, Environment>();
  /** Environments that were destroyed with their `/tmp` kept. */
  readonly #volumes = new Map<string, string>();
  readonly #functions = new Set<string>();
  readonly #backlog: Frame[] = [];
  #residentBytes = 60 * MiB;
  /** Its main thread runs nothing else until then. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(world: World, process: SimulatedProcess) {
    this.#world = world;
    this.process = process;
    process.run(this);
  }

  /** @param script how it starts */
  start(script: 'well' | 'never' | 'dies' | 'another runtime' | 'slowly'): void {
    const { random } = this.#world;
    const delayMs = script === 'slowly' ? random.between(1_000, 5_000) : random.between(40, 120);
    switch (script) {
      case 'never':
        this.guilt.add('deadline');
        return;
      case 'dies':
        this.process.after(delayMs, () => this.process.die(1, null));
        return;
      case 'another runtime':
        this.guilt.add('protocol');
        this.process.after(delayMs, () => this.#send(frameTypes.hello, 0, hello({ runtimeKey: 'another' })));
        return;
      case 'well':
      case 'slowly':
        this.process.after(delayMs, () => this.#greet());
        return;
      default:
        script satisfies never;
    }
  }

  #greet(): void {
    const { random, chances, runtimeKey } = this.#world;
    this.#send(frameTypes.hello, 0, hello({ runtimeKey }));
    if (random.happens(chances.blankDies)) this.process.after(random.between(0, 500), () => this.process.die(9, null));
  }

  stop(): void {
    this.#isStopped = true;
    this.#decoder.stop();
  }

  read(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  /** Stuck for a while from outside, as by SIGSTOP. */
  hold(ms: number): void {
    this.guilt.add('heartbeat').add('deadline');
    this.#hold(ms);
  }

  get environmentsRunning(): number {
    return [...this.#environments.values()].filter(({ runs }) => runs !== undefined).length;
  }

  // Frames.

  #receive(frame: Frame): void {
    if (this.#isHeld()) this.#backlog.push(frame);
    else this.#handle(frame);
  }

  #isHeld(): boolean {
    return this.#world.clock.nowMs() < this.#heldUntilMs;
  }

  #hold(ms: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, this.#world.clock.nowMs() + ms);
    if (Number.isFinite(this.#heldUntilMs)) this.process.after(ms, () => this.#catchUp());
  }

  #catchUp(): void {
    while (!this.#isHeld()) {
      const frame = this.#backlog.shift();
      if (frame === undefined) return;
      this.#handle(frame);
    }
  }

  /** What it does after a while, on its main thread. */
  #later(ms: number, act: () => void): void {
    this.process.after(ms, () => {
      const waitMs = this.#heldUntilMs - this.#world.clock.nowMs();
      if (waitMs <= 0) act();
      else if (Number.isFinite(waitMs)) this.#later(waitMs, act);
    });
  }

  #send(type: FrameType, callId: number, head: object, body = '', onArrival?: () => void): void {
    const chunks: Uint8Array[] = [];
    encodeFrame({ type, callId, head, body }, sizes, chunks);
    this.process.write(Buffer.concat(chunks), onArrival);
  }

  #handle(frame: Frame): void {
    if (this.#isStopped) return;
    switch (frame.type) {
      case frameTypes.ping:
        this.#send(frameTypes.reply, frame.callId, {
          environments: this.#environments.size,
          rssBytes: this.#residentBytes,
        });
        return;
      case frameTypes.define:
        this.#define(frame);
        return;
      case frameTypes.create:
        this.#create(frame);
        return;
      case frameTypes.destroy:
        this.#destroy(frame);
        return;
      case frameTypes.invoke: {
        const environment = this.#environments.get(decodeInvoke(frame.head).environmentId);
        if (environment?.phase === 'making') environment.waiting.push(() => this.#invoke(frame, environment));
        else this.#invoke(frame, environment);
        return;
      }
      default:
        this.#world.broken(`the host sent a frame of type ${frame.type}`);
    }
  }

  #define(frame: Frame): void {
    const { versionKey } = decodeDefine(frame.head);
    if (this.#world.random.happens(this.#world.chances.defineFails)) {
      this.#send(frameTypes.reply, frame.callId, { failed: 'the disk is full' });
      return;
    }
    this.#defined.add(versionKey);
    this.#send(frameTypes.reply, frame.callId, {});
    return;
  }

  #create(frame: Frame): void {
    const { environmentId, versionKey, init, initTimeoutMs, inheritsFrom } = decodeCreate(frame.head);
    const { random, chances } = this.#world;
    if (!this.#defined.has(versionKey)) {
      this.#send(frameTypes.reply, frame.callId, { failed: `there is no ${versionKey}` });
      return;
    }
    if (this.#environments.has(environmentId)) this.#world.broken('an environment is made twice');
    const functionName = this.#world.functionOf(versionKey);
    this.#functions.add(functionName);
    this.#world.assertMayShare([...this.#functions]);
    if (inheritsFrom !== undefined) {
      const volumeOf = this.#volumes.get(inheritsFrom);
      if (volumeOf === undefined) this.#world.broken('an heir of an environment whose /tmp is not here');
      else if (volumeOf !== versionKey) this.#world.broken('an heir of another version');
      this.#volumes.delete(inheritsFrom);
    }
    const environment: Environment = { environmentId, versionKey, phase: 'making', runs: undefined, waiting: [] };
    this.#environments.set(environmentId, environment);

    const script = random.weighted({ well: 1 - chances.createFails, ...scaled(createFaults, chances.createFails) });
    const isolateMs = random.between(2, 20);
    const reply = (report: InitReport, ms: number) => {
      this.#later(isolateMs + ms, () => {
        const head: CreateReply = { init: init === 'deferred' ? { status: 'deferred' } : report, isolateMs };
        environment.phase = 'made';
        this.#send(frameTypes.reply, frame.callId, head);
        for (const run of environment.waiting.splice(0)) run();
      });
    };
    const initMs = init === 'deferred' ? 0 : random.between(0, 60);
    switch (script) {
      case 'well':
        reply({ status: 'success', durationMs: initMs }, initMs);
        return;
      case 'throws':
        reply({ status: 'error', durationMs: initMs, errorType: 'TypeError' }, initMs);
        return;
      case 'exits':
        reply({ status: 'exit', durationMs: initMs, code: 1 }, initMs);
        return;
      case 'times out':
        reply({ status: 'timeout', durationMs: initTimeoutMs }, init === 'deferred' ? 0 : initTimeoutMs);
        return;
      case 'refuses':
        this.#environments.delete(environmentId);
        this.#send(frameTypes.reply, frame.callId, { failed: 'no isolate to be had' });
        return;
      case 'crashes':
        this.process.after(isolateMs, () => this.process.die(null, 'SIGSEGV'));
        return;
      case 'hangs':
        this.guilt.add('deadline');
        return;
      case 'bad reply':
        this.guilt.add('protocol');
        this.#send(frameTypes.reply, frame.callId, { init: { status: 'splendid' }, isolateMs });
        return;
      default:
        script satisfies never;
    }
  }

  #destroy(frame: Frame): void {
    const { environmentId, keepVolume } = decodeDestroy(frame.head);
    const { random, chances } = this.#world;
    const environment = this.#environments.get(environmentId);
    if (environment !== undefined) {
      if (environment.runs !== undefined) this.#world.broken('an environment is destroyed while it runs');
      this.#environments.delete(environmentId);
      if (keepVolume) this.#volumes.set(environmentId, environment.versionKey);
    } else if (!keepVolume) {
      this.#volumes.delete(environmentId);
    }
    if (random.happens(chances.destroyFails)) {
      this.#send(frameTypes.reply, frame.callId, { failed: 'it does not end' });
      return;
    }
    this.#later(random.between(0, 5), () => this.#send(frameTypes.reply, frame.callId, {}));
    return;
  }

  #invoke(frame: Frame, environment: Environment | undefined): void {
    // It still runs, but what it does no host can know, nor undo: only one that was taken over goes on without its host.
    if (this.process.hasHungUp) return;
    const { environmentId, requestId, timeoutMs } = decodeInvoke(frame.head);
    if (environment === undefined) {
      // Its create was refused; this one was sent right behind.
      this.#send(frameTypes.reply, frame.callId, { failed: `there is no environment ${environmentId}` });
      return;
    }
    const { n, script, ms, versionKey } = JSON.parse(Buffer.from(frame.body).toString()) as Order;
    if (environment.runs !== undefined) this.#world.broken('two invocations at once in one environment');
    if (environment.phase === 'ended') this.#world.broken('an environment that failed is used again');
    if (environment.versionKey !== versionKey)
      this.#world.broken(`${versionKey} was asked for, ${environment.versionKey} ran`);
    environment.runs = n;
    this.#world.began(n, timeoutMs, this);

    const end = (outcome: InvokeReply['outcome'], body = '') => {
      environment.runs = undefined;
      if (!reusable.has(outcome.kind)) environment.phase = 'ended';
      const head: InvokeReply = {
        outcome,
        ...{ durationMs: ms, freezeMs: 0, memoryPeakBytes: 10 * MiB, longestSliceMs: 1 },
      };
      this.#send(frameTypes.reply, frame.callId, head, body, () => this.#world.arrived(n, outcome.kind, this));
    };
    const succeed = () => end({ kind: 'success' }, JSON.stringify({ n }));
    switch (script) {
      case 'answer':
        this.#later(ms, succeed);
        return;
      case 'throw':
        this.#later(ms, () => end({ kind: 'error', errorType: 'Error' }, '{}'));
        return;
      case 'die inside':
        this.#later(ms, () => end({ kind: 'fatal', errorType: 'Error' }, '{"errorType":"fatal"}'));
        return;
      case 'exit':
        this.#later(ms, () => end({ kind: 'exit', code: 1 }));
        return;
      case 'fill the heap':
        this.#later(ms, () => end({ kind: 'out-of-memory' }));
        return;
      case 'answer too much':
        this.#later(ms, () => end({ kind: 'response-too-large', payloadBytes: 7 * MiB }));
        return;
      case 'loop':
        this.#later(timeoutMs + this.#world.random.between(1, 20), () => end({ kind: 'timeout' }));
        return;
      case 'run on':
        this.guilt.add('deadline');
        return;
      case 'stick':
        // The main thread itself: not even the heartbeat is answered.
        this.guilt.add('deadline');
        this.#hold(Number.POSITIVE_INFINITY);
        return;
      case 'slice':
        // Its neighbours may wait for longer than they have.
        this.guilt.add('deadline');
        this.#later(ms, succeed);
        this.#hold(ms);
        return;
      case 'crash':
        this.process.after(ms, () => this.process.die(null, 'SIGTRAP'));
        return;
      case 'grow':
        this.guilt.add('memory').add('deadline');
        this.#residentBytes = 8_000 * MiB;
        return;
      case 'hang up':
        this.guilt.add('deadline').add('heartbeat');
        this.process.after(ms, () => this.process.hangUp());
        return;
      case 'log and answer':
        this.#send(frameTypes.log, 0, { environmentId, requestId, kind: 'line' }, 'hello\n');
        this.#later(ms, succeed);
        return;
      case 'garbage':
      case 'unknown id':
      case 'answer twice':
      case 'bad reply':
      case 'forge a log':
      case 'cut':
        this.guilt.add('protocol').add('deadline');
        this.#later(ms, () => this.#offend(script, frame, succeed));
        return;
      default:
        script satisfies never;
    }
  }

  #offend(script: Script, frame: Frame, succeed: () => void): void {
    switch (script) {
      case 'garbage':
        this.process.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\n<html>'));
        return;
      case 'unknown id':
        this.#send(frameTypes.reply, 4_000_000, { outcome: { kind: 'success' } });
        return;
      case 'answer twice':
        succeed();
        this.#send(frameTypes.reply, frame.callId, {});
        return;
      case 'bad reply':
        this.#send(frameTypes.reply, frame.callId, { outcome: { kind: 'glorious' } });
        return;
      case 'forge a log':
        this.#send(frameTypes.log, 0, { environmentId: 'another', kind: 'line' }, 'forged\n');
        return;
      case 'cut':
        this.process.write(Buffer.from([0, 0, 0, 50, frameTypes.reply, 0]));
        this.process.die(null, 'SIGSEGV');
        return;
      default:
        this.#world.broken(`nobody knows how to ${script}`);
        return;
    }
  }
}

export interface Order {
  /** Which call of the schedule. */
  readonly n: number;
  readonly script: Script;
  readonly ms: number;
  readonly versionKey: string;
}

const reusable: ReadonlySet<string> = new Set(['success', 'error', 'response-too-large']);

const createFaults = {
  throws: 4,
  exits: 2,
  'times out': 1,
  refuses: 1,
  crashes: 2,
  hangs: 1,
  'bad reply': 1,
};

function scaled<Key extends string>(weights: Readonly<Record<Key, number>>, sum: number): Record<Key, number> {
  const all = Object.values<number>(weights).reduce((total, weight) => total + weight, 0);
  const result = { ...weights } as Record<Key, number>;
  for (const key of Object.keys(weights) as Key[]) result[key] = (weights[key] * sum) / all;
  return result;
}
