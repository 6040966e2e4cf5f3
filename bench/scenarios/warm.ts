/** Calls of functions that have an environment: one after the other, many at once, and as they arrive. */
import { steadyArrivals } from '../arrivals.ts';
import { echo, payloadOf } from '../functions.ts';
import { described } from './cold.ts';
import { inRounds, type ScenarioPlan } from './scenario.ts';

const sizes = [
  {
    bytes: 1_000,
    quick: { rounds: 3, warmUpRounds: 1, repeat: 100 },
    full: { rounds: 20, warmUpRounds: 2, repeat: 200 },
  },
  {
    bytes: 100_000,
    quick: { rounds: 2, warmUpRounds: 1, repeat: 20 },
    full: { rounds: 10, warmUpRounds: 1, repeat: 50 },
  },
  {
    bytes: 5_000_000,
    quick: { rounds: 1, warmUpRounds: 1, repeat: 2 },
    full: { rounds: 6, warmUpRounds: 1, repeat: 4 },
  },
];

export const warm: ScenarioPlan = {
  scenario: {
    name: 'warm',
    title: 'Warm call',
    question: 'How long does a call of a function take that is up, by the size of its event and answer?',
    axis: { label: 'bytes of payload, there and back', isLogarithmic: true },
    better: 'less',
    baseline: 'unix socket',
    kind: 'line',
  },
  method: (quick) =>
    sizes
      .map(({ bytes, ...at }) => {
        const rounds = quick ? at.quick : at.full;
        return `${bytes / 1000} kB: ${described(rounds, `${rounds.repeat} calls one after the other`)}`;
      })
      .join(' ') +
    ' The echoes over a unix socket are held to two processors and to one, where taskset is there; where all others run is up to the kernel.',
  needs: ['warm call'],
  floors: ['unix socket', 'unix socket, one core', 'node:http'],
  async run(context) {
    for (const [i, { bytes, ...at }] of sizes.entries()) {
      const { repeat, ...rounds } = context.quick ? at.quick : at.full;
      const payload = payloadOf(bytes);
      const calls = { names: ['warm'], payload, repeat, pauseMs: 0, answer: payload };
      await inRounds({
        context,
        ...rounds,
        what: `warm call of ${bytes / 1000} kB`,
        at: bytes,
        progress: [i / sizes.length, (i + 1) / sizes.length],
        ...(i > 0
          ? {}
          : { prepare: (client) => client.ask({ type: 'deploy', functions: [{ name: 'warm', source: echo }] }) }),
        async turn(client) {
          return { ...(await client.ask({ type: 'in turn', calls })), phases: [] };
        },
      });
    }
  },
};

const inFlight = 16;
const throughputTurn = (quick: boolean) =>
  quick ? { rounds: 3, warmUpRounds: 1, durationMs: 250 } : { rounds: 10, warmUpRounds: 1, durationMs: 1_000 };

export const throughput: ScenarioPlan = {
  scenario: {
    name: 'throughput',
    title: 'Throughput over HTTP',
    question: `How many calls of one function with 1 kB are answered in a second over ${inFlight} connections?`,
    better: 'more',
    baseline: 'node:http',
    kind: 'distribution',
  },
  method: (quick) =>
    described(throughputTurn(quick), `${throughputTurn(quick).durationMs} ms with ${inFlight} calls under way`),
  needs: ['http'],
  floors: ['node:http'],
  async run(context) {
    const { durationMs, ...rounds } = throughputTurn(context.quick);
    const payload = payloadOf(1_000);
    const calls = { names: ['throughput'], payload, repeat: 1, pauseMs: 0, answer: payload };
    await inRounds({
      context,
      ...rounds,
      what: 'throughput over HTTP',
      unit: 'per second',
      prepare: (client) => client.ask({ type: 'deploy', functions: [{ name: 'throughput', source: echo }] }),
      turn: (client) => client.ask({ type: 'throughput', calls, inFlight, durationMs }),
    });
  },
};

const rates = (quick: boolean) => (quick ? [200] : [200, 1_000, 4_000]);
const loadTurn = (quick: boolean) =>
  quick
    ? { rounds: 1, warmUpRounds: 1, durationMs: 700, warmUpMs: 200 }
    : { rounds: 3, warmUpRounds: 1, durationMs: 1_000, warmUpMs: 500 };
const graceMs = 3_000;

export const load: ScenarioPlan = {
  scenario: {
    name: 'load',
    title: 'Sustained load that does not wait',
    question: 'Which latencies do callers see who arrive on their own, whether or not the last one was answered?',
    axis: { label: 'arrivals per second', isLogarithmic: true },
    better: 'less',
    baseline: 'isolated-vm',
    kind: 'line',
  },
  method: (quick) =>
    `${described(loadTurn(quick), `${loadTurn(quick).durationMs} ms of arrivals at random moments (Poisson)`)} All get the same ` +
    'moments. A latency counts from the moment that a call was meant to start (no coordinated omission); what has no answer ' +
    `${graceMs / 1000} s after the last arrival has failed.`,
  needs: ['warm call'],
  quickPeers: ['isotherm', 'isotherm over HTTP', 'isolated-vm', 'workerd', 'child_process'],
  async run(context) {
    const { durationMs, warmUpMs, ...rounds } = loadTurn(context.quick);
    const payload = payloadOf(1_000);
    for (const [i, perSecond] of rates(context.quick).entries()) {
      const schedules = Array.from({ length: rounds.rounds + rounds.warmUpRounds }, (_, turn) =>
        steadyArrivals(perSecond, turn < rounds.warmUpRounds ? warmUpMs : durationMs, context.random),
      );
      await inRounds({
        context,
        ...rounds,
        what: `load of ${perSecond} per second`,
        at: perSecond,
        progress: [i / rates(context.quick).length, (i + 1) / rates(context.quick).length],
        ...(i > 0
          ? {}
          : { prepare: (client) => client.ask({ type: 'deploy', functions: [{ name: 'load', source: echo }] }) }),
        async turn(client, round) {
          const arrivals = schedules[round + rounds.warmUpRounds] ?? [];
          const loop = { arrivals, names: ['load'], payload, answer: payload, graceMs };
          return { ...(await client.ask({ type: 'open loop', loop })), phases: [] };
        },
      });
    }
  },
};
