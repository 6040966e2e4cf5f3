import test from 'ava';
import { judge, leftOut, type Round, roundsMin } from '../../../bench/compare/verdict.ts';
import { seededRandom } from '../../../bench/random.ts';

test('the critical values are those of Wilcoxon’s tables', (t) => {
  // Two-sided: the greatest sum that is significant.
  const tables = [
    [6, 0.05, 0],
    [8, 0.05, 3],
    [10, 0.05, 8],
    [20, 0.05, 52],
    [10, 0.01, 3],
    [20, 0.01, 37],
  ] as const;
  for (const [count, falseAlarm, critical] of tables) t.is(leftOut(count, falseAlarm), critical, `n = ${count}`);
});

/** Rounds in which b is `ratio` times a, with noise that both share and noise of their own. */
function rounds(ratio: number, count: number, noise: number, random: () => number): Round[] {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () => {
    const shared = 5 * Math.exp(0.5 * normal());
    return { a: shared * Math.exp(noise * normal()), b: shared * ratio * Math.exp(noise * normal()) };
  });
}

test('a difference beyond the noise is seen, in its direction, and with an interval around it', (t) => {
  const random = seededRandom(1);
  const slower = judge(rounds(1.1, 12, 0.02, random), 1);
  t.is(slower.kind, 'worse');
  t.true(slower.low > 1 && slower.low < 1.1 && slower.high > 1.1 && slower.high < 1.2);
  t.true(Math.abs(slower.ratio - 1.1) < 0.03);
  t.is(judge(rounds(0.9, 12, 0.02, random), 5).kind, 'better');
});

test('what the machine does to both is no difference', (t) => {
  t.is(judge(rounds(1, 12, 0.02, seededRandom(2)), 1).kind, 'no difference');
});

test('without a difference a verdict is a false alarm in at most about 5 of 100 comparisons', (t) => {
  const random = seededRandom(3);
  let alarms = 0;
  for (let i = 0; i < 400; i += 1) if (judge(rounds(1, 12, 0.1, random), 1).kind !== 'no difference') alarms += 1;
  t.true(alarms >= 5 && alarms <= 32, `${alarms} of 400`);
});

test('a difference that it calls detectable is seen four times in five or so', (t) => {
  const random = seededRandom(4);
  const { detectable } = judge(rounds(1, 40, 0.05, random), 1);
  let seen = 0;
  for (let i = 0; i < 200; i += 1) if (judge(rounds(1 + detectable, 40, 0.05, random), 1).kind === 'worse') seen += 1;
  t.true(seen >= 120 && seen <= 198, `${seen} of 200`);
});

test('one round that was disturbed does not decide', (t) => {
  const calm = rounds(1, 12, 0.01, seededRandom(5));
  const disturbed = [...calm.slice(1), { a: 5, b: 500 }];
  const { kind, ratio } = judge(disturbed, 1);
  t.is(kind, 'no difference');
  t.true(Math.abs(ratio - 1) < 0.02);
});

test('equal rounds are no difference, and none is too small to be seen', (t) => {
  const { kind, ratio, detectable } = judge(
    Array.from({ length: 8 }, () => ({ a: 3, b: 3 })),
    1,
  );
  t.deepEqual([kind, ratio, detectable], ['no difference', 1, 0]);
});

test('too few rounds are refused, more so for more measures', (t) => {
  t.deepEqual([1, 2, 5].map(roundsMin), [6, 7, 8]);
  t.throws(() => judge(rounds(1, 7, 0.1, Math.random), 5), { instanceOf: RangeError, message: /8 rounds, got 7/ });
  // With exactly that many a verdict is possible.
  t.is(
    judge(
      Array.from({ length: 8 }, () => ({ a: 1, b: 2 })),
      5,
    ).kind,
    'worse',
  );
});

test('what is not above zero has no ratio', (t) => {
  t.throws(
    () =>
      judge(
        Array.from({ length: 8 }, () => ({ a: 1, b: Number.NaN })),
        1,
      ),
    { instanceOf: RangeError },
  );
});
