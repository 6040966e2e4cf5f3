/** Resident memory that one more idle environment costs its sandbox, against one more bare isolate with a context. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createEngine } from '../../src/index.ts';
import { startLineChild } from '../child.ts';
import { type BenchOptions, megabytes, type Row } from '../row.ts';

const quietMs = 2_000;

const hello = 'exports.handler = async (event) => ({ message: `hello ${event.name}` });';
const ordinary = `const http = require('http'), crypto = require('crypto'), fs = require('fs');
  exports.handler = async (event) => crypto.createHash('sha256').update(event.name).digest('hex') + http.METHODS.length + fs.existsSync('/tmp');`;

export async function memory(options: BenchOptions): Promise<Row[]> {
  return [
    await run('one idle warm environment, hello world', hello, 2, options),
    await run('one idle warm environment with http, crypto and fs', ordinary, 5, options),
  ];
}

async function run(what: string, source: string, ratioMax: number, { quick, progress }: BenchOptions): Promise<Row> {
  const count = quick ? 40 : 100;
  progress(`memory: ${count} environments, ${what}`);
  using bare = startLineChild('drivers/bare-isolate.ts');
  // One sandbox must hold them all, or the base of a second process would be counted.
  await using engine = await createEngine({
    limits: { environmentsPerSandbox: count + 20, memoryBudgetMiB: 128 * (count + 20) },
  });
  const call = async (i: number): Promise<void> => {
    const made = await engine.createFunction({ functionName: `idle-${i}`, runtime: 'nodejs22.x', code: { source } });
    await made({ name: 'Ada' });
  };
  for (let i = 0; i < 10; i += 1) await call(i);
  const sandbox = engine.stats().sandboxes.find(({ environments }) => environments === 10);
  if (sandbox === undefined) throw new Error('expected ten environments in one sandbox');
  const resident = () => Number(readFileSync(`/proc/${sandbox.pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  // Idle is what they are to be: the sandbox collects what init left behind once it is quiet.
  const rest = (environments: number): Promise<void> => pause(quietMs + environments * 20);
  await rest(10);
  const before = resident();
  for (let i = 10; i < count + 10; i += 1) await call(i);
  await rest(count);
  const ours = (resident() - before) / count;
  const bareBefore = await bare.ask('hold 10');
  const theirs = ((await bare.ask(`hold ${count}`)) - bareBefore) / count;
  return {
    what: `memory of ${what} / bare isolate + context`,
    isotherm: megabytes(ours),
    baseline: megabytes(theirs),
    ratio: ours / theirs,
    ratioMax,
  };
}
