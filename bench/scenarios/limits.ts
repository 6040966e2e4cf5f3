/** What holds when functions do not behave: neighbours that take the processor, and functions that never end. */
import { steadyArrivals } from '../arrivals.ts';
import { echo, endless, hog, payloadOf } from '../functions.ts';
import { described } from './cold.ts';
import { inRounds, type ScenarioPlan } from './scenario.ts';

const neighbourTurn = (quick: boolean) => ({ rounds: quick ? 2 : 5, warmUpRounds: 1, spanMs: quick ? 500 : 800 });
const warmUpSpanMs = 200;
const perSecond = 100;
const graceMs = 3_000;
const neighbourNames = ['hog-0', 'hog-1'];

export const neighbour: ScenarioPlan = {
  scenario: {
    name: 'neighbour',
    title: 'Noisy neighbours',
    question: 'What do callers of one function see while two others of the same owner take all the processor they get?',
    axis: { label: 'neighbours that compute', isLogarithmic: false },
    better: 'less',
    baseline: 'child_process',
    kind: 'distribution',
  },
  method: (quick) =>
    `${described(neighbourTurn(quick), `${perSecond} arrivals a second at random moments for ${2 * neighbourTurn(quick).spanMs} ms; from the middle on two other functions compute without end`)} ` +
    `All get the same moments; the round that warms up has ${2 * warmUpSpanMs} ms. Latencies count from the moment that a call was meant to start (no coordinated omission), those of all rounds ` +
    `together; what has no answer ${graceMs / 1000} s after the last arrival has failed.`,
  needs: ['cold start'],
  quickPeers: ['isotherm', 'child_process'],
  async run(context) {
    const { spanMs, ...rounds } = neighbourTurn(context.quick);
    const spans = (round: number) => (round < 0 ? warmUpSpanMs : spanMs);
    const schedules = Array.from({ length: rounds.rounds + rounds.warmUpRounds }, (_, turn) =>
      steadyArrivals(perSecond, 2 * spans(turn - rounds.warmUpRounds), context.random),
    );
    const payload = payloadOf(1_000);
    const functions = [
      { name: 'quiet', source: echo },
      ...neighbourNames.map((name) => ({ name, source: `${hog}\n// ${name}`, timeoutMs: 60_000 })),
    ];
    await inRounds({
      context,
      ...rounds,
      what: 'noisy neighbours',
      at: neighbourNames.length,
      prepare: (client) => client.ask({ type: 'deploy', functions }),
      async turn(client, round, peer) {
        const arrivals = schedules[round + rounds.warmUpRounds] ?? [];
        const loop = { arrivals, names: ['quiet'], payload, answer: payload, graceMs };
        const neighbours = { names: neighbourNames, fromMs: spans(round) };
        const { byArrival, failure } = await client.ask({ type: 'open loop', loop, neighbours });
        const part = (isNoisy: boolean) => {
          const all = byArrival.filter((_, i) => (arrivals[i]?.atMs ?? 0) >= spans(round) === isNoisy);
          const samples = all.filter((ms) => !Number.isNaN(ms));
          const failures = all.length - samples.length;
          return { samples, failures, ...(failures > 0 && failure !== undefined ? { failure } : {}) };
        };
        if (round >= 0) context.record(peer, { ...part(false), unit: 'ms', at: 0 });
        return { ...part(true), phases: [], colds: 0 };
      },
    });
  },
};

const limitMs = 1_000;
const timeoutTurn = (quick: boolean) => ({ rounds: quick ? 1 : 4, warmUpRounds: 0 });

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
