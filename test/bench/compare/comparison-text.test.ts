import test from 'ava';
import { comparisonText, type Judged } from '../../../bench/compare/comparison-text.ts';
import { judge } from '../../../bench/compare/verdict.ts';

function judged(title: string, unit: Judged['unit'], ratio: number): Judged {
  const rounds = Array.from({ length: 12 }, (_, at) => ({
    a: 5 * (1 + at / 200),
    b: 5 * ratio * (1 + ((at * 7) % 12) / 200),
  }));
  return { title, unit, rounds, verdict: judge(rounds, 3) };
}

test('each measure has both medians, the ratio, its interval and a verdict in words', (t) => {
  const [heading, cold, memory, warm] = comparisonText([
    judged('cold start', 'ms', 0.8),
    judged('idle environment', 'bytes', 1.5),
    judged('warm call', 'ms', 1),
  ]).split('\n');
  t.regex(heading ?? '', /A +B +B \/ A +98\.3 % interval/);
  t.regex(cold ?? '', /^cold start +5\.14 ms +4\.11 ms +0\.80\d× .*B is faster, by 20 %$/);
  t.regex(memory ?? '', /^idle environment .*B is larger, by 50 %$/);
  t.regex(warm ?? '', /^warm call .*no difference seen; one of \d\.\d+ % would have been, four times in five$/);
});
