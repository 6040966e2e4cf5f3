/** Calls of functions that have an environment: one after the other, many at once, and as they arrive. */
import { steadyArrivals } from '../arrivals.ts';
import { echo, payloadOf } from '../functions.ts';
import type { Rounds } from '../rounds.ts';
import { described } from './cold.ts';
import { inRounds, type ScenarioPlan } from './scenario.ts';

interface Size {
  readonly bytes: number;
  readonly rounds: Rounds;
  /** Calls in each round. */
  readonly repeat: number;
  /** In those that warm up. V8 takes some thousand calls to optimise what isotherm and workerd run for one; a few dozen lines are warm after a hundred. */
  readonly warmUpRepeat: number;
}

const quickSizes: readonly Size[] = [
  { bytes: 1_000, rounds: { rounds: 3, warmUpRounds: 1 }, repeat: 100, warmUpRepeat: 1_000 },
  { bytes: 100_000, rounds: { rounds: 2, warmUpRounds: 1 }, repeat: 20, warmUpRepeat: 20 },
];
const fullSizes: readonly Size[] = [
  { bytes: 1_000, rounds: { rounds: 20, warmUpRounds: 1 }, repeat: 150, warmUpRepeat: 2_000 },
  { bytes: 100_000, rounds: { rounds: 10, warmUpRounds: 1 }, repeat: 40, warmUpRepeat: 40 },
  { bytes: 5_000_000, rounds: { rounds: 5, warmUpRounds: 1 }, repeat: 3, warmUpRepeat: 3 },
];
const sizesOf = (quick: boolean) => (quick ? quickSizes : fullSizes);

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
    sizesOf(quick)
      .map(
        ({ bytes, rounds, repeat, warmUpRepeat }) =>
          `${bytes / 1000} kB: ${described(rounds, `${repeat} calls one after the other`)} What warms up has ${warmUpRepeat} calls.`,
      )
      .join(' ') +
    ' The echoes over a unix socket are held to two processors and to one, where taskset is there; where all others run is up to the kernel.',
  needs: ['warm call'],
  floors: ['unix socket', 'unix socket on one core', 'node:http'],
  async run(context) {
    const sizes = sizesOf(context.quick);
    for (const [i, { bytes, rounds, repeat, warmUpRepeat }] of sizes.entries()) {
      const payload = payloadOf(bytes);
      const calls = { names: ['warm'], payload, pauseMs: 0, answer: payload };
      await inRounds({
        context,
        ...rounds,
        what: `warm call of ${bytes / 1000} kB`,
        at: bytes,
        progress: [i / sizes.length, (i + 1) / sizes.length],
        ...(i > 0
          ? {}
          : { prepare: (client) => client.ask({ type: 'deploy', functions: [{ name: 'warm', source: echo }] }) }),
        async turn(client, round) {
          const times = { ...calls, repeat: round < 0 ? warmUpRepeat : repeat };
          return { ...(await client.ask({ type: 'in turn', calls: times })), phases: [] };
        },
      });
    }
  },
};

const inFlight = 16;
const throughputTurn = (quick: boolean) =>
  quick
    ? { rounds: 3, warmUpRounds: 1, durationMs: 200, warmUpMs: 400 }
    : { rounds: 8, warmUpRounds: 1, durationMs: 1_000, warmUpMs: 2_000 };

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
    described(
      throughputTurn(quick),
      `${throughputTurn(quick).durationMs} ms with ${inFlight} calls under way, ${throughputTurn(quick).warmUpMs} ms to warm up`,
    ),
  needs: ['http'],
  floors: ['node:http'],
  async run(context) {
    const { durationMs, warmUpMs, ...rounds } = throughputTurn(context.quick);
    const payload = payloadOf(1_000);
    const calls = { names: ['throughput'], payload, repeat: 1, pauseMs: 0, answer: payload };
    await inRounds({
      context,
      ...rounds,
      what: 'throughput over HTTP',
      unit: 'per second',
      prepare: (client) => client.ask({ type: 'deploy', functions: [{ name: 'throughput', source: echo }] }),
      turn: (client, round) =>
        client.ask({ type: 'throughput', calls, inFlight, durationMs: round < 0 ? warmUpMs : durationMs }),
    });
  },
};

const rates = (quick: boolean) => (quick ? [200] : [200, 1_000, 4_000]);
const loadTurn = (quick: boolean) =>
  quick
    ? { rounds: 1, warmUpRounds: 1, durationMs: 500, warmUpMs: 200 }
    : { rounds: 2, warmUpRounds: 1, durationMs: 1_000, warmUpMs: 500 };
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
  quickPeers: ['isotherm', 'isotherm over HTTP', 'isolated-vm', 'workerd'],
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
