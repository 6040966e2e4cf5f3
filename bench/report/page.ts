/**
 * A result as one HTML page that needs nothing else: no resource of the network, no script to be read, every figure of a plot in a
 * table as well. Its security policy names the one style sheet and the one script by their hashes, so nothing that a result smuggles
 * in could run even if it were not escaped. Pure.
 */
import { createHash } from 'node:crypto';
import type { BenchResult, Target } from '../model.ts';
import { Markup, markup } from './markup.ts';
import { type PeerStyle, peerStyles } from './palette.ts';
import { missingNote, swatch } from './peer-marks.ts';
import { clockTime, quantity, times } from './quantity.ts';
import { scenarioSection } from './scenario-section.ts';
import { pageScript } from './script.ts';
import { isMet, missingEverywhere, peerNames, sectionsOf } from './sections.ts';
import { styleSheet } from './style.ts';
import { boundText, intervalText } from './table.ts';

export function reportPage(result: BenchResult): string {
  const styleOf = peerStyles(peerNames(result));
  const sections = sectionsOf(result);
  const policy = `default-src 'none'; style-src 'sha256-${hash(styleSheet)}'; script-src 'sha256-${hash(pageScript)}'; base-uri 'none'; form-action 'none'`;
  const { text } = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>isotherm bench, ${result.revision}</title>
<style>${new Markup(styleSheet)}</style>
</head>
<body>
<header>
<h1>isotherm bench</h1>
<p class="soft">${headline(result)}</p>
${busyNote(result)}
<nav aria-label="Scenarios"><ul>${sections.map(
    ({ scenario }, at) => markup`<li><a href="#scenario-${at}">${scenario.title}</a></li>`,
  )}<li><a href="#machine">Machine, peers and method</a></li></ul></nav>
</header>
<main>
${targetsSection(result.targets)}
${sections.map((section, at) =>
  scenarioSection({
    section,
    series: result.series.filter(({ scenario }) => scenario === section.scenario.name),
    id: `scenario-${at}`,
    styleOf,
  }),
)}
${machineSection(result, styleOf)}
</main>
<script>${new Markup(pageScript)}</script>
</body>
</html>
`;
  return text;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function headline({ revision, startedAt, seconds, quick, machine }: BenchResult): string {
  const length = quick ? 'a quick run' : 'a full run';
  const day = `${startedAt.slice(0, 10)} ${startedAt.slice(11, 16)} UTC`;
  return `Revision ${revision}, ${day}, ${length} of ${clockTime(seconds)} min on ${machine.cores} cores of ${machine.cpu}`;
}

/** A third of the cores in use by others is what the model of results calls busy. */
function busyNote({ machine, quick, isInterrupted }: BenchResult): Markup | undefined {
  const notes = [
    ...(machine.loadAverage > machine.cores / 3
      ? [
          `The machine was busy when the run began (load ${machine.loadAverage.toFixed(2)} on ${machine.cores} cores): times are of a busy machine, ratios less so.`,
        ]
      : []),
    ...(isInterrupted === true
      ? ['This run was interrupted: scenarios are missing, and the last one may be incomplete.']
      : []),
    ...(quick ? ['A quick run takes fewer samples: its 99th percentiles are near its worst ones.'] : []),
  ];
  return notes.length === 0 ? undefined : markup`<p class="note">${notes.join(' ')}</p>`;
}

function targetsSection(targets: readonly Target[]): Markup | undefined {
  if (targets.length === 0) return undefined;
  const met = targets.filter(isMet).length;
  return markup`<section id="targets"><h2>Targets</h2>
<p class="question">What isotherm sets itself, as ratios of medians of this run: ${met} of ${targets.length} met.</p>
<div class="scroll"><table><thead><tr><th scope="col">what</th><th scope="col">seen</th><th scope="col">wanted</th><th scope="col" class="left">verdict</th></tr></thead>
<tbody>${targets.map(
    (target) =>
      markup`<tr><th scope="row">${target.what}</th><td class="number">${times(target.ratio)}<small>${intervalText(target)}</small></td><td class="number">${boundText(target)}</td><td class="left ${isMet(target) ? 'met' : 'missed'}">${isMet(target) ? '✔ ok' : '✘ missed'}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function machineSection(result: BenchResult, styleOf: (peer: string) => PeerStyle): Markup {
  const { machine, peers } = result;
  const facts: readonly (readonly [string, string])[] = [
    ['processor', `${machine.cpu}, ${machine.cores} cores`],
    ['memory', quantity(machine.memoryBytes, 'bytes')],
    ['kernel', machine.kernel],
    ['Node', `${machine.node}, V8 ${machine.v8}`],
    ['load when it began', machine.loadAverage.toFixed(2)],
    ['began', `${result.startedAt}, took ${clockTime(result.seconds)} min`],
    ['revision', result.revision],
    ['seed', String(result.seed)],
  ];
  return markup`<section id="machine"><h2>Machine, peers and method</h2>
<dl class="facts">${facts.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<h3>Peers</h3>
<div class="scroll"><table><thead><tr><th scope="col">peer</th><th scope="col" class="left">version</th><th scope="col" class="left">what it runs a function in</th></tr></thead>
<tbody>${peers.map(
    ({ name, version, about }) =>
      markup`<tr><th scope="row">${swatch(styleOf(name))}${name}</th><td class="left">${version}</td><td class="left">${about}</td></tr>`,
  )}</tbody></table></div>
${missingNote(missingEverywhere(result))}
<h3>Method</h3>
<p>All peers run side by side in one run, in turns and in an order drawn from the seed, with the same handlers and payloads; a peer that is not installed is missing,
and never filled in. Ratios are of medians, against the baseline that each scenario names, and hold better than times: they share what the machine did in that minute.
The interval holds the true ratio in 95 of 100 such runs; it is taken from 2,000 bootstrap resamples, with a fixed seed, and is left out below six samples. It takes samples as independent,
which those of one burst are not, and knows only what this run shows: another machine, another kernel or another day may differ by more. Percentiles are interpolated between samples. Nothing is dropped as an outlier.</p>
<p>A distribution shows for each time the share of calls that were done by then: further left is faster, and a flat right end is a tail. A curve's lines and marks differ as well as its colour.</p>
</section>`;
}
