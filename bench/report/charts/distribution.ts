/** How the samples of each peer are distributed: the share of calls that took at most so long, over a logarithmic axis. */
import type { Unit } from '../../model.ts';
import { toSorted } from '../../statistics.ts';
import { type Markup, markup } from '../markup.ts';
import type { PeerStyle } from '../palette.ts';
import { quantity } from '../quantity.ts';
import { linearScale, logScale, type Scale } from '../scale.ts';
import type { Group, Row } from '../sections.ts';
import { areaFor, frame, pathOf } from './frame.ts';

const height = 340;
/** Two points of a curve that are closer than this look like one. */
const stepMin = 0.4;

export function distributionChart(group: Group, title: string, styleOf: (peer: string) => PeerStyle): Markup {
  const rows = group.rows.filter(({ summary }) => summary !== undefined);
  const area = areaFor('100 %'.length, height);
  const all = rows.flatMap(({ summary }) => (summary === undefined ? [] : [summary.min, summary.max]));
  const isLogarithmic = all.every((value) => value > 0);
  const extent = { from: area.left, to: area.right };
  const x = isLogarithmic ? logScale(all, extent) : linearScale(all, extent);
  const y = linearScale([0, 1], { from: area.bottom, to: area.top });
  return frame({
    area,
    height,
    x,
    y,
    xAxis: { title: axisTitle(group.unit), label: (value) => quantity(value, group.unit) },
    yAxis: { title: 'share of samples at or below', label: (value) => `${Math.round(value * 100)} %` },
    title,
    description: `Cumulative distribution. ${rows.map((row) => sentence(row, group.unit)).join(' ')}`,
    // Ours last, above the others.
    content: rows
      .toSorted((a, b) => Number(styleOf(a.peer).isOurs) - Number(styleOf(b.peer).isOurs))
      .map((row) => curve(row, group.unit, x, y, styleOf(row.peer))),
  });
}

/** Milliseconds and bytes are on the ticks. */
export function axisTitle(unit: Unit): string {
  switch (unit) {
    case 'ms':
      return 'time';
    case 'bytes':
      return 'memory';
    case 'per second':
      return 'calls per second';
    case 'bytes per second':
      return 'throughput';
    case 'share':
      return 'share';
  }
}

function curve(row: Row, unit: Unit, x: Scale, y: Scale, { colour, dash, isOurs }: PeerStyle): Markup {
  const sorted = toSorted(row.samples);
  const points: [number, number][] = [[x.place(sorted[0] ?? 0), y.place(0)]];
  let [lastX, lastY] = points[0] as [number, number];
  for (const [at, value] of sorted.entries()) {
    const to: [number, number] = [x.place(value), y.place((at + 1) / sorted.length)];
    const isLast = at === sorted.length - 1;
    if (!isLast && to[0] - lastX < stepMin && lastY - to[1] < stepMin) continue;
    // A step: nothing was seen between two samples.
    points.push([to[0], lastY], to);
    [lastX, lastY] = to;
  }
  const path = pathOf(points);
  return markup`<g class="series p${colour}${isOurs ? ' ours' : ''}" data-peer="${row.peer}"><title>${sentence(row, unit)}</title>
<path class="reach" d="${path}"/><path class="line" d="${path}" stroke-dasharray="${dash}"/></g>
`;
}

function sentence({ peer, summary }: Row, unit: Unit): string {
  if (summary === undefined) return `${peer}: no samples.`;
  return `${peer}: median ${quantity(summary.p50, unit)}, 99 % at or below ${quantity(summary.p99, unit)}, ${summary.count} samples.`;
}
