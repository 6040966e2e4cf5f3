/**
 * The first benchmark: shows that the road is not slow already. Every figure is a ratio against a baseline measured in the
 * same run, interleaved with it, because the machines this runs on are small and noisy.
 *   npm run bench            all three
 *   npm run bench -- --quick fewer rounds
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type CallableFunction, createEngine, type Engine } from '../src/index.ts';
import { startEchoChild, startLineChild } from './child.ts';
import { canPin, pin } from './cores.ts';
import { median, type Summary, summarise } from './statistics.ts';

const quick = process.argv.includes('--quick');
const hello = 'exports.handler = async (event) => ({ message: `hello ${event.name}` });';

interface Row {
  readonly what: string;
  readonly isotherm: string;
  readonly baseline: string;
  readonly ratio: number;
  readonly ratioMax: number;
}

const progress = (text: string) => process.stderr.write(`${text}\n`);

function figures({ p50, p95, p99 }: Summary): string {
  return `p50 ${p50.toFixed(3)} ms, p95 ${p95.toFixed(3)}, p99 ${p99.toFixed(3)}`;
}

/** Hello world, from the call of a function that has no environment yet to its answer, against a bare isolate with a context. */
async function cold(engine: Engine): Promise<Row> {
  const rounds = quick ? 30 : 150;
  progress(`cold: ${rounds} first invocations of as many functions`);
  using bare = startLineChild('drivers/bare-isolate.ts');
  const functions: CallableFunction[] = [];
  for (let i = 0; i < rounds + 5; i += 1) {
    functions.push(
      await engine.createFunction({ functionName: `cold-${i}`, runtime: 'nodejs22.x', code: { source: hello } }),
    );
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const [i, call] of functions.entries()) {
    const baseline = await bare.ask('cold');
    const from = performance.now();
    await call({ name: 'Ada' });
    const elapsedMs = performance.now() - from;
    // The first ones start a sandbox process or meet cold caches; a sandbox is ready from then on.
    if (i < 5) continue;
    ours.push(elapsedMs);
    theirs.push(baseline);
  }
  return {
    what: 'cold start, hello world, sandbox ready / bare isolate + context',
    isotherm: figures(summarise(ours)),
    baseline: figures(summarise(theirs)),
    ratio: median(ours) / median(theirs),
    ratioMax: 4,
  };
}

/**
 * A warm invocation with 1 kB of JSON through the library, against a unix socket that echoes the same bytes between two
 * processes on two cores, as host and sandbox are.
 */
async function warm(engine: Engine): Promise<Row> {
  const rounds = quick ? 2_000 : 10_000;
  progress(`warm: ${rounds} invocations with 1 kB of JSON`);
  const payload = JSON.stringify({ name: 'Ada', filler: 'x'.repeat(980) });
  await engine.createFunction({
    functionName: 'warm',
    runtime: 'nodejs22.x',
    code: { source: 'exports.handler = async (event) => event;' },
  });
  using echo = startEchoChild();
  pin(echo.pid, 1);
  const bytes = Buffer.from(payload);
  for (let i = 0; i < 500; i += 1) {
    await engine.invoke({ functionName: 'warm', payload });
    await echo.roundTrip(bytes);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  // Blocks, not single calls: alternating two children after each call would measure the scheduler of the operating system.
  for (let done = 0; done < rounds; done += 200) {
    for (let i = 0; i < 200; i += 1) {
      const from = performance.now();
      await engine.invoke({ functionName: 'warm', payload });
      ours.push(performance.now() - from);
    }
    pin(process.pid, 0);
    for (let i = 0; i < 200; i += 1) theirs.push(await echo.roundTrip(bytes));
    pin(process.pid, undefined);
  }
  return {
    what: `warm invocation, 1 kB of JSON / unix-socket echo of the same bytes${canPin ? ', on two cores' : ''}`,
    isotherm: figures(summarise(ours)),
    baseline: figures(summarise(theirs)),
    ratio: median(ours) / median(theirs),
    ratioMax: 2,
  };
}

/** Resident memory that one more idle environment costs its sandbox, against one more bare isolate with a context. */
async function memory(): Promise<Row> {
  const count = quick ? 40 : 100;
  progress(`memory: ${count} idle environments`);
  using bare = startLineChild('drivers/bare-isolate.ts');
  // One sandbox must hold them all, or the base of a second process would be counted.
  await using engine = await createEngine({
    limits: { environmentsPerSandbox: count + 20, memoryBudgetMiB: 128 * (count + 20) },
  });
  const call = async (i: number) => {
    const made = await engine.createFunction({
      functionName: `idle-${i}`,
      runtime: 'nodejs22.x',
      code: { source: hello },
    });
    await made({ name: 'Ada' });
  };
  for (let i = 0; i < 10; i += 1) await call(i);
  const sandbox = engine.stats().sandboxes.find(({ environments }) => environments === 10);
  if (sandbox === undefined) throw new Error('expected ten environments in one sandbox');
  const resident = () => Number(readFileSync(`/proc/${sandbox.pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  const before = resident();
  for (let i = 10; i < count + 10; i += 1) await call(i);
  const ours = (resident() - before) / count;
  const bareBefore = await bare.ask('hold 10');
  const theirs = ((await bare.ask(`hold ${count}`)) - bareBefore) / count;
  const MB = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  return {
    what: 'memory of one idle warm environment / bare isolate + context',
    isotherm: MB(ours),
    baseline: MB(theirs),
    ratio: ours / theirs,
    ratioMax: 4,
  };
}

const rows: Row[] = [];
{
  await using engine = await createEngine();
  rows.push(await cold(engine), await warm(engine));
}
rows.push(await memory());

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
for (const { what, isotherm, baseline, ratio, ratioMax } of rows) {
  console.log(`${ratio <= ratioMax ? 'ok  ' : 'OVER'} ${ratio.toFixed(2)}x (at most ${ratioMax}x)  ${what}`);
  console.log(`       isotherm ${isotherm}`);
  console.log(`       baseline ${baseline}`);
}
if (rows.some(({ ratio, ratioMax }) => ratio > ratioMax)) process.exitCode = 1;
