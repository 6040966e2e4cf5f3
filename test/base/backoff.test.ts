import test from 'ava';
import { backoffMs } from '../../src/base/backoff.ts';

const limits = { minMs: 100, maxMs: 30_000 };

test('the wait doubles from its least to its most', (t) => {
  const waits = Array.from({ length: 11 }, (_, failures) => backoffMs(failures, limits));
  t.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});

test('no count of failures overflows', (t) => {
  t.is(backoffMs(100_000, limits), 30_000);
});
