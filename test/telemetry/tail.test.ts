import test from 'ava';
import { logStreamName } from '../../src/telemetry/log-stream.ts';
import { RawLines } from '../../src/telemetry/raw-lines.ts';
import { Tail } from '../../src/telemetry/tail.ts';

test('a short log is returned whole', (t) => {
  const tail = new Tail();
  tail.append('START\n');
  tail.append('');
  tail.append('END\n');
  t.is(Buffer.from(tail.base64(), 'base64').toString(), 'START\nEND\n');
});

test('of a long log the last 4096 bytes are returned, to the byte', (t) => {
  const tail = new Tail();
  let whole = '';
  for (let line = 0; line < 5000; line += 1) {
    const text = `line ${line} with an umlaut: ü\n`;
    whole += text;
    tail.append(text);
  }
  t.is(tail.base64(), Buffer.from(whole).subarray(-4096).toString('base64'));
});

test('one huge line costs no more than the tail', (t) => {
  const tail = new Tail();
  tail.append('€'.repeat(1_000_000));
  tail.append('!\n');
  const bytes = Buffer.from(tail.base64(), 'base64');
  t.is(bytes.byteLength, 4096);
  t.is(bytes.at(-2), 0x21);
  // Asking twice changes nothing.
  t.is(tail.base64(), bytes.toString('base64'));
});

test('raw output is cut into whole lines, however it arrives', (t) => {
  const raw = new RawLines();
  t.is(raw.push('one\ntwo'), 'one\n');
  t.is(raw.push(' goes on'), '');
  t.is(raw.push('\nthree\nfour'), 'two goes on\nthree\n');
  t.is(raw.flush(), 'four\n');
  t.is(raw.flush(), '');
});

test('a line that never ends is cut at the limit of a log event', (t) => {
  const raw = new RawLines();
  const chunk = 'x'.repeat(200 * 1024);
  t.is(raw.push(chunk), '');
  t.is(raw.push(chunk).length, 256 * 1024 + 1);
  t.is(raw.flush().length, 144 * 1024 + 1);
});

test('a log stream is named by day, version and environment', (t) => {
  const options = {
    epochMs: Date.UTC(2026, 1, 3),
    functionName: 'greet',
    version: '$LATEST',
    environmentId: '0123456789abcdef0123456789abcdef',
  };
  t.is(
    logStreamName({ ...options, logGroup: '/aws/lambda/greet' }),
    '2026/02/03/[$LATEST]0123456789abcdef0123456789abcdef',
  );
  t.is(logStreamName({ ...options, logGroup: 'shared' }), '2026/02/03/greet[$LATEST]0123456789abcdef0123456789abcdef');
});
