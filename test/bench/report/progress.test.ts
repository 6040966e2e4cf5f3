import test from 'ava';
import { barText, createProgress } from '../../../bench/report/progress.ts';

function streamOf(properties: { isTTY?: boolean; columns?: number }) {
  const written: string[] = [];
  return { ...properties, written, write: (text: string) => written.push(text) };
}

function steppingClock() {
  let now = 0;
  return { nowMs: () => now, pass: (ms: number) => (now += ms) };
}

test('elsewhere than on a terminal there is a line every few seconds, and one at the end', (t) => {
  const stream = streamOf({});
  const clock = steppingClock();
  const progress = createProgress(stream, clock.nowMs);
  progress.report(0, 10, 'cold');
  clock.pass(1_000);
  progress.report(1, 10, 'cold');
  clock.pass(4_000);
  progress.report(5, 10, 'warm');
  progress.report(6, 10, 'memory');
  progress.report(10, 10, 'done');
  progress[Symbol.dispose]();
  t.deepEqual(stream.written, ['0:00   0 %  cold\n', '0:05  50 %  warm\n', '0:05 100 %  done\n']);
});

test('on a terminal one line is drawn over, not more often than it can be read, and taken away at the end', (t) => {
  const stream = streamOf({ isTTY: true, columns: 90 });
  const clock = steppingClock();
  const progress = createProgress(stream, clock.nowMs);
  progress.report(1, 10, 'cold');
  progress.report(2, 10, 'cold');
  clock.pass(200);
  progress.report(3, 10, 'cold');
  progress[Symbol.dispose]();
  t.is(stream.written.length, 3);
  t.true(stream.written.every((text) => text.startsWith('\r\x1b[K') && !text.includes('\n')));
  t.is(stream.written.at(-1), '\r\x1b[K');
});

test('the end is always drawn', (t) => {
  const stream = streamOf({ isTTY: true });
  const progress = createProgress(stream, () => 0);
  progress.report(1, 2, 'cold');
  progress.report(2, 2, 'warm');
  t.regex(stream.written.at(-1) ?? '', /100 %.*warm/);
});

test('the bar shows the share, the time that passed and the time that is left', (t) => {
  const text = barText({ done: 1, total: 4, what: 'workerd', elapsedMs: 20_000, columns: 100 });
  t.is(text, '██████░░░░░░░░░░░░░░░░░░  25 %  0:20, about 1:00 left  workerd');
});

test('nothing is wider than the terminal, or moves its cursor', (t) => {
  for (const columns of [10, 40, 69, 70, 200]) {
    const what = `${'a long name '.repeat(20)}\x1b[2J\n`;
    const text = barText({ done: 3, total: 7, what, elapsedMs: 1_000, columns });
    t.true([...text].length < columns, text);
    t.false(/[\x00-\x1f]/.test(text));
  }
});

test('a total of nothing is no share', (t) => {
  t.regex(barText({ done: 0, total: 0, what: '', elapsedMs: 0, columns: 60 }), /^ {2}0 %/);
});
