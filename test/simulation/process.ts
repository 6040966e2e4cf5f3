/**
 * A process that does not exist: what `launch` gives of a child, and the other end of its socket. Bytes and exits travel on the
 * simulation's clock, in the order in which they were sent, and the program inside is somebody else's business.
 */
import { EventEmitter } from 'node:events';
import { openSync } from 'node:fs';
import type { Clock } from '../../src/base/clock.ts';
import type { LaunchedSandbox } from '../../src/supervisor/launch.ts';
import type { RandomNumbers } from '../fixtures/random-numbers.ts';

/** What runs in it. */
export interface Program {
  read(bytes: Uint8Array): void;
  /** It was killed or ended by itself: nothing of it runs any more. */
  stop(): void;
}

export interface ProcessWorld {
  /** Of processes; the host's own may stand still meanwhile. */
  readonly clock: Clock;
  /** Something reaches the host: at once, or when it runs again. */
  reachHost(arrive: () => void): void;
  readonly random: RandomNumbers;
  /** Something happened that must not. */
  broken(what: string): void;
}

/** The package store takes bytes that nobody reads. */
const nowhere = openSync('/dev/null', 'w');
/** Above what Linux gives, so that no real process is ever looked at. */
const firstPid = 10_000_000;

export class SimulatedProcess {
  readonly pid: number;
  readonly sandboxId: string;
  readonly #world: ProcessWorld;
  readonly #child = new SimulatedChild((signal) => this.#signalled(signal));
  readonly #socket = new SimulatedSocket((bytes) => this.#toProgram(bytes));
  readonly #outputs = [new SimulatedSocket(() => undefined), new SimulatedSocket(() => undefined)];
  /** Of the world around it: they go on when it is dead. */
  readonly #around = new Set<Disposable>();
  readonly #inside = new Set<Disposable>();
  #program: Program | undefined;
  #phase: 'running' | 'dead' | 'reaped' = 'running';
  #isStoreOpen = true;
  #isVolumesFileOpen = true;
  hasHungUp = false;
  #lastToProgramMs = 0;
  #lastToHostMs = 0;

  constructor(world: ProcessWorld, number: number, sandboxId: string) {
    this.#world = world;
    this.pid = firstPid + number;
    this.sandboxId = sandboxId;
  }

  run(program: Program): void {
    this.#program = program;
  }

  /** What the supervisor gets to hold. */
  launched(): LaunchedSandbox {
    const store = {
      fd: nowhere,
      close: async () => {
        this.#isStoreOpen = false;
      },
    };
    const volumes = {
      fd: nowhere,
      close: async () => {
        this.#isVolumesFileOpen = false;
      },
    };
    const [stdout, stderr] = this.#outputs;
    this.#child.stdio = [null, stdout, stderr, this.#socket];
    // Only what the supervisor uses of them.
    return {
      child: this.#child,
      pid: this.pid,
      socket: this.#socket,
      output: this.#outputs,
      store,
      volumes,
    } as unknown as LaunchedSandbox;
  }

  get isRunning(): boolean {
    return this.#phase === 'running';
  }

  /** Everything of it is gone, and so is what the host held of it. */
  get isForgotten(): boolean {
    return this.#phase === 'reaped' && !this.#isStoreOpen && !this.#isVolumesFileOpen && this.#around.size === 0;
  }

  /** Calls back while it runs. */
  after(delayMs: number, callback: () => void): void {
    if (this.#phase === 'running') this.#arm(delayMs, callback, this.#inside);
  }

  /** @param onArrival called when the host has read it, if it still reads */
  write(bytes: Uint8Array, onArrival: () => void = () => undefined): void {
    if (this.#phase !== 'running' || this.hasHungUp) return;
    const atMs = Math.max(this.#lastToHostMs, this.#world.clock.nowMs() + this.#latencyMs());
    this.#lastToHostMs = atMs;
    this.#reachHost(atMs - this.#world.clock.nowMs(), () => {
      if (!this.#socket.isOpen) return;
      onArrival();
      this.#socket.emit('data', bytes);
    });
  }

  /** Closes its end of the socket and goes on. */
  hangUp(): void {
    this.hasHungUp = true;
    this.#end();
  }

  /** Ends by itself or was killed: what it wrote still arrives, and its parent learns of it a moment later. */
  die(code: number | null, signal: string | null): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'dead';
    this.#program?.stop();
    for (const timer of this.#inside) timer[Symbol.dispose]();
    const { random, clock } = this.#world;
    const reapMs = random.between(0, 20);
    this.#end();
    this.#reachHost(reapMs, () => {
      this.#phase = 'reaped';
      this.#child.emit('exit', code, signal);
    });
    // Sometimes somebody else holds its pipes open for longer than anybody waits.
    const pipesMs = random.happens(0.05) ? 300 : Math.max(reapMs, this.#lastToHostMs - clock.nowMs());
    this.#reachHost(pipesMs + 0.001, () => this.#child.emit('close', code, signal));
  }

  #end(): void {
    const atMs = Math.max(this.#lastToHostMs, this.#world.clock.nowMs() + this.#latencyMs());
    this.#reachHost(atMs - this.#world.clock.nowMs(), () => {
      if (this.#socket.isOpen) this.#socket.emit('end');
    });
  }

  #signalled(signal: string): void {
    if (signal !== 'SIGKILL') this.#world.broken(`a sandbox got ${signal}`);
    this.die(null, 'SIGKILL');
  }

  #toProgram(bytes: Uint8Array): void {
    const atMs = Math.max(this.#lastToProgramMs, this.#world.clock.nowMs() + this.#latencyMs());
    this.#lastToProgramMs = atMs;
    // The host may use its buffer again.
    const copy = Buffer.from(bytes);
    this.after(atMs - this.#world.clock.nowMs(), () => this.#program?.read(copy));
  }

  #latencyMs(): number {
    return this.#world.random.next() * 2;
  }

  #reachHost(delayMs: number, arrive: () => void): void {
    this.#arm(delayMs, () => this.#world.reachHost(arrive));
  }

  #arm(delayMs: number, callback: () => void, timers = this.#around): void {
    const timer = this.#world.clock.after(delayMs, () => {
      timers.delete(timer);
      callback();
    });
    timers.add(timer);
  }
}

class SimulatedChild extends EventEmitter {
  stdio: readonly unknown[] = [];
  readonly #onSignal: (signal: string) => void;
  #isReaped = false;

  constructor(onSignal: (signal: string) => void) {
    super();
    this.#onSignal = onSignal;
    this.prependListener('exit', () => {
      this.#isReaped = true;
    });
  }

  /** As Node's: a child that was reaped is not signalled. */
  kill(signal: string): boolean {
    if (this.#isReaped) return false;
    this.#onSignal(signal);
    return true;
  }

  ref(): void {}
  unref(): void {}
}

class SimulatedSocket extends EventEmitter {
  isOpen = true;
  readonly #onWrite: (bytes: Uint8Array) => void;

  constructor(onWrite: (bytes: Uint8Array) => void) {
    super();
    this.#onWrite = onWrite;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isOpen) this.#onWrite(bytes);
    return true;
  }

  destroy(): void {
    this.isOpen = false;
  }

  cork(): void {}
  uncork(): void {}
  ref(): void {}
  unref(): void {}
}
