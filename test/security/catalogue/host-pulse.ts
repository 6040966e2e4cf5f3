/**
 * Whether this process, the host, stays able to answer. Two clocks, because a busy machine is not the host's fault: a turn of the event
 * loop that *used* so much processor time was held by something; one that lasted so long, less what it waited for a processor, was held
 * by anything.
 */
import { waitedForProcessorHereMs } from './process-facts.ts';

interface Turn {
  readonly atMs: number;
  /** Beyond the time that it should have lasted, and without waiting for a processor. */
  readonly heldMs: number;
  readonly cpuMs: number;
}

export class HostPulse implements Disposable {
  readonly #timer: NodeJS.Timeout;
  /** Those that are worth telling of. */
  readonly #turns: Turn[] = [];
  readonly #faults: string[] = [];
  /** The last of all readings, oldest first. */
  readonly #readings: Readings[] = [];
  #now = readings();

  constructor() {
    this.#timer = setInterval(() => this.#beat(), beatMs);
    this.#timer.unref();
    process.on('uncaughtExceptionMonitor', this.#onFault);
  }

  /** Turns since then that were too long, and exceptions that nobody caught. */
  complaintsSince(sinceMs: number): readonly string[] {
    const long = this.#turns
      .filter(({ atMs, heldMs, cpuMs }) => atMs >= sinceMs && (cpuMs > turnMsMax || heldMs > stallMsMax))
      .map(
        ({ heldMs, cpuMs }) =>
          `the host's event loop was held for ${Math.round(heldMs)} ms (${Math.round(cpuMs)} ms of processor time)`,
      );
    return [...long, ...this.#faults];
  }

  /** The longest turn since then, or 0 when none was worth telling of. */
  heldMsSince(sinceMs: number): number {
    return Math.max(0, ...this.#turns.filter(({ atMs }) => atMs >= sinceMs).map(({ heldMs }) => heldMs));
  }

  /** For how long the host was ready to run and had no processor, from then on until then. */
  waitedMsBetween(fromMs: number, untilMs: number): number {
    const at = (ms: number) => this.#readings.findLast(({ wallMs }) => wallMs <= ms)?.waitedMs;
    const [from, until] = [at(fromMs), this.#readings.find(({ wallMs }) => wallMs >= untilMs)?.waitedMs];
    return from === undefined ? 0 : (until ?? waitedForProcessorHereMs()) - from;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    process.off('uncaughtExceptionMonitor', this.#onFault);
  }

  readonly #onFault = (error: unknown): void => {
    this.#faults.push(`the host threw ${error instanceof Error ? error.stack : String(error)}`);
  };

  #beat(): void {
    const before = this.#now;
    this.#now = readings();
    this.#readings.push(this.#now);
    if (this.#readings.length > readingsMax) this.#readings.splice(0, readingsMax / 2);
    const { wallMs, waitedMs, cpuMs } = this.#now;
    const heldMs = wallMs - before.wallMs - beatMs - (waitedMs - before.waitedMs);
    const turn = { atMs: wallMs, heldMs, cpuMs: cpuMs - before.cpuMs };
    if (heldMs > toldMsMin || turn.cpuMs > toldMsMin) this.#turns.push(turn);
  }
}

const beatMs = 10;
const toldMsMin = 20;
/** A health check is answered within this (SECURITY.md, section 3). */
const turnMsMax = 50;
const stallMsMax = 300;

/** Some minutes, which is more than any call takes. */
const readingsMax = 30_000;

interface Readings {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** For a processor, so far. */
  readonly waitedMs: number;
}

function readings(): Readings {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000, waitedMs: waitedForProcessorHereMs() };
}
