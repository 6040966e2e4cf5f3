/**
 * A result as tables in Markdown, for a README: medians of isotherm and of the baseline, the ratios of all peers, what was wanted, and the
 * machine. Pure.
 */
import type { BenchResult } from '../model.ts';
import { clockTime, pointText, quantity, times } from './quantity.ts';
import { type Group, isMet, missingEverywhere, type Section, sectionsOf } from './sections.ts';
import { boundText, intervalText } from './table.ts';

const ours = 'isotherm';

export function markdownTable(result: BenchResult): string {
  const sections = sectionsOf(result);
  // A floor has the last column for itself already.
  const peers = result.peers.filter(({ isFloor }) => isFloor !== true).map(({ name }) => name);
  const others = peers.filter((peer) => !peer.startsWith(ours));
  const columns = [...peers.filter((peer) => peer.startsWith(ours)), ...others];
  const rows = sections.flatMap((section) => section.groups.flatMap((group) => rowsOf(section, group, columns)));
  const targets = result.targets.map((target) => [
    target.what,
    `${times(target.ratio)}${target.interval === undefined ? '' : ` (${intervalText(target)})`}`,
    boundText(target),
    isMet(target) ? 'met' : 'missed',
  ]);
  const parts = [
    ...(rows.length === 0 ? [] : [table(['medians, and ratios to the baseline', ...columns, 'baseline'], rows)]),
    ...(targets.length === 0 ? [] : [table(['target', 'seen', 'wanted', 'verdict'], targets)]),
    machineText(result),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** None where the baseline is missing, or isotherm is. */
function rowsOf({ scenario }: Section, { rows, unit, at }: Group, columns: readonly string[]): readonly string[][] {
  const baseline = rows.find(({ isBaseline }) => isBaseline)?.summary;
  if (baseline === undefined || !rows.some(({ peer, summary }) => peer.startsWith(ours) && summary)) return [];
  const cells = columns.map((column) => {
    const row = rows.find(({ peer }) => peer === column);
    if (row?.summary === undefined) return '';
    const ratio = row.isBaseline ? '1×' : row.ratio === undefined ? '' : times(row.ratio.ratio);
    return column.startsWith(ours) ? `${quantity(row.summary.p50, unit)}, ${ratio}` : ratio;
  });
  const what = at === undefined ? scenario.title : `${scenario.title}, ${pointText(at, scenario.axis?.label ?? 'at')}`;
  return [[what, ...cells, `${scenario.baseline}, ${quantity(baseline.p50, unit)}`]];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cellText).join(' | ')} |`).join('\n');
}

/** A name from a file cannot end its cell or begin a tag. */
function cellText(text: string): string {
  return text.replace(/[|\\`<>*_[\]]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}

function machineText(result: BenchResult): string {
  const { machine, revision, startedAt, seconds, quick, isInterrupted } = result;
  const kind = `${quick ? 'quick' : 'full'} run of ${clockTime(seconds)} min${isInterrupted === true ? ', interrupted' : ''}`;
  const memory = quantity(machine.memoryBytes, 'bytes');
  const load = `load ${machine.loadAverage.toFixed(2)} when it began`;
  const versions = result.peers
    .filter(({ name }) => ['isolated-vm', 'workerd', 'deno', 'quickjs'].includes(name))
    .map(({ name, version }) => `${name} ${version}`);
  const missing = missingEverywhere(result).map(({ name }) => name);
  const sentences = [
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.kernel}, Node ${machine.node}, ${load}.`,
    `isotherm ${revision}, ${startedAt.slice(0, 10)}, ${kind}.`,
    ...(versions.length === 0 ? [] : [`Peers: ${versions.join(', ')}; the others are Node's own.`]),
    ...(missing.length === 0 ? [] : [`Not installed: ${missing.join(', ')}.`]),
  ];
  return cellText(sentences.join(' '));
}
