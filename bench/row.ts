/** One line of the benchmark's report: ours, a baseline from the same run, and the most that their ratio may be. */
import type { Summary } from './statistics.ts';

export interface Row {
  readonly what: string;
  readonly isotherm: string;
  readonly baseline: string;
  readonly ratio: number;
  readonly ratioMax: number;
}

export interface BenchOptions {
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}

export function figures({ p50, p95, p99 }: Summary): string {
  return `p50 ${p50.toFixed(3)} ms, p95 ${p95.toFixed(3)}, p99 ${p99.toFixed(3)}`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
