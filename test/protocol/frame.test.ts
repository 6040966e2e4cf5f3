import test from 'ava';
import fc from 'fast-check';
import { encodeFrame, FrameDecoder, nextCallId } from '../../src/protocol/frame.ts';
import { type Frame, type FrameType, frameTypes } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const frameLimits = { frameBytesMax: 1 << 20, headBytesMax: 1 << 16 };
const types = Object.values(frameTypes);

type Encoded = Parameters<typeof encodeFrame>[0];

function encode(...frames: readonly Encoded[]): Buffer {
  const chunks: Uint8Array[] = [];
  for (const frame of frames) encodeFrame(frame, frameLimits, chunks);
  return Buffer.concat(chunks);
}

function decode(chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(frameLimits, (frame) => frames.push(frame));
  for (const chunk of chunks) decoder.push(chunk);
  return frames;
}

/** Cuts at the given positions, in any order, anywhere. */
function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...new Set(positions.map((position) => position % (bytes.byteLength + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.byteLength].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const anyFrame = fc.record({
  type: fc.constantFrom<FrameType>(...types),
  callId: fc.nat({ max: 0xffff_ffff }),
  head: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean())),
  body: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(40_000).fill(7)), fc.string()),
});

test('what was encoded is decoded again, however the stream is cut', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, positions) => {
        const decoded = decode(cut(encode(...frames), positions));
        const expected = frames.map(({ body, head, ...rest }) => ({
          ...rest,
          head: JSON.parse(JSON.stringify(head)),
          body: Buffer.from(body),
        }));
        const found = decoded.map((frame) => ({ ...frame, body: Buffer.from(frame.body) }));
        t.deepEqual(found, expected);
      }),
    ),
  );
});

test('one byte at a time', (t) => {
  const bytes = encode({ type: frameTypes.ping, callId: 9, head: { sentMs: 1 }, body: 'body' });
  const frames = decode(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  t.like(frames[0], { type: frameTypes.ping, callId: 9, head: { sentMs: 1 } });
  t.is(Buffer.from(frames[0]?.body ?? []).toString(), 'body');
});

test('garbage never throws anything but a ProtocolError', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
      try {
        decode(chunks);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('a frame whose bytes were changed never throws anything but a ProtocolError', (t) => {
  const bytes = encode(
    { type: frameTypes.reply, callId: 1, head: { outcome: 'x' }, body: 'y' },
    { type: frameTypes.log, callId: 0, head: { kind: 'line' }, body: 'text' },
  );
  fc.assert(
    fc.property(fc.nat(bytes.byteLength - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      try {
        decode([changed]);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

function prefix(length: number, type: number, headBytes: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32BE(headBytes, 9);
  return bytes;
}

const refused: Record<string, { bytes: Buffer; field: string }> = {
  'a length over the limit': { bytes: prefix(frameLimits.frameBytesMax + 1, 2, 2), field: 'frame.length' },
  'a length that holds no head length': { bytes: prefix(8, 2, 0), field: 'frame.length' },
  'a head that is longer than its frame': { bytes: prefix(20, 2, 12), field: 'frame.headBytes' },
  'a head over the limit': {
    bytes: prefix(frameLimits.frameBytesMax, 2, frameLimits.headBytesMax + 1),
    field: 'frame.headBytes',
  },
  'an unknown type': { bytes: Buffer.concat([prefix(11, 99, 2), Buffer.from('{}')]), field: 'frame.type' },
  'a head that is not JSON': { bytes: Buffer.concat([prefix(11, 2, 2), Buffer.from('{]')]), field: 'frame.head' },
  'no head at all': { bytes: prefix(9, 2, 0), field: 'frame.head' },
};
for (const [name, { bytes, field }] of Object.entries(refused)) {
  test(`${name} is refused, in one chunk and byte by byte`, (t) => {
    for (const chunks of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      t.is(t.throws(() => decode(chunks), { instanceOf: ProtocolError }).field, field);
    }
  });
}

test('a length over the limit is refused before anything is allocated for it', (t) => {
  const decoder = new FrameDecoder({ frameBytesMax: 64, headBytesMax: 64 }, () => t.fail());
  const before = process.memoryUsage().arrayBuffers;
  t.throws(() => decoder.push(prefix(0xffff_ffff, 2, 2)), { instanceOf: ProtocolError });
  t.true(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test('a body within one chunk is not copied', (t) => {
  const bytes = encode({ type: frameTypes.reply, callId: 1, head: {}, body: 'body' });
  const [frame] = decode([bytes]);
  t.is(frame?.body.buffer, bytes.buffer);
});

test('a large body is not copied into its frame', (t) => {
  const body = new Uint8Array(100_000);
  const chunks: Uint8Array[] = [];
  encodeFrame({ type: frameTypes.reply, callId: 1, head: {}, body }, frameLimits, chunks);
  t.is(chunks.length, 2);
  t.is(chunks[1], body);
});

test('what is over the limits is not sent', (t) => {
  const body = new Uint8Array(frameLimits.frameBytesMax);
  t.throws(() => encode({ type: frameTypes.reply, callId: 1, head: {}, body }), { message: /over the limit/ });
  const head = { text: 'x'.repeat(frameLimits.headBytesMax) };
  t.throws(() => encode({ type: frameTypes.reply, callId: 1, head }), { message: /over the limit/ });
});

test('after stop no frame comes, also not from the chunk at hand', (t) => {
  const bytes = encode({ type: frameTypes.ping, callId: 1, head: {} }, { type: frameTypes.ping, callId: 2, head: {} });
  const seen: number[] = [];
  const decoder = new FrameDecoder(frameLimits, ({ callId }) => {
    seen.push(callId);
    decoder.stop();
  });
  decoder.push(bytes);
  decoder.push(bytes);
  t.deepEqual(seen, [1]);
});

test('call ids start over at 1, never at the notices’ 0', (t) => {
  t.is(nextCallId(0), 1);
  t.is(nextCallId(0xffff_ffff), 1);
});
