import test from 'ava';
import { markdownTable } from '../../../bench/report/markdown.ts';
import { result } from '../result.ts';

const lines = markdownTable(result).split('\n');

test('each point of a scenario is a row with the figures of isotherm and the ratios of its peers', (t) => {
  t.is(lines[0], '| medians, and ratios to the baseline | isotherm | isolated-vm | workerd | baseline |');
  t.regex(lines[2] ?? '', /^\| Cold start \| 6\.57 ms, 2× \| 1× \| 20× \| isolated-vm, 3\.29 ms \|$/);
  t.is(lines.filter((line) => line.startsWith('| Memory, environments: ')).length, 3);
});

test('targets have a table of their own, with verdicts', (t) => {
  t.true(lines.includes('| cold start / isolated-vm | 2× | at most 2× | met |'));
  t.true(lines.includes('| throughput / workerd | 1.90× | at least 2× | missed |'));
});

test('the machine, the kind of run and who was not there are said below', (t) => {
  const last = lines.at(-2) ?? '';
  t.regex(last, /^Machine: A processor, 2 cores, 24 GB, Linux 6\.1, Node v26\.10\.0, load 0\.20 when it began\./);
  t.regex(last, /quick run of 1:12 min\./);
  t.regex(last, /Not installed: deno\.$/);
});

test('a name from a file ends no cell and begins no tag', (t) => {
  const text = markdownTable({ ...result, machine: { ...result.machine, cpu: 'a | <b>' } });
  t.true(text.includes('Machine: a \\| \\<b\\>,'));
});
