import test from 'ava';
import fc from 'fast-check';
import { limits } from '../../../src/model/limits.ts';
import {
  type AttemptEnding,
  afterAttempt,
  type Part,
  type RetryPolicy,
} from '../../../src/queue/sources/after-attempt.ts';

const forever: RetryPolicy = { retryAttemptsMax: Number.POSITIVE_INFINITY, bisects: false };
const part = (records: number, retries = 0): Part => ({ records, retries, refusals: 0 });
const failed: AttemptEnding = { type: 'failed', index: 0 };

test('a batch that failed is tried again, after a delay that doubles up to its most', (t) => {
  const delays: number[] = [];
  for (let retries = 0; retries < 9; retries += 1) {
    const { parts, delayMs } = afterAttempt(part(5, retries), failed, forever);
    t.deepEqual(parts, [part(5, retries + 1)]);
    delays.push(delayMs);
  }
  t.deepEqual(delays, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  t.is(delays.at(-1), limits.sourceRetryMsMax);
});

test('a batch whose retries are used up is given up', (t) => {
  const policy = { retryAttemptsMax: 2, bisects: false };
  t.is(afterAttempt(part(5, 1), failed, policy).givenUp, 0);
  t.is(afterAttempt(part(5, 2), failed, policy).givenUp, 5);
});

test('what was throttled uses up no retry', (t) => {
  const once = afterAttempt(part(5, 2), { type: 'not-run' }, { retryAttemptsMax: 2, bisects: true });
  t.deepEqual(once.parts, [{ records: 5, retries: 2, refusals: 1 }]);
  t.is(once.delayMs, limits.sourceRetryMsMin);
});

test('a batch is split in halves without using up a retry, down to single records', (t) => {
  const policy = { retryAttemptsMax: 0, bisects: true };
  t.deepEqual(afterAttempt(part(5), failed, policy).parts, [part(3), part(2)]);
  t.is(afterAttempt(part(1), failed, policy).givenUp, 1);
});

test('records before the first one that failed are done, and the rest is tried again', (t) => {
  const after = afterAttempt(part(5, 4), { type: 'failed', index: 3 }, forever);
  t.deepEqual(after, { handled: 3, givenUp: 0, parts: [part(2, 1)], delayMs: limits.sourceRetryMsMin });
});

test('with bisect a batch is split at the record that failed', (t) => {
  const after = afterAttempt(part(5, 4), { type: 'failed', index: 3 }, { retryAttemptsMax: 4, bisects: true });
  t.deepEqual(after, { handled: 3, givenUp: 0, parts: [part(2)], delayMs: 0 });
});

test('an event that no function may get is split, and a record alone is given up', (t) => {
  t.deepEqual(afterAttempt(part(4), { type: 'too-large' }, forever).parts, [part(2), part(2)]);
  t.is(afterAttempt(part(1), { type: 'too-large' }, forever).givenUp, 1);
});

test('whatever happens, every record of the batch is handled, given up or tried again', (t) => {
  const ending = fc.oneof(
    fc.constant<AttemptEnding>({ type: 'handled' }),
    fc.constant<AttemptEnding>({ type: 'not-run' }),
    fc.constant<AttemptEnding>({ type: 'too-large' }),
    fc.nat(99).map((index): AttemptEnding => ({ type: 'failed', index })),
  );
  fc.assert(
    fc.property(
      fc.record({ records: fc.integer({ min: 1, max: 100 }), retries: fc.nat(5), refusals: fc.nat(5) }),
      ending,
      fc.record({ retryAttemptsMax: fc.constantFrom(0, 1, 3, Number.POSITIVE_INFINITY), bisects: fc.boolean() }),
      (given, end, policy) => {
        const fits = end.type === 'failed' ? { ...end, index: end.index % given.records } : end;
        const { handled, givenUp, parts, delayMs } = afterAttempt(given, fits, policy);
        t.is(
          parts.reduce((sum, { records }) => sum + records, handled + givenUp),
          given.records,
        );
        t.true(
          parts.every(
            ({ records, retries }) => records > 0 && retries <= Math.max(given.retries, policy.retryAttemptsMax),
          ),
        );
        t.true(delayMs >= 0 && delayMs <= limits.sourceRetryMsMax);
      },
    ),
    { numRuns: 2_000 },
  );
});
