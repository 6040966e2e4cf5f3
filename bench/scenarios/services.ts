/** What is around a call: files, many functions that are deployed, and a day of calls. */
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { dayTrace } from '../arrivals.ts';
import type { DriverClient } from '../driver-client.ts';
import { echo, files, filesBytes, hello, helloAnswer, helloPayload, payloadOf } from '../functions.ts';
import { shuffled } from '../random.ts';
import { described } from './cold.ts';
import { distinct, inRounds, type ScenarioPeer, type ScenarioPlan } from './scenario.ts';

const fileTurn = (quick: boolean) =>
  quick ? { rounds: 2, warmUpRounds: 1, repeat: 2 } : { rounds: 10, warmUpRounds: 1, repeat: 5 };

export const temporaryFiles: ScenarioPlan = {
  scenario: {
    name: 'files',
    title: 'Throughput of /tmp',
    question: 'How fast does a function write and read its temporary files?',
    better: 'more',
    baseline: 'child_process',
    kind: 'distribution',
  },
  method: (quick) =>
    described(
      fileTurn(quick),
      `${fileTurn(quick).repeat} warm calls, each writes ${filesBytes / 2 ** 20} MiB, reads it and removes it`,
    ),
  needs: ['cold start', 'files'],
  async run(context) {
    const { repeat, ...rounds } = fileTurn(context.quick);
    const calls = { names: ['files'], payload: '{}', repeat, pauseMs: 0, answer: String(filesBytes) };
    await inRounds({
      context,
      ...rounds,
      what: 'throughput of /tmp',
      unit: 'bytes per second',
      convert: (ms) => (2 * filesBytes * 1000) / ms,
      prepare: (client) => client.ask({ type: 'deploy', functions: [{ name: 'files', source: files }] }),
      async turn(client) {
        return { ...(await client.ask({ type: 'in turn', calls })), phases: [] };
      },
    });
  },
};

const deployed = (quick: boolean) => (quick ? [1, 100] : [1, 10, 100, 1_000, 10_000]);
const dispatchTurn = (quick: boolean) =>
  quick ? { rounds: 4, warmUpRounds: 1, repeat: 10 } : { rounds: 10, warmUpRounds: 1, repeat: 30 };

const overHttpMax = 1_000;

export const dispatch: ScenarioPlan = {
  scenario: {
    name: 'dispatch',
    title: 'Dispatch among many functions',
    question: 'Does a warm call take longer when more functions are deployed?',
    axis: { label: 'functions deployed', isLogarithmic: true },
    better: 'less',
    baseline: 'workerd',
    kind: 'line',
  },
  method: (quick) =>
    described(
      dispatchTurn(quick),
      `${dispatchTurn(quick).repeat} warm calls of each of up to 10 functions among those deployed`,
    ),
  needs: ['registry'],
  quickPeers: ['isotherm', 'workerd'],
  async run(context) {
    const { repeat, ...rounds } = dispatchTurn(context.quick);
    const payload = payloadOf(1_000);
    const steps = deployed(context.quick);
    let before = 0;
    for (const [i, count] of steps.entries()) {
      if (count > overHttpMax) {
        const overHttp = context.peers.find(({ name }) => name === 'isotherm over HTTP');
        const reason = `left out beyond ${overHttpMax} functions: creating them over HTTP takes minutes, and the registry is the library's`;
        if (overHttp) context.leaveOut(overHttp, reason);
      }
      const names = distinct('dispatch', Math.min(10, count), echo).map(({ name }) => name);
      const more = distinct('dispatch', count - before, echo, before);
      before = count;
      await inRounds({
        context,
        ...rounds,
        what: `dispatch among ${count}`,
        at: count,
        progress: [i / steps.length, (i + 1) / steps.length],
        prepare: (client) => client.ask({ type: 'deploy', functions: more }, 600_000),
        async turn(client) {
          const calls = { names, payload, repeat, pauseMs: 0, answer: payload };
          return { ...(await client.ask({ type: 'in turn', calls })), phases: [] };
        },
      });
    }
  },
};

const day = (quick: boolean) =>
  quick ? { functions: 20, calls: 120, durationMs: 1_500 } : { functions: 50, calls: 400, durationMs: 8_000 };
/** Generous, because the day is short and cold starts are not: less would be a few milliseconds in a quick run. */
const keptMinutes = 60;

export const replay: ScenarioPlan = {
  scenario: {
    name: 'replay',
    title: 'A day of calls',
    question: 'Which latencies do callers of many functions see over a day, cold starts included?',
    better: 'less',
    baseline: 'child_process',
    kind: 'distribution',
  },
  beside: [
    {
      name: 'replay-warm',
      title: 'A day of calls: warm share',
      question: 'Which part of the calls of that day found an environment?',
      better: 'more',
      baseline: 'child_process',
      kind: 'distribution',
    },
  ],
  method: (quick) =>
    `${day(quick).calls} calls of ${day(quick).functions} functions over a day that lasts ${day(quick).durationMs / 1000} s, the same day for all: few ` +
    `functions have most of the calls, nights are quiet, each fourth is called by a timer. An environment goes when nobody called it for ${keptMinutes} ` +
    'minutes of that day. Latencies count from the moment that a call was meant to start. One peer after the other, nothing before it.',
  needs: ['cold start', 'eviction'],
  opensPeers: () => true,
  isLeftOutOfQuick: true,
  async run(context) {
    const { arrivals, minuteMs } = dayTrace(day(context.quick), context.random);
    const idleMs = Math.round(keptMinutes * minuteMs);
    const functions = distinct('day', day(context.quick).functions, hello);
    const names = functions.map(({ name }) => name);
    const peers = shuffled(context.peers, context.random);
    await using opened = new AsyncDisposableStack();
    const clients = new Map<ScenarioPeer, DriverClient>();
    await pLimit(availableParallelism()).map(peers, async (peer) => {
      await context.attempt(peer, async () => {
        const client = opened.use(await peer.open({ environments: functions.length, idleMs }));
        await client.ask({ type: 'deploy', functions });
        clients.set(peer, client);
      });
      context.progress(0, `a day of calls: ${peer.name} is prepared`);
    });
    for (const [i, [peer, client]] of [...clients].entries()) {
      context.progress(i / clients.size, `a day of calls: ${peer.name}`);
      await context.attempt(peer, async () => {
        const loop = { arrivals, names, payload: helloPayload, answer: helloAnswer, graceMs: 20_000 };
        const batch = await client.ask({ type: 'open loop', loop });
        await client[Symbol.asyncDispose]();
        const { samples, failures, colds } = batch;
        context.record(peer, { ...batch, phases: [], unit: 'ms' });
        if (samples.length === 0) return;
        const warm = [1 - colds / samples.length];
        context.record(peer, { scenario: 'replay-warm', unit: 'share', samples: warm, failures });
      });
    }
  },
};
