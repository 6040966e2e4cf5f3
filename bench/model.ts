/** What a run of the benchmark found, as data: what the drivers and scenarios make, and what the table, the JSON file and the report show. */
import { z } from 'zod';
import type { Interval } from './statistics.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
  /** Of the last minute, when the run began. Over a third of the cores, figures are of a busy machine. */
  readonly loadAverage: number;
}

export interface Peer {
  readonly name: string;
  readonly version: string;
  /** What it runs a function in, in a few words. */
  readonly about: string;
  /** Nothing to run functions in, but a lower bound that others are compared with. */
  readonly isFloor?: true;
}

/** A peer that has no figures, or none in one scenario. */
export interface MissingPeer {
  readonly name: string;
  readonly reason: string;
  /** Absent: in none. */
  readonly scenario?: string;
}

export type Unit = 'ms' | 'bytes' | 'per second' | 'bytes per second' | 'share';

/** All samples of one peer in one scenario at one point of its axis. */
export interface Series {
  readonly scenario: string;
  readonly peer: string;
  readonly unit: Unit;
  /** Value on the scenario's axis, such as number of environments or payload bytes. */
  readonly at?: number;
  readonly samples: readonly number[];
  /** Parts of each sample that add up to it, in order, such as the phases of a cold start. */
  readonly phases?: readonly { readonly name: string; readonly samples: readonly number[] }[];
  /** Calls that gave no sample, or a wrong answer. */
  readonly failures: number;
  /** Why the last one failed. */
  readonly failure?: string;
  /** The same samples in HdrHistogram's interchange format (V2, compressed, base64), in microseconds. */
  readonly histogram?: string;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly axis?: { readonly label: string; readonly isLogarithmic: boolean };
  readonly better: 'less' | 'more';
  /** Name of the peer that ratios are against. */
  readonly baseline: string;
  readonly kind: 'distribution' | 'line' | 'phases';
  /** Rounds, calls and what warmed up, in sentences. */
  readonly method: string;
  /** How long it took, preparation included. */
  readonly seconds?: number;
}

/** One of DESIGN's targets, with the ratio seen. */
export interface Target {
  readonly what: string;
  readonly ratio: number;
  /** Holds the true ratio in 95 of 100 runs; absent where samples are too few to tell. */
  readonly interval?: Interval;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface BenchResult {
  readonly format: 1;
  /** Of isotherm's sources: a git commit, `-changed` behind it when files differ from it, or the package's version. */
  readonly revision: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly quick: boolean;
  /** Ended before its end, as by Ctrl-C: what was measured until then is here, and the last scenario may have fewer samples than its method says. */
  readonly isInterrupted?: true;
  /** Of the order of peers, the arrivals and the trace: the same seed makes the same run. */
  readonly seed: number;
  readonly machine: Machine;
  readonly peers: readonly Peer[];
  readonly missing: readonly MissingPeer[];
  readonly scenarios: readonly Scenario[];
  readonly series: readonly Series[];
  readonly targets: readonly Target[];
}

export type Progress = (done: number, total: number, what: string) => void;

/** One run has at most some 100,000 samples; a file of a hundred times that is not one of ours. */
const samplesMax = 10_000_000;

const samples = z.array(z.number()).max(samplesMax).readonly();
const text = z.string().max(10_000);

const result = z.object({
  format: z.literal(1),
  revision: text,
  startedAt: z.iso.datetime(),
  seconds: z.number(),
  quick: z.boolean(),
  isInterrupted: z.literal(true).exactOptional(),
  seed: z.int(),
  machine: z.object({
    cpu: text,
    cores: z.int(),
    memoryBytes: z.number(),
    kernel: text,
    node: text,
    v8: text,
    loadAverage: z.number(),
  }),
  peers: z.array(z.object({ name: text, version: text, about: text, isFloor: z.literal(true).exactOptional() })),
  missing: z.array(z.object({ name: text, reason: text, scenario: text.exactOptional() })),
  scenarios: z.array(
    z.object({
      name: text,
      title: text,
      question: text,
      axis: z.object({ label: text, isLogarithmic: z.boolean() }).exactOptional(),
      better: z.enum(['less', 'more']),
      baseline: text,
      kind: z.enum(['distribution', 'line', 'phases']),
      method: text,
      seconds: z.number().exactOptional(),
    }),
  ),
  series: z.array(
    z.object({
      scenario: text,
      peer: text,
      unit: z.enum(['ms', 'bytes', 'per second', 'bytes per second', 'share']),
      at: z.number().exactOptional(),
      samples,
      phases: z.array(z.object({ name: text, samples })).exactOptional(),
      failures: z.int().min(0),
      failure: text.exactOptional(),
      histogram: z.string().exactOptional(),
    }),
  ),
  targets: z.array(
    z.object({
      what: text,
      ratio: z.number(),
      interval: z.object({ low: z.number(), high: z.number() }).exactOptional(),
      atMost: z.number().exactOptional(),
      atLeast: z.number().exactOptional(),
    }),
  ),
});

/**
 * Reads the text of a result's JSON file.
 * @throws Error that says where the text is not what a run writes
 */
export function decodeBenchResult(json: string): BenchResult {
  const parsed = result.safeParse(JSON.parse(json));
  if (!parsed.success) throw new Error(`not a result of the benchmark: ${z.prettifyError(parsed.error)}`);
  const { series, scenarios, ...rest } = parsed.data;
  const names = new Set(scenarios.map(({ name }) => name));
  for (const { scenario, peer, samples, phases } of series) {
    if (!names.has(scenario))
      throw new Error(`not a result of the benchmark: series of an unknown scenario ${scenario}`);
    const torn = phases?.find((phase) => phase.samples.length !== samples.length);
    if (torn) {
      const counts = `${torn.samples.length} samples of phase ${torn.name}, but ${samples.length} of the whole`;
      throw new Error(`not a result of the benchmark: ${scenario} of ${peer} has ${counts}`);
    }
  }
  return { ...rest, series, scenarios };
}
