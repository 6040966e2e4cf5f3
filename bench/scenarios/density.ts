/** Memory that idle environments take, over all processes that a peer has. */

import { availableParallelism, freemem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { DriverClient } from '../driver-client.ts';
import { hello, helloAnswer, helloPayload, ordinary, ordinaryAnswer } from '../functions.ts';
import { type Context, distinct, type ScenarioPeer, type ScenarioPlan } from './scenario.ts';

interface Holding {
  readonly scenario: 'density' | 'density-modules';
  readonly source: string;
  readonly answer: string;
  readonly counts: readonly number[];
}

/** More than this part of what is free is not taken for one peer. */
const memoryShareMax = 0.25;
/**
 * So many environments are there before what is counted. What a peer starts once, such as a process that is ready for the next trust domain or
 * the one that it is forked from, comes with the first of them, and is no part of what one more takes.
 */
const baseEnvironments = 10;
/** What was started too much of at first, as a second such process, has been given back by then. */
const steadyAfterMs = 12_000;
/** Engines tidy environments that nobody called for a while: isotherm begins a second after the last call. */
const restMs = 2_000;
const settleMs = 1_000;
const settleTimes = 30;
const settledShare = 0.005;

export const density: ScenarioPlan = {
  scenario: {
    name: 'density',
    title: 'Memory of idle environments',
    question: 'What does one more environment take that is up and has nothing to do?',
    axis: { label: 'environments', isLogarithmic: true },
    better: 'less',
    baseline: 'bare isolate',
    kind: 'line',
  },
  beside: [
    {
      name: 'density-cold',
      title: 'Cold start beside idle environments',
      question: 'Does a cold start take longer the more environments a peer holds already?',
      axis: { label: 'environments', isLogarithmic: true },
      better: 'less',
      baseline: 'bare isolate',
      kind: 'line',
    },
  ],
  method: (quick) =>
    `At ${counts(quick).join(', ')} environments more than the first ${baseEnvironments}: memory of all processes of the peer (PSS without pages of files), less what it ` +
    `took with the first ${baseEnvironments}, divided by those that came since. Measured ${restMs / 1000} s after the last call or later, when it has changed by less than ` +
    `${settledShare * 100} % in ${settleMs / 1000} s, with the garbage of the calling process collected; the first time no sooner than ${steadyAfterMs / 1000} s after the peer was opened. ` +
    `${quick ? 'Peers are measured at the same time.' : 'One peer after the other. Cold starts beside so many are the last of those that made them, at most 100.'}`,
  needs: ['cold start', 'memory'],
  floors: ['bare isolate'],
  quickPeers: ['isotherm', 'isolated-vm', 'workerd', 'node:vm', 'quickjs'],
  opensPeers: (quick) => !quick,
  run: (context) =>
    hold(context, { scenario: 'density', source: hello, answer: helloAnswer, counts: counts(context.quick) }),
};

export const densityModules: ScenarioPlan = {
  scenario: {
    name: 'density-modules',
    title: 'Memory of idle environments with http, crypto and fs',
    question: 'What does one more environment take that has loaded what a client of an API typically loads?',
    axis: { label: 'environments', isLogarithmic: true },
    better: 'less',
    baseline: 'bare isolate',
    kind: 'line',
  },
  method: () => 'As the one before, at 100 environments.',
  needs: ['cold start', 'memory', 'modules'],
  floors: ['bare isolate'],
  opensPeers: () => true,
  isLeftOutOfQuick: true,
  run: (context) =>
    hold(context, { scenario: 'density-modules', source: ordinary, answer: ordinaryAnswer, counts: [100] }),
};

function counts(quick: boolean): number[] {
  return quick ? [20] : [10, 100, 1_000];
}

async function hold(context: Context, holding: Holding): Promise<void> {
  const all = [...context.peers];
  await using opened = new AsyncDisposableStack();
  const held = new Map<ScenarioPeer, Held>();
  await pLimit(availableParallelism()).map(all, async (peer) => {
    await context.attempt(peer, async (kept) => {
      // A full run has peers of its own here, since nothing takes environments away again.
      const client = context.quick
        ? kept
        : opened.use(await peer.open({ environments: baseEnvironments + (holding.counts.at(-1) ?? 0) }));
      const environments = new Held(client, holding);
      await environments.grow(baseEnvironments);
      held.set(peer, environments);
    });
    context.progress(0, `${holding.scenario}: ${peer.name} is prepared`);
  });
  let done = 0;
  const one = async (peer: ScenarioPeer) => {
    const environments = held.get(peer);
    if (environments === undefined) return;
    await context.attempt(peer, () =>
      measure(context, peer, environments, holding, (count, share) =>
        context.progress((done + share) / all.length, `memory of ${count} idle environments: ${peer.name}`),
      ),
    );
    if (!context.quick) await environments.client[Symbol.asyncDispose]();
    done += 1;
  };
  if (context.quick) await Promise.all(all.map(one));
  else for (const peer of all) await one(peer);
}

async function measure(
  context: Context,
  peer: ScenarioPeer,
  held: Held,
  { scenario, counts }: Holding,
  progress: (count: number, share: number) => void,
): Promise<void> {
  await rest(held.client.openedAtMs + steadyAfterMs - performance.now(), context.signal);
  const base = await settled(held.client, context.signal);
  let [made, last] = [0, base];
  for (const count of counts) {
    const free = freemem();
    const each = made > 0 ? (last - base) / made : 0;
    if (each * (count - made) > free * memoryShareMax) {
      const needed = `${Math.round((each * count) / 1e6)} MB, more than ${memoryShareMax * 100} % of what is free here`;
      context.leaveOut(peer, `${count} environments would take ${needed}`);
      return;
    }
    progress(count, counts.indexOf(count) / counts.length);
    const coldMs = await held.grow(count - made);
    last = await settled(held.client, context.signal);
    made = count;
    context.record(peer, { unit: 'bytes', at: count, samples: [(last - base) / count], failures: 0 });
    // In a quick run peers are in each other's way here.
    if (scenario === 'density' && !context.quick) {
      context.record(peer, { scenario: 'density-cold', unit: 'ms', at: count, samples: [...coldMs], failures: 0 });
    }
  }
}

/** The environments of one peer. */
class Held {
  readonly client: DriverClient;
  readonly #holding: Holding;
  #made = 0;

  constructor(client: DriverClient, holding: Holding) {
    this.client = client;
    this.#holding = holding;
  }

  /** Makes so many more. Their cold starts, of the second half: beside a number of others that is near enough to the one that is named. */
  async grow(count: number): Promise<readonly number[]> {
    const { scenario, source, answer } = this.#holding;
    const functions = distinct(scenario, count, source, this.#made);
    this.#made += count;
    await this.client.ask({ type: 'deploy', functions }, 300_000);
    const names = functions.map(({ name }) => name);
    const calls = { names, payload: helloPayload, repeat: 1, pauseMs: 0, answer };
    const { samples, failures, failure } = await this.client.ask({ type: 'in turn', calls }, 300_000);
    if (failures > 0) throw new Error(`${failures} of ${names.length} environments could not be made: ${failure}`);
    return samples.slice(-Math.min(100, Math.ceil(samples.length / 2)));
  }
}

/** Once it stays what it is: collectors run some time after a peer has nothing to do. */
async function settled(client: DriverClient, signal: AbortSignal | undefined): Promise<number> {
  await rest(restMs, signal);
  await client.ask({ type: 'collect garbage' });
  let last = client.memoryBytes();
  for (let i = 0; i < settleTimes; i += 1) {
    await rest(settleMs, signal);
    const now = client.memoryBytes();
    if (Math.abs(now - last) < last * settledShare) return now;
    last = now;
  }
  return last;
}

async function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await pause(ms, undefined, signal === undefined ? {} : { signal });
}
