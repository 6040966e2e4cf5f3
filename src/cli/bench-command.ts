/**
 * `isotherm bench`: loads the benchmark, which lies beside the sources in the repository and beside the compiled code in the published package,
 * and is no part of the library.
 */
import { existsSync } from 'node:fs';
import type { ExitStatus } from './exit-status.ts';

export interface BenchOptions {
  readonly quick?: boolean;
  readonly scenario?: string;
  readonly peer?: string;
  readonly seed?: string;
  readonly json?: string;
  readonly html?: string;
  readonly from?: string;
  readonly markdown?: boolean;
  readonly modules?: boolean;
}

interface Benchmark {
  bench(options: BenchOptions): Promise<ExitStatus>;
}

export async function benchCommand(options: BenchOptions): Promise<ExitStatus> {
  const source = new URL('../../bench/command.ts', import.meta.url);
  const program = existsSync(source) ? source : new URL('../bench/command.js', import.meta.url);
  const { bench }: Benchmark = await import(program.href);
  return await bench(options);
}
