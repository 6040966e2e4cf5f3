/**
 * Cold starts: from the call of a function that has no environment yet to its answer, in a sandbox that is up, against a bare
 * isolate with a context that was made in the same moment.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CallableFunction, Engine } from '../../src/index.ts';
import { startLineChild } from '../child.ts';
import { type BenchOptions, figures, type Row } from '../row.ts';
import { median, summarise } from '../statistics.ts';

const hello = 'exports.handler = async (event) => ({ message: `hello ${event.name}` });';

/** What a function that calls an API typically loads at init, and a little work with each. */
const ordinary = `const http = require('http'), crypto = require('crypto'), fs = require('fs');
  const agent = new http.Agent({ keepAlive: true });
  exports.handler = async (event) => {
    fs.writeFileSync('/tmp/event', JSON.stringify(event));
    const digest = crypto.createHash('sha256').update(fs.readFileSync('/tmp/event')).digest('hex');
    return { digest, agents: Object.keys(agent.sockets).length };
  };`;

/** The first ones start a sandbox process or meet cold caches. */
const unmeasured = 5;

interface ColdScenario {
  readonly name: string;
  readonly what: string;
  readonly source: string;
  /** Between two cold starts: time for the sandbox to prepare the next isolate, or none. */
  readonly pauseMs: number;
  readonly ratioMax: number;
}

/** Hello world: twice a bare isolate. With modules of Node: 6 ms where a bare isolate takes 1.1 to 1.2, as a ratio, for one that is prepared. */
const scenarios: readonly ColdScenario[] = [
  { name: 'hello', what: 'cold start, hello world', source: hello, pauseMs: 12, ratioMax: 2 },
  { name: 'storm', what: 'cold start, hello world, one right after the other', source: hello, pauseMs: 0, ratioMax: 4 },
  { name: 'ordinary', what: 'cold start with http, crypto and fs', source: ordinary, pauseMs: 60, ratioMax: 5 },
  {
    name: 'ordinary-storm',
    what: 'cold start with http, crypto and fs, one right after the other',
    source: ordinary,
    pauseMs: 0,
    ratioMax: 16,
  },
];

export async function cold(engine: Engine, options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const scenario of scenarios) rows.push(await run(engine, scenario, options));
  return rows;
}

async function run(engine: Engine, scenario: ColdScenario, { quick, progress }: BenchOptions): Promise<Row> {
  const rounds = quick ? 30 : 150;
  progress(`${scenario.what}: ${rounds} first invocations of as many functions`);
  using bare = startLineChild('drivers/bare-isolate.ts');
  const functions: CallableFunction[] = [];
  for (let i = 0; i < rounds + unmeasured; i += 1) {
    const functionName = `${scenario.name}-${i}`;
    functions.push(
      await engine.createFunction({ functionName, runtime: 'nodejs22.x', code: { source: scenario.source } }),
    );
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const [i, call] of functions.entries()) {
    if (scenario.pauseMs > 0) await pause(scenario.pauseMs);
    const baseline = await bare.ask('cold');
    if (scenario.pauseMs > 0) await pause(scenario.pauseMs);
    const from = performance.now();
    await call({ name: 'Ada' });
    const elapsedMs = performance.now() - from;
    if (i < unmeasured) continue;
    ours.push(elapsedMs);
    theirs.push(baseline);
  }
  return {
    what: `${scenario.what} / bare isolate + context`,
    isotherm: figures(summarise(ours)),
    baseline: figures(summarise(theirs)),
    ratio: median(ours) / median(theirs),
    ratioMax: scenario.ratioMax,
  };
}
