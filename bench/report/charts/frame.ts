/** What every plot with two axes has: the area, ticks, grid and titles of the axes, and a text for who does not see it. */
import { type Content, type Markup, markup } from '../markup.ts';
import type { Scale, Tick } from '../scale.ts';

export const plotWidth = 760;
const digitWidth = 7.2;

export interface Axis {
  readonly title: string;
  /** Of a tick. */
  readonly label: (value: number) => string;
}

export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Room on the left for the longest label of the upright axis, on the right for half a label of the other. */
export function areaFor(longestLabel: number, height: number): Area {
  return { left: Math.max(44, longestLabel * digitWidth + 14), right: plotWidth - 34, top: 26, bottom: height - 46 };
}

export interface FrameInput {
  readonly area: Area;
  readonly x: Scale;
  readonly y: Scale;
  readonly xAxis: Axis;
  readonly yAxis: Axis;
  readonly height: number;
  /** What the plot is. */
  readonly title: string;
  /** What it shows, in a sentence. */
  readonly description: string;
  readonly content: Content;
}

export function frame({ area, x, y, xAxis, yAxis, height, title, description, content }: FrameInput): Markup {
  const middle = (area.left + area.right) / 2;
  return markup`<svg class="plot" viewBox="0 0 ${plotWidth} ${height}" role="img">
<title>${title}</title><desc>${description}</desc>
<g class="grid">${x.ticks.map((tick) => uprightLine(tick, x, area))}${y.ticks.map((tick) => levelLine(tick, y, area))}</g>
<g class="labels">${spaced(x, (value) => xAxis.label(value)).map(
    ({ value }) =>
      markup`<text x="${x.place(value)}" y="${area.bottom + 18}" text-anchor="middle">${xAxis.label(value)}</text>`,
  )}${y.ticks
    .filter(({ isLabelled }) => isLabelled)
    .map(
      ({ value }) =>
        markup`<text x="${area.left - 8}" y="${y.place(value) + 4}" text-anchor="end">${yAxis.label(value)}</text>`,
    )}</g>
<g class="titles"><text x="${middle}" y="${height - 6}" text-anchor="middle">${withKind(xAxis.title, x)}</text>
<text x="4" y="13">${withKind(yAxis.title, y)}</text></g>
${content}</svg>`;
}

/** A reader must not take a logarithmic axis for another. */
function withKind(title: string, { kind }: Scale): string {
  return kind === 'logarithmic' ? `${title} (log)` : title;
}

function uprightLine({ value, isLabelled }: Tick, x: Scale, { top, bottom }: Area): Markup {
  const at = x.place(value);
  return markup`<line class="${isLabelled ? 'major' : 'minor'}" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/>`;
}

function levelLine({ value, isLabelled }: Tick, y: Scale, { left, right }: Area): Markup {
  const at = y.place(value);
  return markup`<line class="${isLabelled ? 'major' : 'minor'}" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>`;
}

/** Labelled ticks whose labels do not run into each other, from the left. */
function spaced(x: Scale, label: (value: number) => string): readonly Tick[] {
  let end = Number.NEGATIVE_INFINITY;
  return x.ticks.filter(({ value, isLabelled }) => {
    if (!isLabelled) return false;
    const half = (label(value).length * digitWidth) / 2;
    if (x.place(value) - half < end + 8) return false;
    end = x.place(value) + half;
    return true;
  });
}

/** A line through points, in whole tenths of a unit. */
export function pathOf(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}
