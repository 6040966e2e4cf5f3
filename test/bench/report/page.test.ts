import { createHash } from 'node:crypto';
import test from 'ava';
import type { BenchResult } from '../../../bench/model.ts';
import { escaped } from '../../../bench/report/markup.ts';
import { reportPage } from '../../../bench/report/page.ts';
import { result, rising } from '../result.ts';
import { type Element, elementsOf } from '../well-formed.ts';

const page = reportPage(result);
const elements = elementsOf(page);
const named = (name: string, among: readonly Element[] = elements) => among.filter((element) => element.name === name);

test('the page is well-formed, and has a plot with a title and a description for each scenario', (t) => {
  const plots = named('svg').filter(({ attributes }) => attributes.get('class') === 'plot');
  // Phases and a distribution, a line, a distribution, another line.
  t.is(plots.length, 5);
  t.true(plots.every(({ attributes }) => attributes.get('role') === 'img'));
  t.is(named('desc').length, plots.length);
  t.true(named('desc').every(({ text }) => /isotherm: \S+/.test(text)));
});

test('points of a line with many calls have distributions as well', (t) => {
  const many = result.series.map((each) => (each.scenario === 'day' ? { ...each, samples: rising(2, 60) } : each));
  const plots = elementsOf(reportPage({ ...result, series: many })).filter(
    ({ name, attributes }) => name === 'svg' && attributes.get('class') === 'plot',
  );
  t.is(plots.length, 5 + 3);
});

test('every other drawing is decoration and says so', (t) => {
  const others = named('svg').filter(({ attributes }) => attributes.get('class') !== 'plot');
  t.true(others.length > 0 && others.every(({ attributes }) => attributes.get('aria-hidden') === 'true'));
});

test('nothing of the page comes from elsewhere, and its policy allows only what is in it', (t) => {
  for (const { name, attributes } of elements) {
    t.false(['link', 'img', 'iframe', 'object', 'embed', 'base', 'form', 'foreignObject'].includes(name), name);
    for (const [attribute, value] of attributes) {
      t.false(['src', 'style', 'srcset', 'action'].includes(attribute) || attribute.startsWith('on'), attribute);
      if (attribute === 'href') t.regex(value, /^#/);
    }
  }
  t.false(/url\(|@import|https?:/.test(page));
  const policy = named('meta').find(({ attributes }) => attributes.get('http-equiv') !== undefined);
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const [style] = named('style');
  const [script] = named('script');
  t.is(
    policy?.attributes.get('content'),
    `default-src 'none'; style-src ${hash(style?.text ?? '')}; script-src ${hash(script?.text ?? '')}; base-uri 'none'; form-action 'none'`,
  );
});

test('the tables have every figure of the plots', (t) => {
  const rows = named('tr').map(({ text }) => text);
  t.true(rows.some((text) => text.startsWith('isotherm6.57 ms') && text.includes('2×')));
  t.true(rows.some((text) => text.startsWith('workerd65.7 ms') && text.includes('20 + 2 failed')));
  t.true(rows.some((text) => text.startsWith('isotherm2.10 MB1.68×2.10 MB1.68×2.10 MB1.68×')));
});

test('targets, machine, method, peers and who is missing are there', (t) => {
  const [body] = named('body');
  for (const text of [
    '1 of 2 met',
    'A processor, 2 cores',
    'bootstrap',
    'deno: not installed',
    'has no HTTP',
    'workerd failed, at last with: no answer',
    'quick',
  ]) {
    t.true(body?.text.includes(text), text);
  }
});

test('a machine that was busy is called so', (t) => {
  t.false(page.includes('was busy'));
  t.true(reportPage({ ...result, machine: { ...result.machine, loadAverage: 1.9 } }).includes('was busy'));
});

const hostile = `</title></style></script>--><script>alert(1)</script><img src=x onerror=alert(1)>"'&amp;\u0000\u001b\ud800]]>`;

/** A result in which each string is hostile. */
function poisoned(): BenchResult {
  const name = (text: string) => `${text}${hostile}`;
  return {
    ...result,
    revision: hostile,
    machine: { ...result.machine, cpu: hostile, kernel: hostile, node: hostile, v8: hostile },
    peers: result.peers.map((peer) => ({ name: name(peer.name), version: hostile, about: hostile })),
    missing: result.missing.map((peer) => ({ ...peer, name: name(peer.name), reason: hostile })),
    scenarios: result.scenarios.map((scenario) => ({
      ...scenario,
      title: hostile,
      question: hostile,
      baseline: name(scenario.baseline),
      ...(scenario.axis && { axis: { ...scenario.axis, label: hostile } }),
    })),
    series: result.series.map((series) => ({
      ...series,
      peer: name(series.peer),
      ...(series.failure && { failure: hostile }),
      ...(series.phases && { phases: series.phases.map((phase) => ({ ...phase, name: name(phase.name) })) }),
    })),
    targets: result.targets.map((target) => ({ ...target, what: hostile })),
  };
}

test('hostile strings stay text, wherever they stand', (t) => {
  const parsed = elementsOf(reportPage(poisoned()));
  t.is(named('script', parsed).length, 1);
  t.is(named('img', parsed).length, 0);
  const shape = (all: readonly Element[]) => all.map(({ name }) => name).join(' ');
  // The same elements as of a harmless one, but for the text in a bar that is too long or short for it.
  t.is(shape(parsed.filter(({ name }) => name !== 'text')), shape(elements.filter(({ name }) => name !== 'text')));
});

test('samples that no axis was made for have a page too', (t) => {
  for (const samples of [[0, 0], [-5, 5], [1e-300, 1e300], [7], []]) {
    const series = result.series.map((each) => {
      const { phases: _, ...rest } = each;
      return { ...rest, samples };
    });
    const text = reportPage({ ...result, series });
    t.notThrows(() => elementsOf(text), String(samples));
    t.is(/.{80}="[^"]*(?:NaN|Infinity)/.exec(text)?.[0], undefined, String(samples));
  }
});

test('a run that measured nothing has a page', (t) => {
  const empty = { ...result, scenarios: [], series: [], targets: [], peers: [], missing: [] };
  t.notThrows(() => elementsOf(reportPage(empty)));
});

test('what XML has no place for is replaced', (t) => {
  t.is(escaped('\u0000a\u001b\ud800<&>"\''), '�a��&lt;&amp;&gt;&quot;&#39;');
});
