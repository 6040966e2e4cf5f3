import { type Duplex, duplexPair } from 'node:stream';
import test from 'ava';
import { CallUnreadError, type Channel, type ChannelOptions, openChannel } from '../../src/protocol/channel.ts';
import { decodePingReply } from '../../src/protocol/decode.ts';
import { encodeFrame } from '../../src/protocol/frame.ts';
import { type Frame, frameTypes } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const frameLimits = { frameBytesMax: 1 << 20, headBytesMax: 1 << 16 };

interface End {
  readonly channel: Channel;
  readonly frames: Frame[];
  readonly protocolErrors: ProtocolError[];
  readonly ends: (Error | undefined)[];
}

function open(stream: Duplex, options: Partial<ChannelOptions> = {}): End {
  const frames: Frame[] = [];
  const protocolErrors: ProtocolError[] = [];
  const ends: (Error | undefined)[] = [];
  const channel = openChannel(stream, {
    incoming: frameLimits,
    outgoing: frameLimits,
    callsPendingMax: 4,
    onCall: (frame) => frames.push(frame),
    onNotice: (frame) => frames.push(frame),
    onProtocolError: (error) => protocolErrors.push(error),
    onEnd: (error) => ends.push(error),
    ...options,
  });
  return { channel, frames, protocolErrors, ends };
}

/** A channel, and the raw stream at the other end. */
function openRaw(options: Partial<ChannelOptions> = {}) {
  const [near, far] = duplexPair();
  return { ...open(near, options), far, near };
}

function bytes(frame: Parameters<typeof encodeFrame>[0]): Buffer {
  const chunks: Uint8Array[] = [];
  encodeFrame(frame, frameLimits, chunks);
  return Buffer.concat(chunks);
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const pong = { environments: 1, rssBytes: 2 };

test('a call gets the reply with its id', async (t) => {
  const [near, far] = duplexPair();
  const host = open(near);
  const sandbox = open(far, {
    onCall: ({ callId, body }) =>
      // The later call is answered first.
      setImmediate(() => sandbox.channel.reply(callId, { environments: callId, rssBytes: 0 }, body)),
  });
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((body) => host.channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply, body)),
  );
  t.deepEqual(
    answers.map(({ head, body }) => [head.environments, Buffer.from(body).toString()]),
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ],
  );
  t.is(host.channel.callsPending, 0);
});

test('notices and a reply of the same task leave in one write', async (t) => {
  const { channel, far } = openRaw();
  const writes: Buffer[] = [];
  far.on('data', (chunk: Buffer) => writes.push(chunk));
  channel.notify(frameTypes.log, { environmentId: 'e', kind: 'line' }, 'text');
  channel.reply(1, pong);
  await settled();
  t.is(
    Buffer.concat(writes).toString('latin1'),
    Buffer.concat([
      bytes({ type: frameTypes.log, callId: 0, head: { environmentId: 'e', kind: 'line' }, body: 'text' }),
      bytes({ type: frameTypes.reply, callId: 1, head: pong }),
    ]).toString('latin1'),
  );
});

/** The first call leaves with its task; those behind it when `read` is called. */
function openWithPending() {
  let deferred: (() => void)[] = [];
  const opened = openRaw({ afterReading: (callback) => deferred.push(callback) });
  const read = () => {
    const due = deferred;
    deferred = [];
    for (const callback of due) callback();
  };
  const first = opened.channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
  return { ...opened, first, read };
}

test('calls beside a pending one leave in one write, when all that lies in sockets was read', async (t) => {
  const { far, channel, first, read } = openWithPending();
  const writes: Buffer[] = [];
  far.on('data', (chunk: Buffer) => writes.push(chunk));
  await settled();
  const ping = (callId: number) => bytes({ type: frameTypes.ping, callId, head: { sentMs: callId } });
  t.deepEqual(Buffer.concat(writes.splice(0)), ping(1));
  const others = [2, 3].map((sentMs) => channel.call(frameTypes.ping, { sentMs }, decodePingReply));
  await settled();
  t.deepEqual(writes, []);
  read();
  await settled();
  t.deepEqual(Buffer.concat(writes), Buffer.concat([ping(2), ping(3)]));
  channel.close(new Error('over'));
  for (const call of [first, ...others]) await t.throwsAsync(call, { message: 'over' });
});

test('what was not written yet when the other end ends was read by nobody', async (t) => {
  const { near, channel, first, read } = openWithPending();
  await settled();
  const others = [2, 3].map((sentMs) => channel.call(frameTypes.ping, { sentMs }, decodePingReply));
  near.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  for (const call of others) await t.throwsAsync(call, { message: 'the other end had ended' });
  // The last one that was written.
  await t.throwsAsync(first, { instanceOf: CallUnreadError });
  read();
  t.is(channel.callsPending, 0);
});

test('a failed reply rejects the call, and the channel lives on', async (t) => {
  const { channel, far } = openRaw();
  const call = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
  far.write(bytes({ type: frameTypes.reply, callId: 1, head: { failed: 'no such environment' } }));
  await t.throwsAsync(call, { name: 'CallFailedError', message: 'no such environment' });
  const next = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
  far.write(bytes({ type: frameTypes.reply, callId: 2, head: pong }));
  t.deepEqual((await next).head, pong);
});

