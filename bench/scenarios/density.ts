/** Memory that idle environments take, over all processes that a peer has. */

import { freemem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
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
const memoryShareMax = 0.4;
const settleMs = 1_000;
const settleTimes = 20;

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
    `At ${counts(quick).join(', ')} environments: memory of all processes of the peer (PSS: shared pages count once), less what it took ` +
    `with one environment, divided by those that came since. Measured when it has changed by less than 1 % in ${settleMs / 1000} s` +
    `${quick ? '. Peers are measured at the same time.' : '. One peer after the other. Cold starts beside so many are the last of those that made them, at most 100.'}`,
  needs: ['cold start', 'memory'],
  floors: ['bare isolate'],
  quickPeers: ['isotherm', 'isolated-vm', 'workerd', 'child_process', 'node:vm', 'quickjs'],
  opensPeers: true,
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
  opensPeers: true,
  isLeftOutOfQuick: true,
  run: (context) =>
    hold(context, { scenario: 'density-modules', source: ordinary, answer: ordinaryAnswer, counts: [100] }),
};

function counts(quick: boolean): number[] {
  return quick ? [20] : [10, 100, 1_000];
}

async function hold(context: Context, holding: Holding): Promise<void> {
  let done = 0;
  const one = async (peer: ScenarioPeer) => {
    await context.attempt(peer, () => holdAt(context, peer, holding));
    done += 1;
    context.progress(done / all.length, `memory: ${peer.name} is done`);
  };
  const all = [...context.peers];
  context.progress(0, `memory of idle environments: ${all.map(({ name }) => name).join(', ')}`);
  if (context.quick) await Promise.all(all.map(one));
  else for (const peer of all) await one(peer);
}

async function holdAt(
  context: Context,
  peer: ScenarioPeer,
  { scenario, source, answer, counts }: Holding,
): Promise<void> {
  await using client = await peer.open({ environments: (counts.at(-1) ?? 0) + 1 });
  let made = 0;
  let coldMs: readonly number[] = [];
  const grow = async (to: number) => {
    const functions = distinct('idle', to - made, source, made);
    await client.ask({ type: 'deploy', functions }, 300_000);
    const names = functions.map(({ name }) => name);
    const calls = { names, payload: helloPayload, repeat: 1, pauseMs: 0, answer };
    const { samples, failures, failure } = await client.ask({ type: 'in turn', calls }, 300_000);
    if (failures > 0) throw new Error(`${failures} of ${names.length} environments could not be made: ${failure}`);
    made = to;
    // Those of the second half, beside a number of others that is near enough to the one that is named.
    coldMs = samples.slice(-Math.min(100, Math.ceil(samples.length / 2)));
    return await settled(client, context.signal);
  };
  const base = await grow(1);
  let last = base;
  for (const count of counts) {
    const free = freemem();
    const each = made > 1 ? (last - base) / (made - 1) : 0;
    if (each * (count - made) > free * memoryShareMax) {
      const needed = `${Math.round((each * count) / 1e6)} MB, more than ${memoryShareMax * 100} % of what is free here`;
      context.leaveOut(peer, `${count} environments would take ${needed}`);
      return;
    }
    last = await grow(count + 1);
    context.record(peer, { unit: 'bytes', at: count, samples: [(last - base) / count], failures: 0 });
    // In a quick run peers are in each other's way here.
    if (scenario === 'density' && !context.quick) {
      context.record(peer, { scenario: 'density-cold', unit: 'ms', at: count, samples: [...coldMs], failures: 0 });
    }
  }
}

/** Once it stays what it is: collectors run some time after a peer has nothing to do. */
async function settled(client: DriverClient, signal: AbortSignal | undefined): Promise<number> {
  let last = client.memoryBytes();
  for (let i = 0; i < settleTimes; i += 1) {
    await pause(settleMs, undefined, signal === undefined ? {} : { signal });
    const now = client.memoryBytes();
    if (Math.abs(now - last) < last * 0.01) return now;
    last = now;
  }
  return last;
}
