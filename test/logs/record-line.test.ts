import test from 'ava';
import { escaped, messageOf, recordAt, recordLine } from '../../src/logs/record-line.ts';

for (const message of ['plain\n', '\n', 'two\nlines\n', 'back\\slash \\n\n', '\r\ttab\x1b[31m\x00\n', 'grüße 🎈\n']) {
  test(`a message comes back as it was: ${JSON.stringify(message)}`, (t) => {
    const line = Buffer.from(recordLine(1_767_323_045_000, message));
    t.is(line.indexOf(10), line.byteLength - 1, 'one line');
    const record = recordAt(line, 0, line.byteLength);
    t.is(record?.timestamp, 1_767_323_045_000);
    t.is(messageOf(line, record?.textAt ?? 0, line.byteLength - 1), message);
  });
}

test('what is searched for is written as it stands in the file', (t) => {
  t.true(recordLine(1, 'a\nb\\c\n').includes(escaped('a\nb\\')));
});

test('what is no record is told from one', (t) => {
  for (const text of ['', ' x', 'x 1', '12', '-1 x', `${'9'.repeat(20)} x`]) {
    t.is(recordAt(Buffer.from(text), 0, text.length), undefined, JSON.stringify(text));
  }
});
