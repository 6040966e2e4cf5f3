/**
 * Where a command writes: its stdout or its stderr, without ever waiting for whoever reads there. Node's own streams may wait: a
 * child that inherits a pipe (esbuild's does) makes it blocking for all who have it, and a host that waits in `write` serves
 * nobody and looks after no sandbox (SECURITY.md R28). What nobody takes waits here, up to a limit; then lines are dropped, counted,
 * and told about where they are missing.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { errorCode } from '../base/error-text.ts';
import { limits } from '../model/limits.ts';

/** Where `invoke` and `serve` write. The others say little and do nothing beside it. */
export interface Outlets {
  readonly stdout: Outlet;
  readonly stderr: Outlet;
}

export interface OutletOptions {
  /** 1 or 2; the tests have others. */
  readonly descriptor: number;
  /** Called when the reader is gone (EPIPE); what waits is dropped. */
  readonly onBroken: () => void;
  /** Called before each write to a descriptor that cannot be opened anew, so that the write does not wait. */
  readonly unblock?: () => void;
}

interface Piece {
  readonly bytes: Uint8Array;
  written: number;
  /** Of what must not be dropped. */
  readonly owed?: PromiseWithResolvers<void>;
}

export class Outlet implements Disposable {
  /** Progress may be shown on one line there. Looked up once: it is asked for every line. */
  readonly isTTY: boolean;
  readonly #options: OutletOptions;
  readonly #target: Target;
  readonly #pieces: Piece[] = [];
  #bytesWaiting = 0;
  #bytesTaken = 0;
  #linesDropped = 0;
  #linesUntold = 0;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = retryMsMin;
  /** What was taken last ends within a line: a function may print half of one. */
  #isWithinLine = false;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#target = targetOf(options.descriptor);
    this.isTTY = isatty(options.descriptor);
  }

  /** In all, since the start. */
  get linesDropped(): number {
    return this.#linesDropped;
  }

  /** Dropped and counted when too much waits already, and from then on until somebody has read what waits. */
  write(text: string): void {
    if (this.#linesUntold > 0 || this.#bytesWaiting + text.length > limits.commandOutputBytesWaitingMax) {
      const lines = linesIn(text);
      this.#linesDropped += lines;
      this.#linesUntold += lines;
      return;
    }
    this.#isWithinLine = !text.endsWith('\n');
    this.#push({ bytes: Buffer.from(text, 'utf8'), written: 0 });
  }

  /** Never dropped: resolves when all of it is written. @throws what the system says, but that nobody reads now */
  async deliver(text: string): Promise<void> {
    const owed = Promise.withResolvers<void>();
    this.#push({ bytes: Buffer.from(text, 'utf8'), written: 0, owed });
    await owed.promise;
  }

  /** Resolves when nothing waits any more, or when nobody has taken anything for so long. */
  async drained(patienceMs: number): Promise<void> {
    for (let waitedMs = 0; this.#pieces.length > 0 && waitedMs < patienceMs; waitedMs += drainLookMs) {
      const taken = this.#bytesTaken;
      await delay(drainLookMs);
      if (this.#bytesTaken > taken) waitedMs = 0;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#retry);
    this.#drop();
    if (this.#target.kind === 'own') closeSync(this.#target.descriptor);
  }

  #push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytesWaiting += piece.bytes.byteLength;
    // Somebody is at it already.
    if (this.#retry === undefined) this.#flush();
  }

  #flush(): void {
    this.#retry = undefined;
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (!this.#advance(piece)) {
        this.#retry = setTimeout(() => this.#flush(), this.#retryMs);
        this.#retryMs = Math.min(2 * this.#retryMs, retryMsMax);
        return;
      }
      this.#retryMs = retryMsMin;
    }
  }

  /** What was dropped is told once all that came before it is written. */
  #next(): Piece | undefined {
    if (this.#pieces.length === 0 && this.#linesUntold > 0) {
      const text = `${this.#isWithinLine ? '\n' : ''}isotherm: ${this.#linesUntold} lines were dropped here, because nobody read them in time\n`;
      this.#isWithinLine = false;
      this.#linesUntold = 0;
      const bytes = Buffer.from(text, 'utf8');
      this.#pieces.push({ bytes, written: 0 });
      this.#bytesWaiting += bytes.byteLength;
    }
    return this.#pieces[0];
  }

  /** Whether anything was taken. */
  #advance(piece: Piece): boolean {
    let count: number;
    try {
      if (this.#target.kind === 'shared') this.#options.unblock?.();
      count = writeSync(this.#target.descriptor, piece.bytes, piece.written, piece.bytes.byteLength - piece.written);
    } catch (error) {
      return this.#afterError(piece, error);
    }
    piece.written += count;
    this.#bytesTaken += count;
    this.#bytesWaiting -= count;
    if (piece.written === piece.bytes.byteLength) {
      this.#pieces.shift();
      piece.owed?.resolve();
    }
    return count > 0;
  }

  /** Full, or a disk without space, or a terminal that is gone: a log is never worth more than the calls it is about. */
  #afterError(piece: Piece, error: unknown): boolean {
    if (errorCode(error) === 'EPIPE') {
      this.#drop();
      this.#options.onBroken();
      return true;
    }
    if (errorCode(error) === 'EAGAIN' || piece.owed === undefined) return false;
    this.#pieces.shift();
    this.#bytesWaiting -= piece.bytes.byteLength - piece.written;
    piece.owed.reject(error);
    return true;
  }

  #drop(): void {
    for (const { owed } of this.#pieces.splice(0)) owed?.resolve();
    this.#bytesWaiting = 0;
  }
}

/** `own`: nobody else has it, so nobody else makes it wait. */
type Target = { readonly kind: 'own' | 'plain' | 'shared'; readonly descriptor: number };

const retryMsMin = 1;
const retryMsMax = 50;
const drainLookMs = 5;

/**
 * A pipe or a terminal is opened anew: the new description does not wait, and is no child's. Sockets cannot be, and neither can what
 * another user opened; a file needs not, and would lose its place.
 */
function targetOf(descriptor: number): Target {
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return { kind: 'plain', descriptor };
  if (stats.isSocket()) return { kind: 'shared', descriptor };
  try {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return { kind: 'own', descriptor: openSync(`/proc/self/fd/${descriptor}`, flags) };
  } catch {
    // Somebody else's, or there is no /proc.
    return { kind: 'shared', descriptor };
  }
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return Math.max(lines, 1);
}
