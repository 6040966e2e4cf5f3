/**
 * One template: a process that has loaded all that a sandbox loads, has met no guest, and forks sandboxes (`native/jail/template.c`,
 * which says what goes over its socket). What a sandbox needs of the host it inherits, so all of it was made before, in seats.
 */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';
import { limits } from '../model/limits.ts';
import { AnswerWatch } from './answer-watch.ts';
import { type YieldingCores, yieldCores } from './core-priority.ts';
import { type LaunchedSandbox, type LaunchOptions, type SandboxChild, socketsOf, spawnSandbox } from './launch.ts';
import { OutputTail } from './output-tail.ts';
import { openScratchFile, type ScratchFile } from './scratch-file.ts';

/** Of the jail's module; the third and later are what a sandbox has from 1 on. */
const controlDescriptor = 3;
const seatsFrom = 6;
const descriptorsOfSeat = 5;
const eventBytes = 8;

type Seat = Pick<LaunchedSandbox, 'socket' | 'output'> & { readonly store: ScratchFile; readonly volumes: ScratchFile };

interface Asked {
  readonly onForked: (launched: LaunchedSandbox) => void;
  readonly onFailure: (error: unknown) => void;
}

/** There is no sandbox of it; whether one can be started is another question. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export class Template {
  readonly pid: number;
  /** It is gone, and with it what it forked: how it ended. Never rejects. */
  readonly ended: Promise<string>;
  /** It forks from now on. Never rejects, and never settles when it ends first. */
  readonly ready: Promise<void>;
  readonly #process: ChildProcess;
  readonly #control: Socket;
  readonly #seats: readonly Seat[];
  readonly #asked = new Map<number, Asked>();
  /** Told to end, and not told of yet. */
  readonly #ending = new Set<number>();
  /** What it forked can be ended only by it or with it: one that does not do what it is told holds up all that wait for that. */
  readonly #watch: AnswerWatch;
  readonly #children = new Map<number, ForkedSandbox>();
  /** To a sandbox, which closes what is in it. */
  readonly #given = new Set<Seat>();
  readonly #ended = Promise.withResolvers<string>();
  /** While it makes itself, which nobody waits for. What it forks somebody may wait for. */
  readonly #yielding: YieldingCores;
  readonly #output = new OutputTail(limits.sandboxOutputTailBytes);
  readonly #ready = Promise.withResolvers<void>();
  #taken = 0;
  #isReady = false;
  #isOver = false;
  #holds = 0;
  #received: Buffer = Buffer.alloc(0);

  /** Resolves when the process exists; `isReady` says when it forks. @throws the system's error */
  static async start(options: LaunchOptions, path: string, clock: Clock): Promise<Template> {
    await using opened = new AsyncDisposableStack();
    const files: Pick<Seat, 'volumes' | 'store'>[] = [];
    for (let seat = 0; seat < limits.templateSeats; seat += 1) {
      const volumes = opened.use(await openScratchFile());
      files.push({ volumes, store: opened.use(await openScratchFile()) });
    }
    const inherited = files.flatMap(({ volumes, store }) => [
      ...(['pipe', 'pipe', 'pipe'] as const),
      ...[volumes.writable.fd, store.readOnly.fd],
    ]);
    // Where a child has its files there must be something: what is free, Node takes for itself.
    await using nothing = await open('/dev/null');
    const descriptors = ['ignore', 'pipe', 'pipe', nothing.fd, nothing.fd, ...inherited] as const;
    const child = await spawnSandbox(options, descriptors, { path, descriptors: inherited.length });
    const seats = files.map((each, at) => ({ ...socketsOf(child, seatsFrom + at * descriptorsOfSeat), ...each }));
    const template = new Template(child, seats, clock);
    opened.move();
    await Promise.all(files.flatMap(({ volumes, store }) => [volumes.writable.close(), store.readOnly.close()]));
    return template;
  }

  private constructor(child: ChildProcess & { readonly pid: number }, seats: readonly Seat[], clock: Clock) {
    this.#watch = new AnswerWatch(clock, () => void this.#process.kill('SIGKILL'));
    this.pid = child.pid;
    this.#yielding = yieldCores(child.pid);
    this.ended = this.#ended.promise;
    this.ready = this.#ready.promise;
    this.#process = child;
    this.#seats = seats;
    const control = child.stdio[controlDescriptor];
    const output = child.stdio[2];
    invariant(control instanceof Socket && output instanceof Socket, 'spawn made no sockets for a template');
    this.#control = control;
    control.on('data', (bytes: Buffer) => this.#receive(bytes));
    control.on('error', () => {}); // The template's end says more, and follows.
    // Unread it would stand still.
    output.on('data', (bytes: Buffer) => this.#output.push(bytes)).on('error', () => {});
    for (const { socket, output: pipes } of seats) for (const pipe of [socket, ...pipes]) pipe.unref();
    for (const each of [control, output, child]) each.unref();
    child.once('exit', (code, signal) => this.#over(signal === null ? `exit code ${code}` : signal));
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isOver;
  }

  /** Somebody waits for it now. */
  hasten(): void {
    if (this.#isOver) return;
    try {
      this.#yielding.raise();
    } catch {
      // What it forked would be as low for good: without it sandboxes are started.
      this.#process.kill('SIGKILL');
    }
  }

  get seatsLeft(): number {
    return this.#seats.length - this.#taken;
  }

  /** `adopt` is called in the turn in which the child is there, so that it misses nothing of it. @throws TemplateError */
  fork<Adopted>(adopt: (launched: LaunchedSandbox) => Adopted): Promise<Adopted> {
    invariant(this.isReady && this.seatsLeft > 0, 'a template that is ready has a seat left');
    const seat = this.#taken;
    this.#taken += 1;
    return new Promise((resolve, reject) => {
      const onForked = (launched: LaunchedSandbox): void => resolve(adopt(launched));
      this.#asked.set(seat, { onForked, onFailure: reject });
      this.#watch.owed();
      this.hold();
      this.#command('f', seat);
    });
  }

  kill(seat: number): boolean {
    if (!this.#children.has(seat)) return false;
    if (!this.#ending.has(seat)) {
      this.#ending.add(seat);
      this.#watch.owed();
    }
    this.#command('k', seat);
    return true;
  }

  /** While it is held, this program waits for what the template tells, or for its end. */
  hold(): void {
    if (this.#holds === 0) for (const each of [this.#control, this.#process]) each.ref();
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) for (const each of [this.#control, this.#process]) each.unref();
  }

  /** It forks no more, and ends when its last child has. */
  retire(): void {
    this.#taken = this.#seats.length;
    if (this.#children.size + this.#asked.size === 0) this.#control.destroy();
  }

  /** Resolves when it is gone, with all that it forked. */
  async end(): Promise<void> {
    this.#process.ref();
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  #command(operation: 'f' | 'k' | 'w', seat: number): void {
    this.#control.write(Uint8Array.of(operation.charCodeAt(0), seat));
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.byteLength === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (this.#received.byteLength >= eventBytes && !this.#isOver) {
      const event = this.#received.subarray(0, eventBytes);
      this.#received = this.#received.subarray(eventBytes);
      this.#event(String.fromCharCode(event.readUInt8(0)), event.readUInt8(1), event.readInt32LE(4));
    }
  }

  #event(kind: string, seat: number, value: number): void {
    switch (kind) {
      case 'r':
        this.hasten();
        this.#isReady = true;
        this.#ready.resolve();
        return;
      case 'f':
        this.#forked(seat, value);
        return;
      case 'x': {
        const asked = this.#answered(seat);
        asked?.onFailure(new TemplateError(`a template could not fork: ${getSystemErrorName(-value)}`));
        if (this.seatsLeft === 0) this.retire();
        return;
      }
      case 'e': {
        const child = this.#children.get(seat);
        this.#children.delete(seat);
        if (this.#ending.delete(seat)) this.#watch.answered();
        this.#command('w', seat);
        child?.end(value);
        if (this.seatsLeft === 0) this.retire();
        return;
      }
      default:
        // It has met no guest, so this is a bug of ours. Nothing that it says is of use.
        this.#process.kill('SIGKILL');
    }
  }

  #forked(seat: number, pid: number): void {
    const asked = this.#answered(seat);
    const made = this.#seats[seat];
    if (asked === undefined || made === undefined) return;
    const { socket, output, store, volumes } = made;
    const child = new ForkedSandbox(this, seat, [null, ...output, socket]);
    this.#children.set(seat, child);
    this.#given.add(made);
    asked.onForked({ child, pid, socket, output, store: store.writable, volumes: volumes.readOnly });
  }

  #answered(seat: number): Asked | undefined {
    const asked = this.#asked.get(seat);
    if (asked !== undefined) {
      this.#asked.delete(seat);
      this.#watch.answered();
      this.release();
    }
    return asked;
  }

  /** The kernel killed what it had forked, as each of them had asked for. */
  #over(status: string): void {
    this.#isOver = true;
    this.#watch.stop();
    for (const seat of [...this.#asked.keys()])
      this.#answered(seat)?.onFailure(new TemplateError('the template ended'));
    for (const [seat, child] of this.#children) {
      this.#children.delete(seat);
      child.end(constants.signals.SIGKILL);
    }
    this.#control.destroy();
    const words = this.#output.text();
    const end = `it ended with ${status}${words === '' ? '' : `: ${words}`}`;
    void this.#closeUnused().then(() => this.#ended.resolve(end));
  }

  async #closeUnused(): Promise<void> {
    // The others are their sandboxes' to close.
    const unused = this.#seats.filter((seat) => !this.#given.has(seat));
    for (const { socket, output } of unused) for (const pipe of [socket, ...output]) pipe.destroy();
    await Promise.all(unused.flatMap(({ store, volumes }) => [store.writable.close(), volumes.readOnly.close()]));
  }
}

/** A sandbox that a template forked, as its supervisor knows processes. */
class ForkedSandbox extends EventEmitter implements SandboxChild {
  readonly stdio: SandboxChild['stdio'];
  readonly #template: Template;
  readonly #seat: number;
  #open: number;
  #isHeld = false;
  #isOver = false;

  constructor(template: Template, seat: number, stdio: readonly (Socket | null)[]) {
    super();
    this.#template = template;
    this.#seat = seat;
    this.stdio = stdio;
    for (const socket of stdio) socket?.once('close', () => this.#closed());
    this.#open = stdio.filter((socket) => socket !== null).length + 1;
  }

  /** One of its pipes, or it itself, which is the last to be told of. */
  #closed(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.unref();
    this.#isOver = true;
    this.emit('close');
  }

  kill(): boolean {
    return this.#template.kill(this.#seat);
  }

  ref(): void {
    if (this.#isHeld || this.#isOver) return;
    this.#isHeld = true;
    this.#template.hold();
  }

  unref(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#template.release();
  }

  /** @param status as waitpid tells it: a signal in the lower seven bits, or a code above them. */
  end(status: number): void {
    const number = status & 0x7f;
    const [signal = null] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
    this.emit('exit', number === 0 ? (status >> 8) & 0xff : null, signal);
    this.#closed();
  }
}
