/**
 * A well-behaved function of another trust domain, called all the while a hostile one runs. It has a secret, which must never turn
 * up anywhere else.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Engine, EngineError } from '../../../src/index.ts';
import { waitedForProcessorHereMs, waitedForProcessorMs } from './process-facts.ts';

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
      environment: { SECRET: this.secret },
      code: {
        source: 'exports.handler = async (event) => ({ echo: event.nonce, secret: process.env.SECRET });',
      },
    });
    return this;
  }

  /** Calls until told to stop; answers what was wrong. */
  keepCalling(): { stop(): Promise<readonly string[]> } {
    const stopping = new AbortController();
    const complaints: string[] = [];
    const latencies: number[] = [];
    const calling = (async () => {
      do {
        const waitedMs = this.#waitedMs();
        const startedMs = performance.now();
        const complaint = await this.#call(randomBytes(6).toString('hex'));
        latencies.push(performance.now() - startedMs - (this.#waitedMs() - waitedMs));
        if (complaint !== undefined) complaints.push(complaint);
        await delay(pauseMs);
      } while (!stopping.signal.aborted);
    })();
    return {
      stop: async () => {
        stopping.abort();
        await calling;
        return [...complaints, ...slowness(latencies)];
      },
    };
  }

  /** What a machine with more to run than processors costs this function, as the kernel counts it. */
  #waitedMs(): number {
    const sandbox = this.#engine.stats().sandboxes.find(({ trustDomain }) => trustDomain === this.functionName);
    return waitedForProcessorHereMs() + (sandbox === undefined ? 0 : waitedForProcessorMs(sandbox.pid));
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

const pauseMs = 15;

/**
 * On a quiet machine a warm call takes a millisecond, and the times here are without waiting for a processor. The median may be somewhat
 * more where caches are cold; one answer may be unlucky, but no stall of a second or two may hide in it.
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
const medianMsMax = 20;
const slowestMsMax = 300;
