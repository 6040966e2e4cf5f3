/**
 * A well-behaved function of another trust domain, called all the while a hostile one runs. It has a secret, which must never turn
 * up anywhere else.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Engine, EngineError } from '../../../src/index.ts';
import { waitedForProcessorHereMs, waitsOf } from './process-facts.ts';

export interface Served {
  readonly complaints: readonly string[];
  /** In milliseconds, without waiting for a processor. */
  readonly latencies: readonly number[];
}

export class Neighbour {
  readonly secret = `secret-${randomBytes(8).toString('hex')}`;
  readonly functionName: string;
  readonly #engine: Engine;

  constructor(engine: Engine, number: number) {
    this.#engine = engine;
    this.functionName = `neighbour-${number}`;
  }

  async deploy(): Promise<this> {
    await this.#engine.createFunction({
      functionName: this.functionName,
      trustDomain: this.functionName,
      timeout: 20,
      environment: { SECRET: this.secret },
      code: {
        source: 'exports.handler = async (event) => ({ echo: event.nonce, secret: process.env.SECRET });',
      },
    });
    return this;
  }

  /** Calls until told to stop; answers what was wrong, and how long each call took. */
  keepCalling(): { stop(): Promise<Served> } {
    const stopping = new AbortController();
    const complaints: string[] = [];
    const latencies: number[] = [];
    const calling = (async () => {
      do {
        const waits = this.#waits();
        const startedMs = performance.now();
        const complaint = await this.#call(randomBytes(6).toString('hex'));
        // Threads may have waited at the same time, or for something else.
        latencies.push(Math.max(0, performance.now() - startedMs - waitedMs(waits, this.#waits())));
        if (complaint !== undefined) complaints.push(complaint);
        await delay(pauseMs);
      } while (!stopping.signal.aborted);
    })();
    return {
      stop: async () => {
        stopping.abort();
        await calling;
        return { complaints: [...complaints, ...slowness(latencies)], latencies };
      },
    };
  }

  /** How long each thread that may have a part in a call has waited for a processor so far. */
  #waits(): Waits {
    const sandbox = this.#engine.stats().sandboxes.find(({ trustDomain }) => trustDomain === this.functionName);
    return { host: waitedForProcessorHereMs(), threads: sandbox === undefined ? new Map() : waitsOf(sandbox.pid) };
  }

  async #call(nonce: string): Promise<string | undefined> {
    const wanted = { echo: nonce, secret: this.secret };
    const answer = await this.#answer(nonce);
    return isDeepStrictEqual(answer, wanted)
      ? undefined
      : `the neighbour answered ${JSON.stringify(answer)} instead of ${JSON.stringify(wanted)}`;
  }

  async #answer(nonce: string): Promise<unknown> {
    try {
      const result = await this.#engine.invoke({ functionName: this.functionName, payload: JSON.stringify({ nonce }) });
      return JSON.parse(Buffer.from(result.payload).toString());
    } catch (error) {
      if (error instanceof EngineError) return { refusal: `${error.code}: ${error.message}` };
      throw error;
    }
  }
}

interface Waits {
  readonly host: number;
  readonly threads: ReadonlyMap<number, number>;
}

/**
 * What a machine with more to run than processors cost this call, as the kernel counts it. A call is on one thread at a time: the host's,
 * the sandbox's own (the first), and at most one of its pool. Others may have waited meanwhile, which cost it nothing.
 */
function waitedMs(before: Waits, after: Waits): number {
  const [own = 0, ...others] = [...after.threads].map(([thread, ms]) => ms - (before.threads.get(thread) ?? 0));
  return after.host - before.host + own + Math.max(0, ...others);
}

const pauseMs = 15;

/**
 * On a quiet machine a warm call takes a millisecond, and the times here are without waiting for a processor. The median may be somewhat
 * more where caches are cold (2.5 ms was the most of 300 rows on two cores with a load of 25); one answer may be unlucky, but no stall of a
 * second or two may hide in it.
 */
function slowness(latencies: readonly number[]): readonly string[] {
  const sorted = latencies.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const slowest = sorted.at(-1) ?? 0;
  const shown = `${sorted.length} calls, median ${Math.round(median)} ms, slowest ${Math.round(slowest)} ms`;
  return median > medianMsMax || slowest > slowestMsMax ? [`${slow}: ${shown}`] : [];
}

/** How a complaint about latency begins. */
export const slow = 'it was slow';
const medianMsMax = 10;
const slowestMsMax = 250;

export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}
