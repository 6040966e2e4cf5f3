/**
 * Where the time goes: a bar for each peer, as long as its median, divided into its phases. A peer that takes several times as long as
 * the rest is cut off with an arrow, or nothing could be seen of the others.
 */
import type { Unit } from '../../model.ts';
import { type Markup, markup } from '../markup.ts';
import { lightPhases, type PeerStyle } from '../palette.ts';
import { quantity } from '../quantity.ts';
import { linearScale, type Scale } from '../scale.ts';
import type { Group, Row } from '../sections.ts';
import { plotWidth } from './frame.ts';

const rowHeight = 34;
const barHeight = 20;
const top = 24;
/** How often as long as ours a bar may be before it is cut. */
const spanMax = 3;
const letterWidth = 7.4;
const nameCharsMax = 22;
export const phaseColours = lightPhases.length;

interface Bar {
  readonly row: Row;
  readonly total: number;
}

/** Names of phases, in the order of the peer that has most of them: what the legend shows and colours follow. */
export function phaseNames({ rows }: Group): readonly string[] {
  const byCount = rows.map(({ phases = [] }) => phases).toSorted((a, b) => b.length - a.length);
  return [...new Set(byCount.flatMap((phases) => phases.map(({ name }) => name)))];
}

export function phaseChart(group: Group, title: string, styleOf: (peer: string) => PeerStyle): Markup {
  const bars = group.rows.flatMap((row) => (row.summary === undefined ? [] : [{ row, total: row.summary.p50 }]));
  const names = phaseNames(group);
  const longest = Math.max(...bars.map(({ row }) => Math.min(nameCharsMax, row.peer.length)), 4);
  const left = longest * letterWidth + 16;
  const right = plotWidth - 76;
  const x = linearScale(shownWhole(bars, styleOf), { from: left, to: right });
  const bottom = top + bars.length * rowHeight;
  const description = bars.map((bar) => sentence(bar, group.unit)).join(' ');
  return markup`<svg class="plot" viewBox="0 0 ${plotWidth} ${bottom + 26}" role="img">
<title>${title}: phases</title><desc>${description}</desc>
<g class="grid">${x.ticks.map(
    ({ value }) =>
      markup`<line class="major" x1="${x.place(value)}" x2="${x.place(value)}" y1="${top - 6}" y2="${bottom}"/>`,
  )}</g>
<g class="labels">${x.ticks.map(
    ({ value }) =>
      markup`<text x="${x.place(value)}" y="${bottom + 17}" text-anchor="middle">${quantity(value, group.unit)}</text>`,
  )}</g>
${bars.map((bar, at) => drawn(bar, top + at * rowHeight, x, right, names, group.unit, styleOf(bar.row.peer)))}</svg>`;
}

/** Totals of the bars that are not cut: all of them where none is ours. */
function shownWhole(bars: readonly Bar[], styleOf: (peer: string) => PeerStyle): readonly number[] {
  const ours = bars.filter(({ row }) => styleOf(row.peer).isOurs).map(({ total }) => total);
  const totals = bars.map(({ total }) => total);
  return ours.length === 0 ? totals : totals.filter((total) => total <= Math.max(...ours) * spanMax);
}

function drawn(
  { row, total }: Bar,
  y: number,
  x: Scale,
  right: number,
  names: readonly string[],
  unit: Unit,
  { colour, isOurs }: PeerStyle,
): Markup {
  const start = x.place(0);
  const isCut = x.place(total) > right + 0.5;
  const end = Math.min(x.place(total), right);
  const name = row.peer.length > nameCharsMax ? `${row.peer.slice(0, nameCharsMax - 1)}…` : row.peer;
  let from = 0;
  const parts = (row.phases ?? []).map(({ name, value }) => {
    const x1 = Math.min(x.place(from), right);
    from += value;
    const width = Math.max(0, Math.min(x.place(from), right) - x1);
    const text = quantity(value, unit);
    const shade = names.indexOf(name) % phaseColours;
    return markup`<g><title>${row.peer}, ${name}: ${text}</title><rect class="h${shade}" x="${x1}" y="${y}" width="${width}" height="${barHeight}"/>${
      width > text.length * letterWidth + 6
        ? markup`<text class="on${shade}" x="${x1 + width / 2}" y="${y + 14}" text-anchor="middle">${text}</text>`
        : undefined
    }</g>`;
  });
  const whole = markup`<rect class="whole" x="${start}" y="${y}" width="${Math.max(1, end - start)}" height="${barHeight}"/>`;
  const arrow = markup`<path class="arrow" d="M${right + 1} ${y}l9 ${barHeight / 2}l-9 ${barHeight / 2}z"/>`;
  return markup`<g class="bar p${colour}${isOurs ? ' ours' : ''}" data-peer="${row.peer}"><text class="name" x="${start - 10}" y="${y + 14}" text-anchor="end">${name}</text>
${parts.length > 0 ? parts : whole}${isCut ? arrow : undefined}<text class="total" x="${end + (isCut ? 15 : 7)}" y="${y + 14}">${quantity(total, unit)}</text></g>
`;
}

function sentence({ row, total }: Bar, unit: Unit): string {
  const parts = (row.phases ?? []).map(({ name, value }) => `${name} ${quantity(value, unit)}`);
  return `${row.peer}: ${quantity(total, unit)}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}.`;
}
