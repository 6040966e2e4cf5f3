/**
 * Whether a sandbox does what none of its guests can have asked for: it has threads without number, or keeps the processor busy though
 * there is nothing to do. Its own program does neither, so it was taken over, or a guest of it runs on that should have ended. Of both its
 * host knows nothing else: memory and heartbeats are in order.
 */
import type { ProcessStat } from '../base/process-stat.ts';
import { limits } from '../model/limits.ts';

export type Exertion = Pick<ProcessStat, 'cpuMs' | 'threads'>;

export class ExertionWatch {
  readonly #read: () => Exertion | undefined;
  readonly #threadsMax: number;
  #before: { readonly atMs: number; readonly cpuMs: number } | undefined;
  #isAsked = false;
  #busyMs = 0;

  /** @param read undefined where it cannot be known */
  constructor(read: () => Exertion | undefined, threadsMax: number) {
    this.#read = read;
    this.#threadsMax = threadsMax;
  }

  /** A guest has something to do. Called for each invocation: it must cost nothing. */
  asked(): void {
    this.#isAsked = true;
  }

  /** Why it is to be ended, if it is. Reads once in a while, however often it is asked. */
  look(nowMs: number): string | undefined {
    const before = this.#before;
    if (before !== undefined && nowMs - before.atMs < limits.exertionIntervalMs) return undefined;
    const exertion = this.#read();
    if (exertion === undefined) return undefined;
    const { cpuMs, threads } = exertion;
    if (threads > this.#threadsMax) return `it has ${threads} threads; at most ${this.#threadsMax} are allowed`;
    const isIdle = before !== undefined && !this.#isAsked;
    this.#isAsked = false;
    this.#before = { atMs: nowMs, cpuMs };
    const elapsedMs = before === undefined ? 0 : nowMs - before.atMs;
    const isBusy = isIdle && cpuMs - before.cpuMs > elapsedMs * limits.idleCpuShareMax;
    // What is tidied up and made ahead takes a second or two.
    this.#busyMs = isBusy ? this.#busyMs + elapsedMs : 0;
    if (this.#busyMs < limits.idleBusyMsMax) return undefined;
    return `it kept the processor busy for ${Math.round(this.#busyMs)} ms though no guest had anything to do (idleBusyMsMax is ${limits.idleBusyMsMax} ms)`;
  }
}
