/** A ratio with its interval as a dot with a line through it, on an axis that the rows of one table share; decoration of the numbers beside it. */
import { type Markup, markup } from '../markup.ts';
import { logScale, type Scale } from '../scale.ts';
import type { Group, Row } from '../sections.ts';

const width = 112;
const height = 18;

/** Undefined where no row has a ratio. */
export function forestScale({ rows }: Group): Scale | undefined {
  const values = rows.flatMap(({ ratio }) =>
    ratio === undefined ? [] : [ratio.ratio, ratio.interval?.low ?? ratio.ratio, ratio.interval?.high ?? ratio.ratio],
  );
  const positive = values.filter((value) => value > 0);
  return positive.length === 0 ? undefined : logScale([1, ...positive], { from: 6, to: width - 6 });
}

export function forest({ ratio, isBaseline }: Row, scale: Scale, colour: number): Markup {
  const one = scale.place(1);
  const middle = height / 2;
  const shown = isBaseline ? 1 : (ratio?.ratio ?? 0);
  const { low, high } = ratio?.interval ?? { low: shown, high: shown };
  const dot =
    shown > 0
      ? markup`<line class="line" x1="${scale.place(low)}" x2="${scale.place(high)}" y1="${middle}" y2="${middle}"/><circle class="mark" cx="${scale.place(shown)}" cy="${middle}" r="3.6"/>`
      : undefined;
  return markup`<svg class="forest p${colour}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true"><line class="one" x1="${one}" x2="${one}" y1="0" y2="${height}"/>${dot}</svg>`;
}
