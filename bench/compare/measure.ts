/**
 * A program that measures one revision through its public library, and knows nothing else of it, so that old revisions can be measured as
 * well. Started with the path of the revision's `src/index.ts` and the names of scenarios; writes one line of JSON: a number for
 * each measure, medians of this process.
 *   node bench/compare/measure.ts /tmp/a/src/index.ts cold,warm
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Engine } from '../../src/index.ts';
import { median } from '../statistics.ts';
import type { ScenarioName } from './measures.ts';

const hello = 'exports.handler = async (event) => ({ message: `hello ${event.name}` });';
const echo = 'exports.handler = async (event) => event;';
const coldCalls = 40;
const warmCalls = 1_500;
const environments = 30;
/** The first ones start a sandbox process or meet cold caches. */
const unmeasured = 5;
/** Time for the sandbox to prepare the next isolate. */
const pauseMs = 12;
/** An idle environment is what the sandbox has tidied up. */
const quietMs = 2_500;

const scenarios: Readonly<Record<ScenarioName, (engine: Engine) => Promise<Readonly<Record<string, number>>>>> = {
  cold,
  warm,
  memory,
};

async function cold(engine: Engine): Promise<Readonly<Record<string, number>>> {
  const calls = await deploy(engine, 'cold', unmeasured + coldCalls);
  const samples: number[] = [];
  for (const call of calls.slice(0, unmeasured)) await call({ name: 'Ada' });
  const cpuBefore = cpuMs(engine);
  for (const call of calls.slice(unmeasured)) {
    await pause(pauseMs);
    const from = performance.now();
    await call({ name: 'Ada' });
    samples.push(performance.now() - from);
  }
  return { cold: median(samples), coldCpu: (cpuMs(engine) - cpuBefore) / coldCalls };
}

async function warm(engine: Engine): Promise<Readonly<Record<string, number>>> {
  await engine.createFunction({ functionName: 'warm', runtime: 'nodejs22.x', code: { source: echo } });
  const payload = JSON.stringify({ name: 'Ada', filler: 'x'.repeat(980) });
  for (let i = 0; i < 200; i += 1) await engine.invoke({ functionName: 'warm', payload });
  const samples: number[] = [];
  const cpuBefore = cpuMs(engine);
  for (let i = 0; i < warmCalls; i += 1) {
    const from = performance.now();
    await engine.invoke({ functionName: 'warm', payload });
    samples.push(performance.now() - from);
  }
  return { warm: median(samples), warmCpu: (cpuMs(engine) - cpuBefore) / warmCalls };
}

async function memory(engine: Engine): Promise<Readonly<Record<string, number>>> {
  const calls = await deploy(engine, 'idle', unmeasured + environments);
  for (const call of calls.slice(0, unmeasured)) await call({ name: 'Ada' });
  await pause(quietMs);
  const before = residentBytes(engine);
  for (const call of calls.slice(unmeasured)) await call({ name: 'Ada' });
  await pause(quietMs);
  const after = residentBytes(engine);
  // A sandbox that came or went meanwhile is not what an environment costs.
  const added = [...after].map(([pid, bytes]) => bytes - (before.get(pid) ?? bytes));
  return { memory: added.reduce((sum, bytes) => sum + bytes, 0) / environments };
}

async function deploy(engine: Engine, prefix: string, count: number) {
  const calls = [];
  for (let i = 0; i < count; i += 1) {
    const functionName = `${prefix}-${i}`;
    calls.push(await engine.createFunction({ functionName, runtime: 'nodejs22.x', code: { source: hello } }));
  }
  return calls;
}

/** Of this process and all its sandboxes. */
function cpuMs(engine: Engine): number {
  const { user, system } = process.cpuUsage();
  return engine.stats().sandboxes.reduce((sum, { pid }) => sum + processorMs(pid), (user + system) / 1000);
}

/** In nanoseconds for each thread; what `stat` says of the process has steps of ten milliseconds. */
function processorMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const times = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
  return times.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

function residentBytes(engine: Engine): ReadonlyMap<number, number> {
  return new Map(
    engine
      .stats()
      .sandboxes.map(({ pid }) => [pid, Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096]),
  );
}

const [entry = '', names = ''] = process.argv.slice(2);
const { createEngine } = (await import(pathToFileURL(entry).href)) as typeof import('../../src/index.ts');
const found: Record<string, number> = {};
for (const name of names.split(',') as ScenarioName[]) {
  // Each has an engine of its own: none meets the environments of another.
  await using engine = await createEngine();
  Object.assign(found, await scenarios[name](engine));
}
process.stdout.write(`${JSON.stringify(found)}\n`);
