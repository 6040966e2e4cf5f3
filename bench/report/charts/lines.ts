/**
 * A measure over a count or a time: the median of each peer at each point, joined by a line. In lines of few points, each of several
 * samples, a thin line goes from the median to the 99th percentile.
 */
import type { Scenario, Series, Unit } from '../../model.ts';
import { type Summary, summarise } from '../../statistics.ts';
import { type Markup, markup } from '../markup.ts';
import type { PeerStyle } from '../palette.ts';
import { axisValue, digits, quantity } from '../quantity.ts';
import { linearScale, logScale, type Scale } from '../scale.ts';
import { axisTitle } from './distribution.ts';
import { areaFor, frame, pathOf } from './frame.ts';

const height = 360;
/** A measure that grows by more is shown on a logarithmic axis, or the small ones would lie on each other. */
const linearSpanMax = 8;
/** Points of a longer line are not marked each. */
const marksMax = 24;

interface Point {
  readonly at: number;
  readonly summary: Summary;
}

interface Line {
  readonly peer: string;
  readonly points: readonly Point[];
}

/** @param series of one scenario and one unit */
export function lineChart(
  scenario: Scenario,
  series: readonly Series[],
  unit: Unit,
  styleOf: (peer: string) => PeerStyle,
): Markup {
  const lines = linesOf(series);
  const points = lines.flatMap(({ points }) => points);
  const hasSpread = lines.every(({ points }) => points.length <= marksMax);
  const values = points.flatMap(({ summary }) => (hasSpread ? [summary.p50, summary.p99] : [summary.p50]));
  const yLabel = (value: number): string => quantity(value, unit);
  const area = areaFor(Math.max(...values.map((value) => yLabel(value).length), 5), height);
  const label = scenario.axis?.label ?? 'at';
  const places = points.map(({ at }) => at);
  const across = { from: area.left + 10, to: area.right };
  const x =
    scenario.axis?.isLogarithmic === true && places.every((at) => at > 0)
      ? logScale(places, across)
      : linearScale(places, across);
  const y = uprightScale(values, { from: area.bottom, to: area.top });
  return frame({
    area,
    height,
    x,
    y,
    xAxis: { title: label, label: (value) => axisValue(value, label) },
    yAxis: { title: axisTitle(unit), label: yLabel },
    title: scenario.title,
    description: lines.map(({ peer, points }) => sentence(peer, points, unit, label)).join(' '),
    content: lines
      .toSorted((a, b) => Number(styleOf(a.peer).isOurs) - Number(styleOf(b.peer).isOurs))
      .map((line) => drawn(line, x, y, unit, label, styleOf(line.peer))),
  });
}

function linesOf(series: readonly Series[]): readonly Line[] {
  const peers = Map.groupBy(
    series.filter(({ samples }) => samples.length > 0),
    ({ peer }) => peer,
  );
  return [...peers].map(([peer, members]) => ({
    peer,
    points: members.map(({ at = 0, samples }) => ({ at, summary: summarise(samples) })).toSorted((a, b) => a.at - b.at),
  }));
}

function uprightScale(values: readonly number[], extent: { from: number; to: number }): Scale {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return low > 0 && high / low > linearSpanMax ? logScale(values, extent) : linearScale(values, extent);
}

function drawn(
  { peer, points }: Line,
  x: Scale,
  y: Scale,
  unit: Unit,
  label: string,
  { colour, dash, isOurs }: PeerStyle,
): Markup {
  const path = pathOf(points.map(({ at, summary }) => [x.place(at), y.place(summary.p50)]));
  return markup`<g class="series p${colour}${isOurs ? ' ours' : ''}" data-peer="${peer}"><title>${sentence(peer, points, unit, label)}</title>
<path class="reach" d="${path}"/><path class="line" d="${path}" stroke-dasharray="${dash}"/>${points
    .filter(({ summary }) => summary.count > 1 && points.length <= marksMax)
    .map(({ at, summary }) => {
      const across = x.place(at);
      return markup`<line class="spread" x1="${across}" x2="${across}" y1="${y.place(summary.p50)}" y2="${y.place(summary.p99)}"/>`;
    })}${points.length > marksMax ? undefined : points.map(({ at, summary }) => mark(x.place(at), y.place(summary.p50), colour))}</g>
`;
}

/** A shape for each colour. */
export function mark(x: number, y: number, colour: number): Markup {
  const place = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
  switch (colour % 5) {
    case 0:
      return markup`<circle class="mark" transform="${place}" r="4"/>`;
    case 1:
      return markup`<rect class="mark" transform="${place}" x="-3.6" y="-3.6" width="7.2" height="7.2"/>`;
    case 2:
      return markup`<path class="mark" transform="${place}" d="M0-5L4.6 3.6H-4.6Z"/>`;
    case 3:
      return markup`<path class="mark" transform="${place}" d="M0-5L5 0L0 5L-5 0Z"/>`;
    default:
      return markup`<path class="mark" transform="${place}" d="M0 5L4.6-3.6H-4.6Z"/>`;
  }
}

function sentence(peer: string, points: readonly Point[], unit: Unit, label: string): string {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return `${peer}: no samples.`;
  if (points.length > marksMax) {
    return `${peer}: ${digits(points.length)} points, ${quantity(first.summary.p50, unit)} first, ${quantity(last.summary.p50, unit)} last.`;
  }
  const values = points.map(({ at, summary }) => `${quantity(summary.p50, unit)} at ${axisValue(at, label)}`);
  return `${peer}: ${values.join(', ')} (${label}).`;
}
