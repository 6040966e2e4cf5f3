import test from 'ava';
import { logStreams } from '../../src/bridge/contract.ts';
import { limits } from '../../src/model/limits.ts';
import type { LogHead } from '../../src/protocol/messages.ts';
import { Output } from '../../src/sandbox/output.ts';
import { RawLevels } from '../../src/sandbox/raw-levels.ts';

function openOutput(rawLevels?: RawLevels) {
  const sent: { readonly head: LogHead; readonly text: string; readonly byteCount: number }[] = [];
  const deferred: (() => void)[] = [];
  const output = new Output({
    environmentId: 'environment',
    ...(rawLevels && { rawLevels }),
    send: (head, body) => sent.push({ head, text: Buffer.from(body).toString(), byteCount: body.byteLength }),
    defer: (callback) => deferred.push(callback),
  });
  return { output, sent, deferred };
}

test('lines of a phase go together, raw output apart, all in order', (t) => {
  const { output, sent } = openOutput();
  output.begin('request');
  output.write(logStreams.record, 'one');
  output.write(logStreams.record, 'two');
  output.write(logStreams.stdout, 'out');
  output.write(logStreams.stderr, 'err');
  output.write(logStreams.record, 'three');
  output.flush();
  const head = { environmentId: 'environment', requestId: 'request' };
  t.deepEqual(
    sent.map(({ head, text }) => [head, text]),
    [
      [{ ...head, kind: 'line' }, 'one\ntwo\n'],
      [{ ...head, kind: 'raw' }, 'outerr'],
      [{ ...head, kind: 'line' }, 'three\n'],
    ],
  );
});

test('init has no request id', (t) => {
  const { output, sent } = openOutput();
  output.begin(undefined);
  output.write(logStreams.record, 'one');
  output.flush();
  t.deepEqual(sent[0]?.head, { environmentId: 'environment', kind: 'line' });
});

test('output leaves soon although the slice goes on', (t) => {
  const { output, sent, deferred } = openOutput();
  output.begin('request');
  output.write(logStreams.record, 'one');
  output.write(logStreams.record, 'two');
  t.is(deferred.length, 1);
  deferred[0]?.();
  t.is(sent.length, 1);
  output.write(logStreams.record, 'three');
  t.is(deferred.length, 2);
});

test('what is left of a phase belongs to it, not to the next one', (t) => {
  const { output, sent } = openOutput();
  output.begin('first');
  output.write(logStreams.record, 'one');
  output.begin('second');
  t.is(sent[0]?.head.requestId, 'first');
});

test('a line is cut at its limit, between characters', (t) => {
  const { output, sent } = openOutput();
  output.begin('request');
  output.write(logStreams.record, '€'.repeat(limits.logLineBytesMax));
  output.flush();
  const characters = Math.floor((limits.logLineBytesMax - 1) / 3);
  t.is(sent[0]?.text, `${'€'.repeat(characters)}\n`);
  t.is(output.droppedBytes, (limits.logLineBytesMax - characters) * 3);
});

test('no notice is longer than a line may be, and raw output arrives whole', (t) => {
  const { output, sent } = openOutput();
  output.begin('request');
  const text = 'a€😀'.repeat(100_000);
  output.write(logStreams.stdout, text);
  output.write(logStreams.stdout, text);
  output.flush();
  t.is(sent.map((notice) => notice.text).join(''), text + text);
  t.true(sent.every(({ byteCount }) => byteCount <= limits.logLineBytesMax));
  t.is(output.droppedBytes, 0);
});

test('a line is in one notice, whatever went before it', (t) => {
  const { output, sent } = openOutput();
  output.begin('request');
  for (let at = 0; at < 1_000; at += 1) output.write(logStreams.record, 'x'.repeat(999));
  output.flush();
  t.true(sent.length > 1);
  for (const { text } of sent) t.true(text.endsWith('x\n'));
  t.is(sent.map(({ text }) => text).join(''), `${'x'.repeat(999)}\n`.repeat(1_000));
});

test('what a phase prints past its limit is dropped and counted, until the next phase', (t) => {
  const { output, sent } = openOutput();
  output.begin('request');
  const line = 'x'.repeat(limits.logLineBytesMax - 1);
  const lines = limits.logBytesPerInvocationMax / limits.logLineBytesMax;
  for (let count = 0; count < lines + 2; count++) output.write(logStreams.record, line);
  output.flush();
  t.is(
    sent.reduce((sum, { byteCount }) => sum + byteCount, 0),
    limits.logBytesPerInvocationMax,
  );
  t.is(output.droppedBytes, 2 * limits.logLineBytesMax);
  output.begin('next');
  t.is(output.droppedBytes, 0);
  output.write(logStreams.record, 'again');
  output.flush();
  t.is(sent.at(-1)?.text, 'again\n');
});

test('nothing is nothing', (t) => {
  const { output, sent, deferred } = openOutput();
  output.begin('request');
  output.write(logStreams.stdout, '');
  output.flush();
  t.is(sent.length + deferred.length, 0);
});

test('raw output of a function with JSON logs is filtered by line', (t) => {
  const { output, sent } = openOutput(new RawLevels('INFO'));
  const record = (level: string) => JSON.stringify({ timestamp: '2026-11-21T12:00:00.000Z', level, message: 'said' });
  output.begin('request');
  output.write(logStreams.stdout, `plain\n${record('DEBUG')}\n${record('ERROR').slice(0, 9)}`);
  output.write(logStreams.stdout, `${record('ERROR').slice(9)}\nunfinished`);
  output.finish();
  t.is(sent.map(({ text }) => text).join(''), `plain\n${record('ERROR')}\nunfinished`);
});
