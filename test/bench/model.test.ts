import test from 'ava';
import { type BenchResult, decodeBenchResult } from '../../bench/model.ts';

const result: BenchResult = {
  format: 1,
  revision: '0123456789ab',
  startedAt: '2026-11-21T10:00:00.000Z',
  seconds: 12.5,
  quick: true,
  seed: 1,
  machine: { cpu: 'A', cores: 2, memoryBytes: 1e9, kernel: '6.1', node: 'v26.10.0', v8: '14.0', loadAverage: 0.1 },
  peers: [{ name: 'isotherm', version: '0.1.0', about: 'an isolate' }],
  missing: [{ name: 'deno', reason: 'not installed' }],
  scenarios: [
    {
      name: 'cold',
      title: 'Cold',
      question: 'How?',
      better: 'less',
      baseline: 'isotherm',
      kind: 'phases',
      method: 'Twice.',
    },
  ],
  series: [
    {
      scenario: 'cold',
      peer: 'isotherm',
      unit: 'ms',
      samples: [3, 4],
      phases: [
        { name: 'isolate', samples: [1, 1] },
        { name: 'rest', samples: [2, 3] },
      ],
      failures: 0,
    },
  ],
  targets: [{ what: 'cold start', ratio: 1.5, atMost: 2 }],
};

test('a result is read back as it was written', (t) => {
  t.deepEqual(decodeBenchResult(JSON.stringify(result)), result);
});

test('a file of another format is refused with the place', (t) => {
  const { message } = t.throws(() => decodeBenchResult(JSON.stringify({ ...result, format: 2 }))) ?? { message: '' };
  t.regex(message, /not a result of the benchmark.*format/s);
});

test('samples that are no numbers are refused', (t) => {
  const series = [{ ...result.series[0], samples: ['3'] }];
  t.throws(() => decodeBenchResult(JSON.stringify({ ...result, series })), { message: /samples/ });
});

test('a series of a scenario that the result does not name is refused', (t) => {
  const series = [{ ...result.series[0], scenario: 'warm' }];
  t.throws(() => decodeBenchResult(JSON.stringify({ ...result, series })), { message: /unknown scenario warm/ });
});

test('phases that do not cover each sample are refused', (t) => {
  const series = [{ ...result.series[0], phases: [{ name: 'isolate', samples: [1] }] }];
  t.throws(() => decodeBenchResult(JSON.stringify({ ...result, series })), {
    message: /1 samples of phase isolate, but 2 of the whole/,
  });
});
