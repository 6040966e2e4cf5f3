/** Cold starts: from the call of a function that has no environment yet to its answer, in a peer that is up. */
import { bundle, hello, helloAnswer, helloPayload, ordinary, ordinaryAnswer } from '../functions.ts';
import type { Rounds } from '../rounds.ts';
import { type Context, distinct, inRounds, type ScenarioPlan } from './scenario.ts';

const floor = 'bare isolate';

interface ColdCalls extends Rounds {
  readonly context: Context;
  readonly what: string;
  readonly prefix: string;
  readonly source: string;
  readonly answer?: string;
  /** First calls of as many functions, one after the other, in each turn. */
  readonly inARow: number;
  readonly pauseMs: number;
  readonly at?: number;
  readonly progress?: readonly [number, number];
}

/**
 * All environments are kept, as they are in use: one that is made in the memory of another that was just disposed costs a third less.
 * Only where each is a process is it ended after its turn, which leaves nothing to the next and keeps the machine from running full.
 */
async function coldCalls({
  prefix,
  source,
  answer = helloAnswer,
  inARow,
  pauseMs,
  ...options
}: ColdCalls): Promise<void> {
  const { rounds, warmUpRounds } = options;
  const count = (rounds + warmUpRounds) * inARow;
  await inRounds({
    ...options,
    prepare: (client) => client.ask({ type: 'deploy', functions: distinct(prefix, count, source) }),
    async turn(client, round, { environmentIsProcess }) {
      const from = (round + warmUpRounds) * inARow;
      const names = Array.from({ length: inARow }, (_, i) => `${prefix}-${from + i}`);
      const calls = { names, payload: helloPayload, repeat: 1, pauseMs, answer };
      const batch = await client.ask({ type: 'in turn', calls });
      if (environmentIsProcess) await client.ask({ type: 'remove', names });
      return batch;
    },
  });
}

const helloRounds = (quick: boolean): Rounds =>
  quick ? { rounds: 12, warmUpRounds: 1 } : { rounds: 100, warmUpRounds: 3 };

export const cold: ScenarioPlan = {
  scenario: {
    name: 'cold',
    title: 'Cold start, hello world',
    question: 'How long does the first call of a function take, and where does the time go?',
    better: 'less',
    baseline: floor,
    kind: 'phases',
  },
  method: (quick) => described(helloRounds(quick), 'one cold call, 12 ms after the last answer'),
  needs: ['cold start'],
  floors: [floor],
  run: (context) =>
    coldCalls({
      context,
      ...helloRounds(context.quick),
      what: 'cold start',
      prefix: 'cold',
      source: hello,
      inARow: 1,
      pauseMs: 12,
    }),
};

const stormRounds = (quick: boolean) =>
  quick ? { rounds: 2, warmUpRounds: 1, inARow: 5 } : { rounds: 10, warmUpRounds: 1, inARow: 10 };

export const coldStorm: ScenarioPlan = {
  scenario: {
    name: 'cold-storm',
    title: 'Cold starts one right after the other',
    question: 'What does a cold start take when nothing could be prepared between two of them?',
    better: 'less',
    baseline: floor,
    kind: 'phases',
  },
  method: (quick) =>
    described(stormRounds(quick), `${stormRounds(quick).inARow} cold calls, each right after the last answer`),
  needs: ['cold start'],
  quickPeers: ['isotherm', 'isotherm over HTTP', 'isolated-vm', 'workerd', 'node:vm', 'quickjs'],
  floors: [floor],
  run: (context) =>
    coldCalls({
      context,
      ...stormRounds(context.quick),
      what: 'cold starts in a row',
      prefix: 'storm',
      source: hello,
      pauseMs: 0,
    }),
};

const preparedRounds: Rounds = { rounds: 20, warmUpRounds: 1 };
const preparedPauseMs = 150;

export const coldPrepared: ScenarioPlan = {
  scenario: {
    name: 'cold-prepared',
    title: 'Cold start after a pause',
    question: 'What does a cold start take in a peer that had time to prepare what it can?',
    better: 'less',
    baseline: floor,
    kind: 'phases',
  },
  method: () => described(preparedRounds, `one cold call, ${preparedPauseMs} ms after the last answer`),
  needs: ['cold start'],
  floors: [floor],
  isLeftOutOfQuick: true,
  run: (context) =>
    coldCalls({
      context,
      ...preparedRounds,
      what: 'cold start after a pause',
      prefix: 'prepared',
      source: hello,
      inARow: 1,
      pauseMs: preparedPauseMs,
    }),
};

const moduleRounds = (quick: boolean): Rounds =>
  quick ? { rounds: 6, warmUpRounds: 1 } : { rounds: 40, warmUpRounds: 2 };

export const coldModules: ScenarioPlan = {
  scenario: {
    name: 'cold-modules',
    title: 'Cold start with http, crypto and fs',
    question: 'What does a function pay that loads what a client of an API typically loads?',
    better: 'less',
    baseline: floor,
    kind: 'phases',
  },
  method: (quick) => described(moduleRounds(quick), 'one cold call, 60 ms after the last answer'),
  needs: ['cold start', 'modules'],
  quickPeers: ['isotherm', 'workerd', 'child_process'],
  floors: [floor],
  run: (context) =>
    coldCalls({
      context,
      ...moduleRounds(context.quick),
      what: 'cold start with modules',
      prefix: 'modules',
      source: ordinary,
      answer: ordinaryAnswer,
      inARow: 1,
      pauseMs: 60,
    }),
};

