/** A result as text for a terminal: what each peer took, how sure its ratio to the baseline is, who is missing, and the targets. Pure. */
import type { BenchResult, MissingPeer, Scenario, Target, Unit } from '../model.ts';
import type { Interval } from '../statistics.ts';
import { printable } from './progress.ts';
import { axisValue, clockTime, digits, quantity, times } from './quantity.ts';
import {
  failureNotes,
  type Group,
  isMet,
  missingByReason,
  missingEverywhere,
  type Row,
  type Section,
  sectionsOf,
} from './sections.ts';

const columnsMin = 20;

export function tableText(result: BenchResult, columns = 100): string {
  const width = Math.max(columnsMin, columns);
  const parts = [
    wrapAll(headText(result), width),
    ...sectionsOf(result).map((section) => sectionText(section, width)),
    wrapAll(missingText(missingEverywhere(result)), width),
    wrapAll(targetsText(result.targets), width),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function headText({ machine, revision, startedAt, seconds, quick, isInterrupted }: BenchResult): string {
  const memory = quantity(machine.memoryBytes, 'bytes');
  const load = `load ${machine.loadAverage.toFixed(2)} when it began`;
  // As the model of results says: a third of the cores in use by others.
  const isBusy = machine.loadAverage > machine.cores / 3;
  return [
    `isotherm ${revision}, ${startedAt.slice(0, 16).replace('T', ' ')}, ${clockTime(seconds)} min${quick ? ', quick' : ''}${isInterrupted === true ? ', interrupted: not all of it' : ''}`,
    `${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.kernel}, Node ${machine.node}, ${load}`,
    ...(isBusy
      ? ['The machine was busy with other things: times and verdicts are of a busy machine, ratios less so.']
      : []),
  ].join('\n');
}

function sectionText({ scenario, groups, missing }: Section, width: number): string {
  return [
    wrapAll(`${scenario.title}\n  ${scenario.question}`, width),
    ...(groups.some(({ at }) => at !== undefined) ? [wrapAll(`  By ${scenario.axis?.label ?? 'point'}:`, width)] : []),
    ...groupTexts(groups, scenario, width),
    wrapAll(
      failureNotes(groups)
        .map((note) => `  ${printable(note)}`)
        .join('\n'),
      width,
    ),
    wrapAll(missingText(missing, '  '), width),
  ]
    .filter((text) => text !== '')
    .join('\n');
}

/** All groups of a scenario have the same columns, so that an eye can go down from one to the next. */
function groupTexts(groups: readonly Group[], scenario: Scenario, width: number): readonly string[] {
  const against = printable(scenario.baseline);
  const tables = groups.map((group) => [
    [groupName(group, scenario), 'median', tailNames[scenario.better], `× ${against}`, '95 % of runs', ''],
    ...group.rows.map((row) => [printable(row.peer), ...cellsOf(row, group.unit, scenario.better)]),
  ]);
  const widths = (tables[0]?.[0] ?? []).map((_, at) => {
    const body = tables.flatMap(([header, ...rows]) => (rows.some((row) => row[at] !== '') ? [header, ...rows] : []));
    // A column that nobody fills is left out.
    return Math.max(0, ...body.map((row) => row?.[at]?.length ?? 0));
  });
  const whole = widths.reduce((sum, each) => sum + (each === 0 ? 0 : each + 2), 0);
  return tables.map((table) =>
    whole <= width ? table.map((row) => alignedText(row, widths)).join('\n') : narrowText(table, against, width),
  );
}

export const tailNames = { less: 'p99', more: 'p1' } as const;

function groupName({ at }: Group, { axis }: Scenario): string {
  return at === undefined ? '' : axisValue(at, axis?.label ?? '');
}

/** Name to the left, numbers to the right, remarks to the left. */
function alignedText(cells: readonly string[], widths: readonly number[]): string {
  const aligned = cells.flatMap((cell, at) => {
    const width = widths[at] ?? 0;
    if (width === 0) return [];
    return [at === 0 || at === cells.length - 1 ? cell.padEnd(width) : cell.padStart(width)];
  });
  return `  ${aligned.join('  ')}`.trimEnd();
}

function narrowText([header = [], ...rows]: readonly (readonly string[])[], against: string, width: number): string {
  const [name = '', , tailName = ''] = header;
  const texts = rows.map(([peer = '', p50 = '', tail = '', ratio = '', interval = '', remark = '']) => {
    const figures = [
      p50,
      ...(tail === '' ? [] : [`${tailName} ${tail}`]),
      ...(ratio === '' ? [] : [`${ratio} of ${against}${interval === '' ? '' : ` (${interval})`}`]),
      ...(remark === '' ? [] : [remark]),
    ];
    return `  ${peer}\n    ${figures.join(', ')}`;
  });
  return wrapAll([...(name === '' ? [] : [`  ${name}`]), ...texts].join('\n'), width);
}

function cellsOf(
  { summary, ratio, isBaseline, failures }: Row,
  unit: Unit,
  better: Scenario['better'],
): readonly string[] {
  const failed = failures === 0 ? '' : `${digits(failures)} failed`;
  if (summary === undefined) return ['none', '', '', '', failed];
  return [
    quantity(summary.p50, unit),
    summary.count > 1 ? quantity(summary[tailNames[better]], unit) : '',
    ratio === undefined ? (isBaseline ? '1×' : '') : times(ratio.ratio),
    intervalText(ratio),
    failed,
  ];
}

export function intervalText(of: { readonly interval?: Interval } | undefined): string {
  return of?.interval === undefined ? '' : `${digits(of.interval.low)} – ${digits(of.interval.high)}`;
}

function missingText(missing: readonly MissingPeer[], indent = ''): string {
  return missingByReason(missing)
    .map(([names, reason]) => `${indent}missing: ${names}: ${reason}`)
    .join('\n');
}

function targetsText(targets: readonly Target[]): string {
  if (targets.length === 0) return '';
  const lines = targets.map((target) => {
    const interval = target.interval === undefined ? '' : ` (${intervalText(target)})`;
    return `  ${markOf(target).padEnd(5)}  ${times(target.ratio).padStart(6)}${interval}, ${boundText(target)}: ${target.what}`;
  });
  const isSure = targets.some(({ interval }) => interval !== undefined);
  return [`targets${isSure ? ' (in brackets: what holds the ratio in 95 % of runs)' : ''}`, ...lines].join('\n');
}

function markOf(target: Target): string {
  if (isMet(target)) return 'ok';
  return target.atMost !== undefined && !(target.ratio <= target.atMost) ? 'OVER' : 'UNDER';
}

export function boundText({ atMost, atLeast }: Target): string {
  return [
    ...(atMost === undefined ? [] : [`at most ${atMost}×`]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}×`]),
  ].join(', ');
}

/** Breaks lines at spaces, or where there is none anywhere; what follows is indented a little more than its line. */
function wrapAll(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapped(printable(line), width))
    .join('\n');
}

function wrapped(line: string, width: number): readonly string[] {
  const indent = ' '.repeat(Math.min(line.search(/\S|$/) + 4, Math.floor(width / 2)));
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const cut = space > indent.length ? space : width;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = indent + rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}
