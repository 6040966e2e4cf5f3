/** Verdicts as a table for a terminal. Pure. */
import type { Unit } from '../model.ts';
import { digits, quantity, times } from '../report/quantity.ts';
import { median } from '../statistics.ts';
import { falseAlarmMax, type Round, type Verdict } from './verdict.ts';

export interface Judged {
  readonly title: string;
  readonly unit: Unit;
  readonly rounds: readonly Round[];
  readonly verdict: Verdict;
}

export function comparisonText(judged: readonly Judged[]): string {
  const sure = digits(Number(((1 - falseAlarmMax / judged.length) * 100).toPrecision(3)));
  const rows = judged.map(({ title, unit, rounds, verdict }) => [
    title,
    quantity(median(rounds.map(({ a }) => a)), unit),
    quantity(median(rounds.map(({ b }) => b)), unit),
    times(verdict.ratio),
    `${digits(verdict.low)} – ${digits(verdict.high)}`,
    verdictText(verdict, unit),
  ]);
  const table = [['', 'A', 'B', 'B / A', `${sure} % interval`, ''], ...rows];
  const widths = table[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0))) ?? [];
  return table
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 || at === row.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function verdictText({ kind, ratio, detectable }: Verdict, unit: Unit): string {
  const percent = (share: number): string => `${digits(Number((Math.abs(share) * 100).toPrecision(2)))} %`;
  const words = unit === 'ms' ? { better: 'faster', worse: 'slower' } : { better: 'smaller', worse: 'larger' };
  if (kind === 'no difference')
    return `no difference seen; one of ${percent(detectable)} would have been, four times in five`;
  return `B is ${words[kind]}, by ${percent(ratio - 1)}`;
}
