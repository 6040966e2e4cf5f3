/** What a driver's process does with its peer: calls in a row, all at once, without end, or as they arrive. Here are all timers. */
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises';
import type { Arrival } from './arrivals.ts';
import type { Answer, RunningPeer } from './drivers/driver.ts';

export interface Phase {
  readonly name: string;
  readonly ms: number;
}

/** Durations between marks; the first counts from now. */
export function measurePhases(): { readonly mark: (name: string) => void; readonly phases: Phase[] } {
  const phases: Phase[] = [];
  let from = performance.now();
  return {
    phases,
    mark(name) {
      const now = performance.now();
      phases.push({ name, ms: now - from });
      from = now;
    },
  };
}

export interface Batch {
  readonly samples: number[];
  readonly phases: { readonly name: string; readonly samples: number[] }[];
  readonly failures: number;
  /** Why the last one failed. */
  readonly failure?: string;
  /** Samples whose call made an environment, as far as the peer tells. */
  readonly colds: number;
}

export interface Calls {
  readonly names: readonly string[];
  readonly payload: string;
  /** Calls of each function, one after the other. */
  readonly repeat: number;
  /** Before each call. */
  readonly pauseMs: number;
  /** The right answer; a call with another one has failed. */
  readonly answer: string;
}

/** One call after the other. */
export async function inTurn(peer: RunningPeer, { names, payload, repeat, pauseMs, answer }: Calls): Promise<Batch> {
  const collector = new Collector(answer);
  for (const name of names) {
    for (let i = 0; i < repeat; i += 1) {
      if (pauseMs > 0) await pause(pauseMs);
      const from = performance.now();
      await collector.collect(from, peer.call(name, payload));
    }
  }
  return collector.batch();
}

/** All at once: each sample counts from the moment that the burst began. */
export async function atOnce(peer: RunningPeer, { names, payload, answer }: Calls): Promise<Batch> {
  const collector = new Collector(answer);
  const from = performance.now();
  await Promise.all(names.map((name) => collector.collect(from, peer.call(name, payload))));
  return collector.batch();
}

/** How much later than its limit a function that never ends is over. One that answers has failed. */
export async function overruns(peer: RunningPeer, name: string, limitMs: number, count: number): Promise<Batch> {
  const samples: number[] = [];
  let failures = 0;
  for (let i = 0; i < count; i += 1) {
    const from = performance.now();
    const ended = await peer.call(name, '{}').then(
      () => false,
      (error: Error) => /tim(ed|e) ?out|interrupted/i.test(error.message),
    );
    const overMs = performance.now() - from - limitMs;
    if (ended && overMs > -limitMs / 2) samples.push(overMs);
    else failures += 1;
  }
  return { samples, phases: [], failures, colds: 0 };
}

const recoveryLanes = 4;
const recoveryWithinMs = 10_000;

export interface Recovery {
  readonly name: string;
  readonly payload: string;
  readonly answer: string;
}

/**
 * How long after the process of a function was killed, with calls of it under way, a call that is made then is answered. It is made
 * again at once when it fails, as a caller would. Those that were under way may fail.
 */
