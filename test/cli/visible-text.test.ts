import test from 'ava';
import { createEventPrinter } from '../../src/cli/print-events.ts';
import { visibleText } from '../../src/cli/visible-text.ts';
import { epochMs } from '../logs/harness.ts';

const cases: readonly (readonly [text: string, seen: string])[] = [
  ['plain\ttext\n', 'plain\ttext\n'],
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['good\rbad', 'good\\x0dbad'],
  ['\x9b31m\x7f\b\0', '\\x9b31m\\x7f\\x08\\x00'],
  ['a\u202egnp.exe', 'a\\u202egnp.exe'],
  ['grüße 🎈', 'grüße 🎈'],
];

for (const [text, seen] of cases) {
  test(`on a terminal ${JSON.stringify(text)} cannot steer it`, (t) => t.is(visibleText(text), seen));
}

for (const isTTY of [true, false]) {
  test(`the log of serve: ${isTTY ? 'neutralised on a terminal' : 'untouched elsewhere'}`, (t) => {
    const written: string[] = [];
    const printer = createEventPrinter({ isTTY, write: (text) => written.push(text) });
    printer({
      type: 'function',
      functionName: 'f',
      version: '1',
      environmentId: 'e',
      logGroup: 'g',
      logStream: 's',
      logFormat: 'Text',
      time: epochMs,
      kind: 'raw',
      text: '\x1b[2J\n',
    });
    t.deepEqual(written, [isTTY ? '\\x1b[2J\n' : '\x1b[2J\n']);
  });
}
