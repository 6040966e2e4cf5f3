/** A small result of each kind of scenario, as a run would write it. */
import type { BenchResult, Scenario, Series } from '../../bench/model.ts';

const cold: Scenario = {
  name: 'cold',
  title: 'Cold start',
  question: 'What does a first caller wait for?',
  better: 'less',
  baseline: 'isolated-vm',
  kind: 'phases',
  method: 'One round, after one that warms up.',
};
const density: Scenario = {
  name: 'density',
  title: 'Memory',
  question: 'What does one more environment cost?',
  axis: { label: 'environments', isLogarithmic: true },
  better: 'less',
  baseline: 'isolated-vm',
  kind: 'line',
  method: 'One round, after one that warms up.',
};
const throughput: Scenario = {
  name: 'throughput',
  title: 'Throughput',
  question: 'How many calls are answered?',
  better: 'more',
  baseline: 'workerd',
  kind: 'distribution',
  method: 'One round, after one that warms up.',
};
const day: Scenario = {
  name: 'day',
  title: 'A day',
  question: 'What does each minute of a day see?',
  better: 'less',
  baseline: 'workerd',
  axis: { label: 'minutes', isLogarithmic: false },
  kind: 'line',
  method: 'One round, after one that warms up.',
};

/** From `from`, in steps of a hundredth of it. */
export function rising(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => from * (1 + at / 100));
}

const series: readonly Series[] = [
  {
    scenario: 'cold',
    peer: 'isotherm',
    unit: 'ms',
    samples: rising(6, 20),
    phases: [
      { name: 'isolate', samples: rising(4, 20) },
      { name: 'init', samples: rising(2, 20) },
    ],
    failures: 0,
  },
  { scenario: 'cold', peer: 'isolated-vm', unit: 'ms', samples: rising(3, 20), failures: 0 },
  { scenario: 'cold', peer: 'workerd', unit: 'ms', samples: rising(60, 20), failures: 2, failure: 'no answer' },
  ...[10, 100, 1000].flatMap((at): Series[] => [
    { scenario: 'density', peer: 'isotherm', unit: 'bytes', at, samples: [2.1e6], failures: 0 },
    { scenario: 'density', peer: 'isolated-vm', unit: 'bytes', at, samples: [1.25e6], failures: 0 },
  ]),
  { scenario: 'throughput', peer: 'isotherm', unit: 'per second', samples: rising(9_000, 10), failures: 0 },
  { scenario: 'throughput', peer: 'workerd', unit: 'per second', samples: rising(4_500, 10), failures: 0 },
  ...[0, 1, 2].flatMap((at): Series[] => [
    { scenario: 'day', peer: 'isotherm', unit: 'ms', at, samples: rising(1 + at, 5), failures: 0 },
    { scenario: 'day', peer: 'workerd', unit: 'ms', at, samples: rising(2 + at, 5), failures: 1 },
  ]),
];

export const result: BenchResult = {
  format: 1,
  revision: '1b25a07',
  startedAt: '2026-11-21T15:40:00.000Z',
  seconds: 72,
  quick: true,
  seed: 1,
  machine: {
    cpu: 'A processor',
    cores: 2,
    memoryBytes: 24e9,
    kernel: 'Linux 6.1',
    node: 'v26.10.0',
    v8: '14.6',
    loadAverage: 0.2,
  },
  peers: ['isotherm', 'isolated-vm', 'workerd'].map((name) => ({ name, version: '1.0.0', about: 'an isolate' })),
  missing: [
    { name: 'deno', reason: 'not installed' },
    { name: 'isolated-vm', scenario: 'day', reason: 'has no HTTP' },
  ],
  scenarios: [cold, density, throughput, day],
  series,
  targets: [
    { what: 'cold start / isolated-vm', ratio: 2, atMost: 2 },
    { what: 'throughput / workerd', ratio: 1.9, atLeast: 2 },
  ],
};
