/** One scenario in the report: its question, its plots with a legend, its table. Pure. */
import type { Series, Unit } from '../model.ts';
import { distributionChart } from './charts/distribution.ts';
import { forest, forestScale } from './charts/forest.ts';
import { lineChart, mark } from './charts/lines.ts';
import { phaseChart, phaseColours, phaseNames } from './charts/phases.ts';
import { type Markup, markup } from './markup.ts';
import type { PeerStyle } from './palette.ts';
import { missingNote, swatch } from './peer-marks.ts';
import { axisValue, digits, pointText, quantity, times } from './quantity.ts';
import { failureNotes, type Group, type Row, type Section } from './sections.ts';
import { intervalText } from './table.ts';

export interface ScenarioSectionInput {
  readonly section: Section;
  /** Of this scenario. */
  readonly series: readonly Series[];
  readonly id: string;
  readonly styleOf: (peer: string) => PeerStyle;
}

const distributionSamplesMin = 5;
/** Of each point of a line. */
const pointSamplesMin = 50;

export function scenarioSection({ section, series, id, styleOf }: ScenarioSectionInput): Markup {
  const { scenario, groups, missing } = section;
  const plots = groups.some(({ rows }) => rows.some(({ summary }) => summary !== undefined))
    ? figures(section, series, styleOf)
    : [markup`<p class="note">No call gave a sample.</p>`];
  return markup`<section id="${id}"><h2>${scenario.title}</h2>
<p class="question">${scenario.question} ${scenario.better === 'less' ? 'Less' : 'More'} is better.</p>
<p class="method">${scenario.method}</p>
${plots}
${tables(section, styleOf)}
${failureNotes(groups).map((note) => markup`<p class="note">${note}</p>`)}
${missingNote(missing)}
</section>
`;
}

function figures(
  { scenario, groups }: Section,
  series: readonly Series[],
  styleOf: (peer: string) => PeerStyle,
): readonly Markup[] {
  // One point is no line: what it has to show is how its samples lie.
  const kind = scenario.kind === 'line' && groups.length === 1 ? 'distribution' : scenario.kind;
  switch (kind) {
    case 'line': {
      const lines = [...Map.groupBy(series, ({ unit }) => unit)].map(
        ([unit, members]) =>
          markup`<figure><div class="scroll">${lineChart(scenario, members, unit, styleOf)}</div>${legend(new Set(members.map(({ peer }) => peer)), styleOf)}</figure>`,
      );
      // A line has medians only: where calls are many, their tails are a question of their own.
      const points = groups.filter(({ rows }) => rows.some(({ samples }) => samples.length >= pointSamplesMin));
      if (points.length === 0) return lines;
      return [
        ...lines,
        markup`<details><summary>Distributions at each point</summary>${points.flatMap(distributions)}</details>`,
      ];
    }
    case 'phases':
      return groups.flatMap((group) => [
        phaseFigure(group, titleOf(scenario, group), styleOf),
        ...distributions(group),
      ]);
    case 'distribution':
      return groups.flatMap(distributions);
  }

  function distributions(group: Group): readonly Markup[] {
    // Of a few samples there is no distribution.
    if (!group.rows.some(({ samples }) => samples.length >= distributionSamplesMin)) return [];
    const title = titleOf(scenario, group);
    return [
      markup`<figure>${caption(title, scenario.title)}<div class="scroll">${distributionChart(group, title, styleOf)}</div>${legend(new Set(group.rows.map(({ peer }) => peer)), styleOf)}</figure>`,
    ];
  }
}

function titleOf({ title, axis }: Section['scenario'], { at }: Group): string {
  return at === undefined ? title : `${title}, ${pointText(at, axis?.label ?? 'at')}`;
}

/** Only what the heading does not say already. */
function caption(title: string, heading: string): Markup | undefined {
  return title === heading ? undefined : markup`<figcaption>${title}</figcaption>`;
}

function phaseFigure(group: Group, title: string, styleOf: (peer: string) => PeerStyle): Markup {
  const names = phaseNames(group);
  const keys = names.map(
    (name, at) =>
      markup`<li><svg class="swatch" width="14" height="14" aria-hidden="true"><rect class="h${at % phaseColours}" width="14" height="14" rx="2"/></svg>${name}</li>`,
  );
  return markup`<figure><figcaption>Phases, medians; a peer in one colour has none that can be seen from outside.</figcaption><div class="scroll">${phaseChart(group, title, styleOf)}</div><ul class="legend">${keys}</ul></figure>`;
}

