/**
 * The benchmark. Every figure is a ratio against a baseline measured in the same run, interleaved with it, because the machines
 * this runs on are small and noisy. It ends with status 1 when a ratio is over what it may be.
 *   npm run bench               all
 *   npm run bench -- --quick    fewer rounds
 *   npm run bench -- --modules  also what the first use of each module costs
 */
import { cpus } from 'node:os';
import { createEngine } from '../src/index.ts';
import { type BenchOptions, megabytes, type Row } from './row.ts';
import { cold } from './scenarios/cold.ts';
import { memory } from './scenarios/memory.ts';
import { modules } from './scenarios/modules.ts';
import { warm } from './scenarios/warm.ts';

const options: BenchOptions = {
  quick: process.argv.includes('--quick'),
  progress: (text) => process.stderr.write(`${text}\n`),
};

const rows: Row[] = [];
{
  await using engine = await createEngine();
  rows.push(...(await cold(engine, options)), await warm(engine, options));
}
rows.push(...(await memory(options)));

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`);
for (const { what, isotherm, baseline, ratio, ratioMax } of rows) {
  console.log(`${ratio <= ratioMax ? 'ok  ' : 'OVER'} ${ratio.toFixed(2)}x (at most ${ratioMax}x)  ${what}`);
  console.log(`       isotherm ${isotherm}`);
  console.log(`       baseline ${baseline}`);
}
if (process.argv.includes('--modules')) {
  console.log('first use, beyond hello world');
  for (const { name, milliseconds, bytes } of await modules(options)) {
    console.log(`  ${name.padEnd(28)} ${milliseconds.toFixed(2).padStart(7)} ms  ${megabytes(bytes).padStart(9)}`);
  }
}
if (rows.some(({ ratio, ratioMax }) => ratio > ratioMax)) process.exitCode = 1;