test('only so many calls can wait', async (t) => {
  const { channel } = openRaw({ callsPendingMax: 1 });
  const first = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
  await t.throwsAsync(channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply), {
    message: /callsPendingMax is 1/,
  });
  channel.close(new Error('over'));
  await t.throwsAsync(first, { message: 'over' });
});

const wrong: Record<string, Buffer> = {
  'a reply that nobody waits for': bytes({ type: frameTypes.reply, callId: 77, head: pong }),
  'a reply with id 0': bytes({ type: frameTypes.reply, callId: 0, head: pong }),
  'a second reply to the same call': Buffer.concat([
    bytes({ type: frameTypes.reply, callId: 1, head: pong }),
    bytes({ type: frameTypes.reply, callId: 1, head: pong }),
  ]),
  'a reply of another shape': bytes({ type: frameTypes.reply, callId: 1, head: { environments: 'many' } }),
  'no frame at all': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
};
for (const [name, sent] of Object.entries(wrong)) {
  test(`${name} is a protocol error, reported once; what is pending fails at close`, async (t) => {
    const { channel, far, frames, protocolErrors, ends } = openRaw();
    const call = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
    const second = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
    call.catch(() => {});
    far.write(sent);
    far.write(sent);
    far.write(bytes({ type: frameTypes.log, callId: 0, head: {} }));
    await settled();
    await settled();
    t.is(protocolErrors.length, 1);
    t.true(protocolErrors[0] instanceof ProtocolError);
    t.is(frames.length, 0);
    t.is(ends.length, 0);
    t.true(channel.callsPending > 0);
    channel.close(new Error('killed for it'));
    await t.throwsAsync(second, { message: 'killed for it' });
    t.is(channel.callsPending, 0);
  });
}

test('what a handler refuses as a ProtocolError counts as one', async (t) => {
  const refuse = () => {
    throw new ProtocolError('log.kind', 'known', 1);
  };
  const { far, protocolErrors } = openRaw({ onNotice: refuse });
  far.write(bytes({ type: frameTypes.log, callId: 0, head: {} }));
  await settled();
  t.is(protocolErrors[0]?.field, 'log.kind');
});

test('the end of the stream is told once, and calls wait for the cause', async (t) => {
  const { channel, far, ends } = openRaw();
  const call = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
  far.end();
  await settled();
  await settled();
  t.deepEqual(ends, [undefined]);
  t.is(channel.callsPending, 1);
  const cause = new Error('crashed');
  channel.close(cause);
  t.is(await t.throwsAsync(call), cause);
  t.is(await t.throwsAsync(channel.call(frameTypes.ping, {}, decodePingReply)), cause);
  channel.close(new Error('again'));
});

for (const code of ['ECONNRESET', 'EPIPE']) {
  test(`${code}: what was sent last was not read, and of the others nobody knows`, async (t) => {
    const { near, channel } = openRaw();
    const earlier = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
    const last = channel.call(frameTypes.ping, { sentMs: 2 }, decodePingReply);
    near.destroy(Object.assign(new Error('reset'), { code }));
    await t.throwsAsync(last, { instanceOf: CallUnreadError });
    t.is(channel.callsPending, 1);
    const cause = new Error('crashed');
    channel.close(cause);
    t.is(await t.throwsAsync(earlier), cause);
  });
}

test('behind a call that was sent before a notice nothing is known', async (t) => {
  const { near, channel } = openRaw();
  const call = channel.call(frameTypes.ping, { sentMs: 1 }, decodePingReply);
  channel.notify(frameTypes.log, {});
  near.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  await settled();
  t.is(channel.callsPending, 1);
  channel.close(new Error('crashed'));
  await t.throwsAsync(call, { message: 'crashed' });
});

test('a call to an end that is known to be gone is sent to nobody', async (t) => {
  const { far, channel } = openRaw();
  far.end();
  await settled();
  await t.throwsAsync(channel.call(frameTypes.ping, {}, decodePingReply), { instanceOf: CallUnreadError });
});

test('an error of the stream is told as the end', async (t) => {
  const { near, ends } = openRaw();
  near.destroy(new Error('reset by peer'));
  await settled();
  t.deepEqual(
    ends.map((error) => error?.message),
    ['reset by peer'],
  );
});

test('notices that the other end does not read are a protocol error of it once they are too many', async (t) => {
  const { channel, far, protocolErrors } = openRaw({ noticeBytesWaitingMax: 100_000 });
  const note = (): void => channel.notify(frameTypes.guestEvent, { environmentId: 'e' }, Buffer.alloc(40_000));
  // What was read waits no more.
  far.resume();
  for (let sent = 0; sent < 10; sent += 1) {
    note();
    await settled();
    await settled();
  }
  t.deepEqual(protocolErrors, []);
  far.pause();
  // Calls are bounded by themselves, and do not count.
  for (let sent = 0; sent < 3; sent += 1) {
    channel.call(frameTypes.ping, {}, decodePingReply, Buffer.alloc(60_000)).catch(() => {});
    await settled();
  }
  for (let sent = 0; sent < 5; sent += 1) {
    note();
    await settled();
  }
  t.is(protocolErrors.length, 1);
  t.is(protocolErrors[0]?.field, 'notices');
  channel.close(new Error('the test is over'));
});
