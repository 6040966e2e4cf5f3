/**
 * A result as the table and the report show it: for each scenario the measures that can be compared with each other, best first,
 * each with its ratio to the baseline of the same unit at the same point. Pure.
 */
import type { BenchResult, MissingPeer, Scenario, Series, Target, Unit } from '../model.ts';
import { median, type Ratio, ratioOfMedians, type Summary, summarise } from '../statistics.ts';

export interface Row {
  readonly peer: string;
  readonly isBaseline: boolean;
  readonly samples: readonly number[];
  /** Absent when no call gave a sample. */
  readonly summary?: Summary;
  /** Absent for the baseline, and where it has no samples. */
  readonly ratio?: Ratio;
  readonly failures: number;
  /** Why the last one failed, where it is known. */
  readonly failure?: string;
  /** Medians of the parts, stretched to add up to the median of the whole. */
  readonly phases?: readonly Phase[];
}

export interface Phase {
  readonly name: string;
  readonly value: number;
}

/** What was measured in one unit at one point of the axis. */
export interface Group {
  readonly unit: Unit;
  readonly at?: number;
  readonly rows: readonly Row[];
}

export interface Section {
  readonly scenario: Scenario;
  readonly groups: readonly Group[];
  readonly missing: readonly MissingPeer[];
}

export function sectionsOf(result: BenchResult): readonly Section[] {
  return result.scenarios.map((scenario) => ({
    scenario,
    groups: groupsOf(
      scenario,
      result.series.filter((each) => each.scenario === scenario.name),
    ),
    missing: result.missing.filter((each) => each.scenario === scenario.name),
  }));
}

/** In words, why calls of each peer failed; once where a peer says the same at several points. */
export function failureNotes(groups: readonly Group[]): readonly string[] {
  const rows = groups.flatMap(({ rows }) => rows);
  return [
    ...new Set(
      rows.flatMap(({ peer, failure }) => (failure === undefined ? [] : [`${peer} failed, at last with: ${failure}`])),
    ),
  ];
}

/** Names by what they are missing for: several lack the same. */
export function missingByReason(missing: readonly MissingPeer[]): readonly (readonly [string, string])[] {
  return [...Map.groupBy(missing, ({ reason }) => reason)].map(([reason, peers]) => [
    peers.map(({ name }) => name).join(', '),
    reason,
  ]);
}

/** Missing from the whole run. */
export function missingEverywhere(result: BenchResult): readonly MissingPeer[] {
  return result.missing.filter(({ scenario }) => scenario === undefined);
}

export function isMet({ ratio, atMost, atLeast }: Target): boolean {
  // Written so that a ratio that is no number is not met.
  return (atMost === undefined || ratio <= atMost) && (atLeast === undefined || ratio >= atLeast);
}

/** Every name that has figures, or lacks them, in the order of the result: what a colour is given by. */
export function peerNames({ peers, missing, series }: BenchResult): readonly string[] {
  return [
    ...new Set([
      ...peers.map(({ name }) => name),
      ...missing.map(({ name }) => name),
      ...series.map(({ peer }) => peer),
    ]),
  ];
}

function groupsOf(scenario: Scenario, series: readonly Series[]): readonly Group[] {
  const groups = Map.groupBy(series, ({ unit, at }) => JSON.stringify([unit, at ?? null]));
  return [...groups.values()]
    .map((members) => groupOf(scenario, members))
    .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
}

function groupOf(scenario: Scenario, members: readonly Series[]): Group {
  const { unit, at } = members[0] as Series;
  const baseline = members.find(({ peer }) => peer === scenario.baseline);
  const rows = members
    .map((each) => rowOf(each, baseline))
    .toSorted((a, b) => rank(a, scenario.better) - rank(b, scenario.better));
  return { unit, rows, ...(at !== undefined && { at }) };
}

function rowOf({ peer, samples, phases, failures, failure }: Series, baseline: Series | undefined): Row {
  const isBaseline = peer === baseline?.peer;
  const ratio = baseline === undefined || isBaseline ? undefined : ratioOfMedians(samples, baseline.samples);
  return {
    peer,
    isBaseline,
    samples,
    failures,
    ...(failure !== undefined && { failure }),
    ...(samples.length > 0 && { summary: summarise(samples) }),
    ...(ratio !== undefined && { ratio }),
    ...(phases !== undefined && samples.length > 0 && { phases: phasesOf(phases, median(samples)) }),
  };
}

function phasesOf(phases: NonNullable<Series['phases']>, whole: number): readonly Phase[] {
  const medians = phases.map(({ name, samples }) => ({ name, value: Math.max(0, median(samples)) }));
  const sum = medians.reduce((total, { value }) => total + value, 0);
  // Medians of parts do not add up to the median of the whole; the bar must end where the table says.
  return sum === 0 ? medians : medians.map(({ name, value }) => ({ name, value: (value / sum) * whole }));
}

/** Without samples last. */
function rank({ summary }: Row, better: Scenario['better']): number {
  if (summary === undefined) return Number.POSITIVE_INFINITY;
  return better === 'less' ? summary.p50 : -summary.p50;
}
