import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { GuestOutput } from '../../src/supervisor/guest-output.ts';

const { logLineBytesMax, logBytesPerInvocationMax, logNoticesPerInvocationMax } = limits;

function listened() {
  const seen = { chars: 0, calls: 0 };
  const output = new GuestOutput(({ text }) => {
    seen.chars += text.length;
    seen.calls += 1;
  });
  return { output, seen };
}

test('one notice is cut to a line', (t) => {
  const { output, seen } = listened();
  output.deliver('raw', Buffer.alloc(logLineBytesMax + 10, 'x'));
  t.deepEqual(seen, { chars: logLineBytesMax, calls: 1 });
  t.is(output.droppedBytes, 10);
});

test('past the bytes of an invocation everything is dropped and counted, and at twice as many it is a flood', (t) => {
  const { output, seen } = listened();
  const piece = Buffer.alloc(logLineBytesMax, 'x');
  const pieces = logBytesPerInvocationMax / logLineBytesMax;
  for (let sent = 0; sent < 2 * pieces; sent += 1) output.deliver('line', piece);
  t.is(seen.chars, logBytesPerInvocationMax);
  t.is(output.droppedBytes, logBytesPerInvocationMax);
  t.throws(() => output.deliver('line', Buffer.from('x')), { instanceOf: ProtocolError });
});

test('many notices of one byte are a flood too', (t) => {
  const { output, seen } = listened();
  const piece = Buffer.from('x');
  for (let sent = 0; sent < 2 * logNoticesPerInvocationMax; sent += 1) output.deliver('raw', piece);
  t.is(seen.calls, logNoticesPerInvocationMax);
  t.is(output.droppedBytes, logNoticesPerInvocationMax);
  t.throws(() => output.deliver('raw', piece), { instanceOf: ProtocolError });
});

test('empty notices are no output, but count', (t) => {
  const { output, seen } = listened();
  for (let sent = 0; sent < 2 * logNoticesPerInvocationMax; sent += 1) output.deliver('line', new Uint8Array(0));
  t.is(seen.calls, 0);
  t.throws(() => output.deliver('line', new Uint8Array(0)), { instanceOf: ProtocolError });
});
