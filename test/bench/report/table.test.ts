import test from 'ava';
import { tableText } from '../../../bench/report/table.ts';
import { result } from '../result.ts';

test('the table has medians, p99, ratios with intervals, failures and who is missing', (t) => {
  const text = tableText(result, 120);
  t.regex(text, /^ {2}isolated-vm +3\.29 ms +3\.56 ms +1×$/m);
  t.regex(text, /^ {2}isotherm +6\.57 ms +7\.13 ms +2× +1\.\d\d – 2\.\d\d$/m);
  t.regex(text, /^ {2}workerd +65\.7 ms .* 2 failed$/m);
  t.regex(text, /^ {2}workerd failed, at last with: no answer$/m);
  t.regex(text, /^missing: deno: not installed$/m);
  t.regex(text, /^ {2}missing: isolated-vm: has no HTTP$/m);
  t.regex(text, /^ {2}By environments:\n {2}10 [\s\S]*?\n {2}1,000 /m);
});

test('where more is better the bad end is p1', (t) => {
  t.regex(tableText(result, 120), /median +p1 +× workerd/);
});

test('targets end the table, met, over or under', (t) => {
  const [heading, ...lines] = tableText(result).trimEnd().split('\n').slice(-3);
  t.is(heading, 'targets');
  t.deepEqual(
    lines.map((line) => line.replace(/ +/g, ' ')),
    [' ok 2×, at most 2×: cold start / isolated-vm', ' UNDER 1.90×, at least 2×: throughput / workerd'],
  );
});

test('a narrow terminal loses no figure, and no line is wider than it', (t) => {
  for (const columns of [1, 20, 30, 50, 79, 100]) {
    const text = tableText(result, columns);
    const tooWide = text.split('\n').filter((line) => line.length > Math.max(20, columns));
    t.deepEqual(tooWide, [], `${columns} columns`);
    const words = text.replace(/\s+/g, ' ');
    for (const figure of ['3.29 ms', '7.13 ms', '65.7 ms', '2.10 MB', '2 failed', 'UNDER']) {
      t.true(words.includes(figure), `${figure} in ${columns} columns`);
    }
  }
});

test('a name cannot move the cursor', (t) => {
  const hostile = { ...result, missing: [{ name: 'x\x1b[2J\r', reason: 'a\nb\u009b' }] };
  t.false(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(tableText(hostile)));
});

test('a run without scenarios, series and targets has a table too', (t) => {
  t.notThrows(() => tableText({ ...result, scenarios: [], series: [], targets: [], missing: [] }));
});
