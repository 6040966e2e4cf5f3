/** What holds when functions do not behave: neighbours that take the processor, and functions that never end. */
import { steadyArrivals } from '../arrivals.ts';
import { echo, endless, hog, payloadOf } from '../functions.ts';
import { described } from './cold.ts';
import { inRounds, type ScenarioPlan } from './scenario.ts';

const seconds = (quick: boolean) => (quick ? 2 : 6);
const perSecond = 50;
const neighbourNames = ['hog-0', 'hog-1'];

export const neighbour: ScenarioPlan = {
  scenario: {
    name: 'neighbour',
    title: 'Noisy neighbours',
    question: 'What do callers of one function see while two others of the same owner take all the processor they get?',
    axis: { label: 'seconds; the neighbours begin in the middle', isLogarithmic: false },
    better: 'less',
    baseline: 'child_process',
    kind: 'timeline',
  },
  method: (quick) =>
    `${perSecond} arrivals a second at random moments for ${seconds(quick)} s, after one call of each function; from the middle on two other ` +
    'functions compute without end. Latencies count from the moment that a call was meant to start. One peer after the other.',
  needs: ['cold start'],
  quickPeers: ['isotherm', 'workerd', 'child_process'],
  async run(context) {
    const durationMs = seconds(context.quick) * 1000;
    const arrivals = steadyArrivals(perSecond, durationMs, context.random);
    const payload = payloadOf(1_000);
    const functions = [
      { name: 'quiet', source: echo },
      ...neighbourNames.map((name) => ({ name, source: `${hog}\n// ${name}`, timeoutMs: 60_000 })),
    ];
    for (const [i, peer] of context.peers.entries()) {
      context.progress(i / Math.max(1, context.peers.length), `noisy neighbours: ${peer.name}`);
      await context.attempt(peer, async (client) => {
        await client.ask({ type: 'deploy', functions });
        const warmUp = { names: ['quiet'], payload, repeat: 20, pauseMs: 0, answer: payload };
        await client.ask({ type: 'in turn', calls: warmUp });
        await client.ask({ type: 'in turn', calls: { ...warmUp, names: neighbourNames, repeat: 1 } });
        const loop = { arrivals, names: ['quiet'], payload, answer: payload, graceMs: context.quick ? 2_000 : 10_000 };
        const neighbours = { names: neighbourNames, fromMs: durationMs / 2 };
        const { byArrival, failure } = await client.ask({ type: 'open loop', loop, neighbours });
        for (let at = 0; at < seconds(context.quick); at += 1) {
          const inSecond = byArrival.filter((_, k) => Math.floor((arrivals[k]?.atMs ?? 0) / 1000) === at);
          const samples = inSecond.filter((ms) => !Number.isNaN(ms));
          const failures = inSecond.length - samples.length;
          const why = failures > 0 && failure !== undefined ? { failure } : {};
          context.record(peer, { unit: 'ms', at, samples, failures, ...why });
        }
      });
    }
  },
};

const limitMs = 1_000;
const timeoutTurn = (quick: boolean) => ({ rounds: quick ? 1 : 5, warmUpRounds: 0 });

export const timeout: ScenarioPlan = {
  scenario: {
    name: 'timeout',
    title: 'Precision of the time limit',
    question: `How much later than its limit of ${limitMs / 1000} s is a function over that computes without end?`,
    better: 'less',
    baseline: 'child_process',
    kind: 'distribution',
  },
  method: (quick) =>
    described(timeoutTurn(quick), 'one call of a function that never ends and had an environment already, or none'),
  needs: ['cold start', 'time limit'],
  quickPeers: ['isotherm', 'child_process'],
  run: (context) =>
    inRounds({
      context,
      ...timeoutTurn(context.quick),
      what: 'precision of the time limit',
      prepare: (client) =>
        client.ask({ type: 'deploy', functions: [{ name: 'endless', source: endless, timeoutMs: limitMs }] }),
      turn: (client) => client.ask({ type: 'overruns', name: 'endless', limitMs, count: 1 }, 20_000),
    }),
};
