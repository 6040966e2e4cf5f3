import test from 'ava';
import { IncomingStream } from '../../src/bindings/incoming-stream.ts';

test('what waits for its reader is in bytes of its own: the frame that it came in, and what came with it, are not kept', async (t) => {
  const ignore = (): void => {};
  const stream = new IncomingStream({ credit: ignore, cancel: ignore, done: ignore });
  const frame = Buffer.from('a value and all that was read together with it');
  stream.chunk(frame.subarray(2, 7), 0);
  frame.fill(0);
  const { value } = await stream.readable.getReader().read();
  t.true(value instanceof Uint8Array && value.buffer.byteLength === value.byteLength);
  t.is(Buffer.from(value as Uint8Array).toString(), 'value');
});
