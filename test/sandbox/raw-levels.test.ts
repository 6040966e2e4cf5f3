import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { RawLevels } from '../../src/sandbox/raw-levels.ts';

const timestamp = '2026-11-21T12:00:00Z';
const line = (record: unknown): string => `${JSON.stringify(record)}\n`;

for (const [least, text, isKept] of [
  ['INFO', 'plain\n', true],
  ['WARN', 'plain\n', false],
  ['TRACE', line({ level: 'TRACE', timestamp }), true],
  ['unknown', line({ level: 'TRACE', timestamp }), true],
  ['INFO', line({ level: 'DEBUG', timestamp }), false],
  ['INFO', line({ level: 'debug', timestamp }), false],
  ['WARN', line({ level: 'ERROR', timestamp: '2026-11-21T12:00:00.123+01:00' }), true],
  // Without a time that can be read it is a line like any other, and so is what has no level of ours.
  ['INFO', line({ level: 'DEBUG' }), true],
  ['INFO', line({ level: 'DEBUG', timestamp: 'yesterday' }), true],
  ['WARN', line({ level: 'ERROR', timestamp: 1 }), false],
  ['WARN', line({ level: 'LOUD', timestamp }), false],
  ['WARN', line({ level: { toString: 'ERROR' }, timestamp }), false],
  ['WARN', '{"level":"ERROR"\n', false],
  ['WARN', '[]\n', false],
  ['INFO', '\n', true],
] as const) {
  test(`at ${least}, ${JSON.stringify(text)} is ${isKept ? 'kept' : 'dropped'}`, (t) => {
    t.is(new RawLevels(least).push(text), isKept ? text : '');
  });
}

test('a line is judged when it is whole, and the rest at the end', (t) => {
  const raw = new RawLevels('WARN');
  const record = line({ level: 'ERROR', timestamp });
  t.is(raw.push(record.slice(0, 5)), '');
  t.is(raw.push(record.slice(5)), record);
  t.is(raw.push(record.slice(0, -1)), '');
  t.is(raw.finish(), record.slice(0, -1));
  t.is(raw.finish(), '');
});

test('a line that does not end is not kept for ever', (t) => {
  const raw = new RawLevels('INFO');
  const endless = 'x'.repeat(limits.logLineBytesMax);
  t.is(raw.push(endless), '');
  t.is(raw.push('x'), `${endless}x`);
  t.is(raw.finish(), '');
});
