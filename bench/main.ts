/**
 * The benchmark as a command. It ends with status 1 when a target is missed.
 *   npm run bench               all
 *   npm run bench -- --quick    fewer rounds, under a minute
 *   npm run bench -- --only cold,warm
 *   npm run bench -- --modules  also what the first use of each module costs
 */
import { parseArgs } from 'node:util';
import { isMet } from './report/sections.ts';
import { runBench } from './run.ts';
import { modules } from './scenarios/modules.ts';
import { summarise } from './statistics.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    modules: { type: 'boolean', default: false },
  },
});
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

let last = '';
const result = await runBench({
  quick: values.quick,
  ...(values.only === undefined ? {} : { only: values.only.split(',') }),
  signal: interrupt.signal,
  progress(done, total, what) {
    const line = `${Math.floor((100 * done) / total)} % ${what}`;
    if (line !== last) process.stderr.write(`${line}\n`);
    last = line;
  },
});

const { machine, seconds } = result;
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${seconds.toFixed(0)} s`);
for (const { name, title } of result.scenarios) {
  console.log(title);
  for (const { peer, at, unit, samples, failures } of result.series.filter(({ scenario }) => scenario === name)) {
    const figures =
      samples.length === 0
        ? 'no answer'
        : Object.entries(summarise(samples))
            .map(([key, value]) => `${key} ${value.toFixed(3)}`)
            .join('  ');
    console.log(
      `  ${peer.padEnd(20)} ${String(at ?? '').padStart(8)}  ${figures} ${unit}${failures > 0 ? `, ${failures} failed` : ''}`,
    );
  }
}
for (const { name, scenario, reason } of result.missing)
  console.log(`without ${name}${scenario ? ` in ${scenario}` : ''}: ${reason}`);
for (const target of result.targets) {
  const limit = target.atMost === undefined ? `at least ${target.atLeast}x` : `at most ${target.atMost}x`;
  console.log(`${isMet(target) ? 'ok  ' : 'MISS'} ${target.ratio.toFixed(2)}x (${limit})  ${target.what}`);
}
if (values.modules) {
  console.log('first use, beyond hello world');
  const progress = (text: string) => void process.stderr.write(`${text}\n`);
  for (const { name, milliseconds, bytes } of await modules({ quick: values.quick, progress })) {
    console.log(
      `  ${name.padEnd(28)} ${milliseconds.toFixed(2).padStart(7)} ms  ${(bytes / 1e6).toFixed(2).padStart(6)} MB`,
    );
  }
}
if (result.targets.some((target) => !isMet(target))) process.exitCode = 1;