function legend(peers: ReadonlySet<string>, styleOf: (peer: string) => PeerStyle): Markup {
  const keys = [...peers].map((peer) => {
    const { colour, dash } = styleOf(peer);
    return markup`<li class="key p${colour}" data-key="${peer}"><svg width="34" height="12" aria-hidden="true"><line class="line" x1="0" x2="34" y1="6" y2="6" stroke-dasharray="${dash}"/>${mark(17, 6, colour)}</svg>${peer}</li>`;
  });
  return markup`<ul class="legend">${keys}</ul>`;
}

/** A line's points side by side in one table; each with its percentiles behind that. */
function tables(section: Section, styleOf: (peer: string) => PeerStyle): readonly Markup[] {
  const { scenario, groups } = section;
  const each = groups.map((group) => groupTable(group, section, styleOf));
  if (scenario.kind !== 'line' || groups.length < 2) return each;
  const units = [...Map.groupBy(groups, ({ unit }) => unit).values()];
  return [
    ...units.map((members) => pointsTable(members, section, styleOf)),
    markup`<details><summary>Percentiles and intervals at each point</summary>${each}</details>`,
  ];
}

/** Medians and ratios, best at the last point first. */
function pointsTable(groups: readonly Group[], { scenario }: Section, styleOf: (peer: string) => PeerStyle): Markup {
  const label = scenario.axis?.label ?? 'at';
  const peers = new Set(groups.toReversed().flatMap(({ rows }) => rows.map(({ peer }) => peer)));
  const rows = [...peers].map((peer) => {
    const style = styleOf(peer);
    const cells = groups.map(({ rows, unit }) => {
      const row = rows.find((each) => each.peer === peer);
      const value = row?.summary === undefined ? '' : quantity(row.summary.p50, unit);
      return markup`<td class="number">${value}<small>${row?.ratio === undefined ? '' : times(row.ratio.ratio)}</small></td>`;
    });
    return markup`<tr class="${style.isOurs ? 'ours' : ''}"><th scope="row">${swatch(style)}${peer}</th>${cells}</tr>
`;
  });
  return markup`<div class="scroll"><table><caption>Medians, and below them the ratio to ${scenario.baseline}, by ${label}</caption><thead><tr><th scope="col">peer</th>${groups.map(
    ({ at }) => markup`<th scope="col">${at === undefined ? '' : axisValue(at, label)}</th>`,
  )}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function groupTable(group: Group, { scenario, groups }: Section, styleOf: (peer: string) => PeerStyle): Markup {
  const scale = forestScale(group);
  const name = groups.length > 1 ? markup`<caption>${titleOf(scenario, group)}</caption>` : undefined;
  const [nearTail, tail] = tails[scenario.better];
  const rows = group.rows.map((row) => {
    const style = styleOf(row.peer);
    const picture = scale === undefined ? undefined : forest(row, scale, style.colour);
    return tableRow({ row, unit: group.unit, better: scenario.better, picture, style });
  });
  return markup`<div class="scroll"><table>${name}<thead><tr><th scope="col">peer</th><th scope="col">median</th><th scope="col">${nearTail}</th><th scope="col">${tail}</th><th scope="col">samples</th><th scope="col">of ${scenario.baseline}</th><th scope="col">95 % of runs</th><th scope="col" class="picture left">ratio (log)</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** The worse end. */
const tails = { less: ['p95', 'p99'], more: ['p5', 'p1'] } as const;

interface TableRowInput {
  readonly row: Row;
  readonly unit: Unit;
  readonly better: 'less' | 'more';
  readonly picture: Markup | undefined;
  readonly style: PeerStyle;
}

function tableRow({ row, unit, better, picture, style }: TableRowInput): Markup {
  const { peer, summary, ratio, isBaseline, failures, samples } = row;
  const [nearTail, tail] = tails[better];
  const failed = failures === 0 ? '' : ` + ${digits(failures)} failed`;
  const cells = [
    summary === undefined ? 'none' : quantity(summary.p50, unit),
    summary === undefined || samples.length === 1 ? '' : quantity(summary[nearTail], unit),
    summary === undefined || samples.length === 1 ? '' : quantity(summary[tail], unit),
    `${digits(samples.length)}${failed}`,
    isBaseline ? '1×' : ratio === undefined ? '' : times(ratio.ratio),
    intervalText(ratio),
  ];
  return markup`<tr class="${style.isOurs ? 'ours' : ''}"><th scope="row">${swatch(style)}${peer}</th>${cells.map((cell) => markup`<td class="number">${cell}</td>`)}<td class="picture left">${picture}</td></tr>
`;
}
