import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import {
  afterCrash,
  type CrashHistory,
  type CrashPolicy,
  cleanHistory,
  domainPolicy,
  isForgotten,
  retryAfterMs,
  startPolicy,
} from '../../src/supervisor/crash-loop.ts';

const { crashLoopExitsMax, crashLoopWindowMs: windowMs, crashBackoffMsMin, crashBackoffMsMax } = limits;

/** The histories after crashes at these times. */
function crashes(
  timesMs: readonly number[],
  from: CrashHistory = cleanHistory,
  policy: CrashPolicy = domainPolicy,
): CrashHistory {
  return timesMs.reduce((history, atMs) => afterCrash(history, atMs, `crash at ${atMs}`, policy), from);
}

const burst = Array.from({ length: crashLoopExitsMax }, (_, index) => index * 10);
const lastMs = (crashLoopExitsMax - 1) * 10;

test('a few crashes hold nothing back', (t) => {
  t.is(retryAfterMs(crashes(burst.slice(1)), lastMs), 0);
});

test('many within the window stop starts for the least back-off', (t) => {
  const history = crashes(burst);
  t.is(retryAfterMs(history, lastMs), crashBackoffMsMin);
  t.is(retryAfterMs(history, lastMs + crashBackoffMsMin), 0);
  t.is(history.lastCause, `crash at ${lastMs}`);
});

test('crashes that are far apart are no loop', (t) => {
  const apart = Array.from({ length: 50 }, (_, index) => (index * windowMs) / (crashLoopExitsMax - 1));
  t.is(retryAfterMs(crashes(apart), apart.at(-1) ?? 0), 0);
});

test('one crash after a back-off is enough for the next, which is twice as long', (t) => {
  let history = crashes(burst);
  const waits: number[] = [];
  for (let relapse = 0; relapse < 12; relapse += 1) {
    const againMs = history.blockedUntilMs + 1;
    history = afterCrash(history, againMs, 'again', domainPolicy);
    waits.push(retryAfterMs(history, againMs));
  }
  t.deepEqual(waits.slice(0, 3), [crashBackoffMsMin * 2, crashBackoffMsMin * 4, crashBackoffMsMin * 8]);
  t.is(waits.at(-1), crashBackoffMsMax);
});

test('a quiet window after a back-off ends the loop', (t) => {
  const history = crashes(burst);
  const quietMs = history.blockedUntilMs + windowMs;
  t.is(retryAfterMs(afterCrash(history, quietMs, 'new', domainPolicy), quietMs), 0);
});

test('what ends while starts are held back prolongs nothing', (t) => {
  const history = crashes(burst);
  t.is(afterCrash(history, lastMs + 1, 'late', domainPolicy).blockedUntilMs, history.blockedUntilMs);
});

test('without a window only a clean history forgives', (t) => {
  const slow = Array.from({ length: crashLoopExitsMax }, (_, index) => index * 3_600_000);
  const history = crashes(slow, cleanHistory, startPolicy);
  t.is(retryAfterMs(history, slow.at(-1) ?? 0), crashBackoffMsMin);
});

test('an old history is forgotten', (t) => {
  t.true(isForgotten(cleanHistory, 0, windowMs));
  const one = crashes([1_000]);
  t.false(isForgotten(one, 1_000 + windowMs - 1, windowMs));
  t.true(isForgotten(one, 1_000 + windowMs, windowMs));
  const blocked = crashes(burst);
  t.false(isForgotten(blocked, blocked.blockedUntilMs + windowMs - 1, windowMs));
});

test('a history stays small', (t) => {
  const many = crashes(Array.from({ length: 10_000 }, (_, index) => index));
  t.true(many.exitsMs.length <= crashLoopExitsMax);
});
