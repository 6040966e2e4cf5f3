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

for (const isTTY of [true, false]) {
  test(`what serve tells of a guest: ${isTTY ? 'neutralised on a terminal' : 'untouched elsewhere'}`, (t) => {
    const written: string[] = [];
    const printer = createEventPrinter({ isTTY, write: (text) => written.push(text) });
    // JSON leaves C1 and marks of direction as they are.
    const reason = `${JSON.stringify('\x9b2J\u202e')} is neither a name of a host nor an address in its usual form`;
    const guest = { functionName: 'f', version: '1', environmentId: 'e', time: epochMs };
    printer({ type: 'network.refused', ...guest, operation: 'lookup', name: '\x9b2J\u202e', reason });
    t.is(written.length, 1);
    t.is(/[\x9b\u202e]/.test(written[0] ?? ''), !isTTY);
  });
}