const modulesStorm = { rounds: 5, warmUpRounds: 1, inARow: 5 };

export const coldModulesStorm: ScenarioPlan = {
  scenario: {
    name: 'cold-modules-storm',
    title: 'Cold starts with http, crypto and fs one right after the other',
    question: 'What do such functions pay when nothing could be prepared between two of them?',
    better: 'less',
    baseline: floor,
    kind: 'phases',
  },
  method: () => described(modulesStorm, `${modulesStorm.inARow} cold calls, each right after the last answer`),
  needs: ['cold start', 'modules'],
  floors: [floor],
  isLeftOutOfQuick: true,
  run: (context) =>
    coldCalls({
      context,
      ...modulesStorm,
      what: 'cold starts with modules in a row',
      prefix: 'modules-storm',
      source: ordinary,
      answer: ordinaryAnswer,
      pauseMs: 0,
    }),
};

/** Deploying one of 5 MB takes seconds, and no peer that is slow at 1 MB is fast there: the full run has both. */
const bundleBytes = (quick: boolean) => (quick ? [1_000_000] : [1_000_000, 5_000_000]);
const bundleRounds = (quick: boolean): Rounds => ({ rounds: quick ? 2 : 6, warmUpRounds: 1 });

export const coldBundle: ScenarioPlan = {
  scenario: {
    name: 'cold-bundle',
    title: 'Cold start of large bundles',
    question: 'How does a cold start grow with the size of the code?',
    axis: { label: 'bytes of source', isLogarithmic: true },
    better: 'less',
    baseline: 'isolated-vm',
    kind: 'line',
  },
  method: (quick) =>
    `Bundles of ${bundleBytes(quick)
      .map((bytes) => `${bytes / 1e6} MB`)
      .join(
        ' and ',
      )}, each: ${described(bundleRounds(quick), 'one cold call of a bundle of its own, 60 ms after the last answer')}`,
  needs: ['cold start'],
  quickPeers: ['isotherm', 'isolated-vm', 'workerd', 'child_process'],
  async run(context) {
    const sizes = bundleBytes(context.quick);
    for (const [i, bytes] of sizes.entries()) {
      await coldCalls({
        context,
        ...bundleRounds(context.quick),
        what: `cold start of ${bytes / 1e6} MB`,
        prefix: `bundle-${bytes}`,
        source: bundle(bytes),
        inARow: 1,
        pauseMs: 60,
        at: bytes,
        progress: [i / sizes.length, (i + 1) / sizes.length],
      });
    }
  },
};

const burstSize = (quick: boolean) => (quick ? 20 : 100);
const burstRounds = (quick: boolean): Rounds =>
  quick ? { rounds: 1, warmUpRounds: 1 } : { rounds: 3, warmUpRounds: 1 };

export const burst: ScenarioPlan = {
  scenario: {
    name: 'burst',
    title: 'Cold calls all at once',
    question: 'How long does each of many functions wait that are called for the first time at the same moment?',
    axis: { label: 'calls in the burst', isLogarithmic: false },
    better: 'less',
    baseline: 'isolated-vm',
    kind: 'distribution',
  },
  method: (quick) =>
    `${described(burstRounds(quick), `a burst of ${burstSize(quick)}`)} The burst that warms up has 5 calls. Latencies count from the moment of the burst.`,
  needs: ['cold start'],
  quickPeers: ['isotherm', 'isolated-vm', 'workerd'],
  async run(context) {
    const size = burstSize(context.quick);
    await inRounds({
      context,
      ...burstRounds(context.quick),
      what: `burst of ${size}`,
      at: size,
      prepare: (client) =>
        client.ask({
          type: 'deploy',
          functions: distinct('burst', 5 + burstRounds(context.quick).rounds * size, hello),
        }),
      async turn(client, round) {
        const [from, count] = round < 0 ? [0, 5] : [5 + round * size, size];
        const names = Array.from({ length: count }, (_, i) => `burst-${from + i}`);
        const calls = { names, payload: helloPayload, repeat: 1, pauseMs: 0, answer: helloAnswer };
        const batch = await client.ask({ type: 'at once', calls });
        await client.ask({ type: 'remove', names });
        return { ...batch, phases: [] };
      },
    });
  },
};

export function described({ rounds, warmUpRounds }: Rounds, turn: string): string {
  const counted = `${rounds} ${rounds === 1 ? 'round' : 'rounds; in each'}, every peer in a new order: ${turn}.`;
  if (warmUpRounds === 0) return `${counted} Nothing warms up.`;
  return `${counted} ${warmUpRounds} more before ${warmUpRounds === 1 ? 'warms' : 'warm'} up and ${warmUpRounds === 1 ? 'is' : 'are'} not counted.`;
}
