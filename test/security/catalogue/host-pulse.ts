/**
 * Whether this process, the host, stays able to answer. Two clocks, because a busy machine is not the host's fault: a turn of the event
 * loop that *used* so much processor time was held by something; one that lasted half a second was held by anything.
 */

export class HostPulse implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #turns: { readonly atMs: number; readonly wallMs: number; readonly cpuMs: number }[] = [];
  readonly #faults: string[] = [];
  #wallMs = performance.now();
  #cpuMs = threadCpuMs();

  constructor() {
    this.#timer = setInterval(() => this.#beat(), beatMs);
    this.#timer.unref();
    process.on('uncaughtExceptionMonitor', this.#onFault);
  }

  /** Turns since then that were too long, and exceptions that nobody caught. */
  complaintsSince(sinceMs: number): readonly string[] {
    const long = this.#turns
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(
        ({ wallMs, cpuMs }) =>
          `the host's event loop was held for ${Math.round(wallMs)} ms (${Math.round(cpuMs)} ms of processor time)`,
      );
    return [...long, ...this.#faults];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    process.off('uncaughtExceptionMonitor', this.#onFault);
  }

  readonly #onFault = (error: unknown): void => {
    this.#faults.push(`the host threw ${error instanceof Error ? error.stack : String(error)}`);
  };

  #beat(): void {
    const [wallMs, cpuMs] = [performance.now(), threadCpuMs()];
    const turn = { atMs: wallMs, wallMs: wallMs - this.#wallMs - beatMs, cpuMs: cpuMs - this.#cpuMs };
    this.#wallMs = wallMs;
    this.#cpuMs = cpuMs;
    if ((turn.wallMs > turnMsMax && turn.cpuMs > turnMsMax) || turn.wallMs > stallMsMax) this.#turns.push(turn);
  }
}

const beatMs = 10;
/** A health check is answered within this. */
const turnMsMax = 50;
const stallMsMax = 500;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
