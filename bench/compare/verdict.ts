/**
 * Whether one of two revisions is faster, from rounds in which both were measured side by side. What a round says is the ratio of the
 * two; Wilcoxon's signed-rank test over the logarithms of these ratios asks nothing of their distribution but symmetry, and one
 * round that something else disturbed cannot decide it. The interval holds exactly the ratios that the test does not refuse
 * (Hodges and Lehmann), so interval and verdict never disagree. Pure.
 */
export interface Round {
  readonly a: number;
  readonly b: number;
}

export interface Verdict {
  /** Of b, where less is better. */
  readonly kind: 'better' | 'worse' | 'no difference';
  /** How often as much b is as a. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** A difference, as a share, that these rounds would have shown four times in five. */
  readonly detectable: number;
}

/** The chance of a verdict where there is no difference, in a whole comparison of any number of measures. */
export const falseAlarmMax = 0.05;

/**
 * A test at 5 % refuses when the estimate is 1.96 standard errors off, which is half the interval; to be that far off four times in
 * five takes 2.80 of them.
 */
const halfWidthsToBeSeen = 2.8 / 1.96;

/** Fewer can give no verdict, whatever they show: all signs being alike has a chance of 2 / 2^n. */
export function roundsMin(measures: number): number {
  return Math.ceil(Math.log2((2 * measures) / falseAlarmMax));
}

/**
 * @param measures how many are compared at once; each is judged the more strictly (Bonferroni)
 * @throws RangeError when the rounds are too few, or a value is not above zero
 */
export function judge(rounds: readonly Round[], measures: number): Verdict {
  if (rounds.length < roundsMin(measures)) {
    throw new RangeError(`a verdict on ${measures} measures needs ${roundsMin(measures)} rounds, got ${rounds.length}`);
  }
  const logs = rounds.map(({ a, b }) => {
    if (!(a > 0 && b > 0)) throw new RangeError(`a ratio needs values above zero, got ${a} and ${b}`);
    return Math.log(b / a);
  });
  const averages = walshAverages(logs);
  const left = leftOut(logs.length, falseAlarmMax / measures);
  const at = (index: number): number => averages[index] ?? Number.NaN;
  const middle = (averages.length - 1) / 2;
  const estimate = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const [low, high] = [at(left), at(averages.length - 1 - left)];
  return {
    kind: high < 0 ? 'better' : low > 0 ? 'worse' : 'no difference',
    ratio: Math.exp(estimate),
    low: Math.exp(low),
    high: Math.exp(high),
    detectable: Math.expm1(((high - low) / 2) * halfWidthsToBeSeen),
  };
}

/** Averages of all pairs, each value with itself too, ascending. */
function walshAverages(values: readonly number[]): Float64Array {
  return Float64Array.from(values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2))).sort();
}

/** The greatest sum of ranks that is unlikely enough, which is how many averages at each end lie outside of the interval. */
export function leftOut(count: number, falseAlarm: number): number {
  const chances = rankSumChances(count);
  let tail = 0;
  let sum = 0;
  for (; sum < chances.length; sum += 1) {
    tail += chances[sum] ?? 0;
    // Half at each end. A hair more is the rounding of sums, not of the rule.
    if (tail > (falseAlarm / 2) * (1 + 1e-9)) break;
  }
  return sum - 1;
}

/** The chance of each sum of the ranks 1 to n whose sign is plus, when each sign is a coin. */
function rankSumChances(count: number): Float64Array {
  const greatest = (count * (count + 1)) / 2;
  const chances = new Float64Array(greatest + 1);
  chances[0] = 1;
  for (let rank = 1; rank <= count; rank += 1) {
    for (let sum = greatest; sum >= 0; sum -= 1) {
      chances[sum] = ((chances[sum] ?? 0) + (sum >= rank ? (chances[sum - rank] ?? 0) : 0)) / 2;
    }
  }
  return chances;
}