export async function recovery(peer: RunningPeer, { name, payload, answer }: Recovery): Promise<Batch> {
  if (peer.kill === undefined) throw new Error('it has no process that could be killed');
  const warmUp = await inTurn(peer, { names: [name], payload, repeat: 20, pauseMs: 0, answer });
  if (warmUp.failures > 0) return { ...warmUp, samples: [] };
  await using _load = keepBusy(
    peer,
    Array.from({ length: recoveryLanes }, () => name),
    payload,
  );
  await pause(100);
  const from = performance.now();
  await peer.kill(name);
  let failure = 'no right answer';
  do {
    try {
      const got = (await peer.call(name, payload)).payload;
      if (got === answer) return { samples: [performance.now() - from], phases: [], failures: 0, colds: 0 };
      failure = `wrong answer: ${got?.slice(0, 200)}`;
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    await breathe();
  } while (performance.now() - from < recoveryWithinMs);
  return { samples: [], phases: [], failures: 1, failure, colds: 0 };
}

/** Answers in a second with so many calls under way at any time. */
export async function throughput(
  peer: RunningPeer,
  calls: Calls,
  inFlight: number,
  durationMs: number,
): Promise<Batch> {
  const from = performance.now();
  const until = from + durationMs;
  let answers = 0;
  let failures = 0;
  const lane = async () => {
    while (performance.now() < until) {
      const isRight = await peer.call(calls.names[0] ?? '', calls.payload).then(
        ({ payload }) => payload === calls.answer,
        () => false,
      );
      if (isRight) answers += 1;
      else failures += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { samples: [(answers * 1000) / (performance.now() - from)], phases: [], failures, colds: 0 };
}

export interface OpenLoop {
  readonly arrivals: readonly Arrival[];
  /** An arrival's index is a place in here. */
  readonly names: readonly string[];
  readonly payload: string;
  readonly answer: string;
  /** What has not answered so long after the last arrival has failed. */
  readonly graceMs: number;
}

/** Of an open loop: samples in the order of arrival, NaN for what failed. */
export interface OpenLoopBatch extends Batch {
  readonly byArrival: readonly number[];
}

/**
 * Starts each call when it was meant to start, whether or not earlier ones have answered, and counts its latency from that moment even
 * when this process could not start it in time: a peer that stalls is charged for all calls that would have met the stall.
 */
export async function openLoop(
  peer: RunningPeer,
  { arrivals, names, payload, answer, graceMs }: OpenLoop,
): Promise<OpenLoopBatch> {
  const collector = new Collector(answer);
  const byArrival = arrivals.map(() => Number.NaN);
  const begin = performance.now();
  const under: Promise<void>[] = [];
  for (const [i, { atMs, index }] of arrivals.entries()) {
    for (let ahead = begin + atMs - performance.now(); ahead > 0; ahead = begin + atMs - performance.now()) {
      // A timer is a millisecond late or more: the last one is waited for awake, and what arrives meanwhile is handled.
      if (ahead > 2) await pause(Math.floor(ahead - 1));
      else await breathe();
    }
    const one = collector.collect(begin + atMs, peer.call(names[index] ?? '', payload)).then((ms) => {
      if (ms !== undefined) byArrival[i] = ms;
    });
    under.push(one);
  }
  const grace = new AbortController();
  const all = Promise.all(under).then(() => true);
  const isWhole = await Promise.race([all, pause(graceMs, false, { signal: grace.signal })]);
  grace.abort();
  const batch = collector.batch();
  const failures = isWhole ? batch.failures : byArrival.filter(Number.isNaN).length;
  return {
    ...batch,
    failures,
    byArrival: [...byArrival],
    ...(isWhole ? {} : { failure: `no answer after ${graceMs} ms` }),
  };
}

/** Calls functions again and again, each as soon as it has answered, until it is disposed. */
export function keepBusy(peer: RunningPeer, names: readonly string[], payload = '{}'): AsyncDisposable {
  let isOver = false;
  const lane = async (name: string) => {
    while (!isOver) {
      await peer.call(name, payload).catch(() => {});
      // A peer that runs functions on this very thread leaves it for a moment, as a server must.
      await breathe();
    }
  };
  const lanes = Promise.all(names.map(lane));
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await lanes;
    },
  };
}

class Collector {
  readonly #answer: string;
  readonly #samples: number[] = [];
  readonly #phases: (readonly Phase[] | undefined)[] = [];
  #failures = 0;
  #failure: string | undefined;
  #colds = 0;

  constructor(answer: string) {
    this.#answer = answer;
  }

  /** The milliseconds since `from`, or undefined for a failure. */
  async collect(from: number, call: Promise<Answer>): Promise<number | undefined> {
    try {
      const { payload, phases, isCold } = await call;
      const elapsedMs = performance.now() - from;
      if (payload !== undefined && payload !== this.#answer) throw new Error(`wrong answer: ${payload.slice(0, 200)}`);
      this.#samples.push(elapsedMs);
      this.#phases.push(phases);
      if (isCold === true) this.#colds += 1;
      return elapsedMs;
    } catch (error) {
      this.#failures += 1;
      this.#failure = String(error instanceof Error ? error.message : error);
      return undefined;
    }
  }

  batch(): Batch {
    return {
      samples: [...this.#samples],
      phases: phaseTable(this.#samples, this.#phases),
      failures: this.#failures,
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      colds: this.#colds,
    };
  }
}

/** Phases of all samples by name, with what no phase explains as the last one, so that they add up to the samples. */
export function phaseTable(
  samples: readonly number[],
  phases: readonly (readonly Phase[] | undefined)[],
): { readonly name: string; readonly samples: number[] }[] {
  const names = [...new Set(phases.flatMap((each) => each?.map(({ name }) => name) ?? []))];
  if (names.length === 0) return [];
  const named = names.map((name) => ({
    name,
    samples: samples.map((_, i) => sum(phases[i]?.filter((phase) => phase.name === name) ?? [])),
  }));
  const rest = samples.map((sample, i) => Math.max(0, sample - sum(phases[i] ?? [])));
  return [...named, { name: 'call', samples: rest }];
}

function sum(phases: readonly Phase[]): number {
  return phases.reduce((total, { ms }) => total + ms, 0);
}
