import { getEventListeners } from 'node:events';
import test from 'ava';
import { bindingContext } from '../../src/bindings/binding-context.ts';
import { defineBinding } from '../../src/bindings/define-binding.ts';
import { limits } from '../../src/model/limits.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { openBindings, signal, stream, valueIn } from './harness.ts';

const never = () => new Promise(() => {});

test('a call is answered once, and its number may be used again', async (t) => {
  const { call, outcome, told } = openBindings({ add: (a: number, b: number) => a + b });
  call(1, [2, 3]);
  t.is(await outcome(1), 5);
  told.length = 0;
  call(1, [4, 5]);
  t.is(await outcome(1), 9);
  t.is(told.length, 1);
});

test('a function that throws at once fails as one that rejects', async (t) => {
  const { call, outcome } = openBindings({
    fail: () => {
      throw Object.assign(new Error('no'), { code: 'E_NO' });
    },
  });
  call(1, []);
  t.like(await outcome(1), { failed: { message: 'no', code: 'E_NO' } });
});

test("an index that is nobody's, or any where there are no bindings, fails without ending the sandbox", async (t) => {
  for (const bindings of [{ add: never }, undefined]) {
    const { call, outcome } = openBindings(bindings);
    call(1, [], { function: 7 });
    t.like(await outcome(1), { failed: { code: 'ERR_BINDINGS_NOT_GIVEN' } });
  }
});

test('arguments that a guest forged fail their call and nothing else', async (t) => {
  const { send, call, outcome } = openBindings({ echo: (...args: unknown[]) => args.length });
  const forged = ['', 'no json', '1', '{}', '[[["?"]]]', '[[["r",0]]]', '[[["a",3]]]', '[[["b","Uint8Array",9]]]'];
  for (const [id, text] of forged.entries()) {
    send({ kind: 'call', id, function: 0, channels: 0 }, text);
    t.like(await outcome(id), { failed: { name: 'TypeError', code: 'ERR_BINDING_ARGUMENT' } }, text);
  }
  // One channel, named twice.
  send({ kind: 'call', id: 90, function: 0, channels: 1 }, '[[["r",0],["a",0]]]');
  t.like(await outcome(90), { failed: { code: 'ERR_BINDING_ARGUMENT' } });
  call(91, [1, 2]);
  t.is(await outcome(91), 2);
});

test('what only a sandbox that was taken over would send is a protocol error', (t) => {
  const { call, send, environment } = openBindings({ never, read: never });
  call(1, []);
  const offends = (request: () => void): void => void t.throws(request, { instanceOf: ProtocolError });
  offends(() => call(1, []));
  offends(() => send({ kind: 'call', id: -1, function: 0, channels: 0 }));
  offends(() => send({ kind: 'call', id: 2, function: 0, channels: limits.bindingChannelsPerCallMax + 1 }));
  offends(() =>
    environment.request({ kind: 'call', id: 2, function: 0, channels: 0, textBytes: 5 }, new Uint8Array(4)),
  );
  offends(() => send({ kind: 'taken', bytes: 1 }));
  offends(() => send({ kind: 'whatever', id: 1, channel: 0 }));
  offends(() => send({ kind: 'chunk', id: 1, channel: 99 }));
  for (let id = 2; id <= limits.bindingCallsMax; id++) call(id, []);
  offends(() => call(999, []));
});

test('more than a stream may have under way is a protocol error', (t) => {
  const { call, chunk } = openBindings({ read: never });
  call(1, [stream(0)], { channels: 1 });
  const bytes = new Uint8Array(limits.bindingChunkBytesMax);
  for (let sent = 0; sent < limits.bindingStreamWindowBytes; sent += bytes.byteLength) chunk(1, 0, bytes);
  t.throws(() => chunk(1, 0, new Uint8Array(1)), { instanceOf: ProtocolError, message: /within the window/ });
});

test('what comes late, for a call or channel that is over or never was, is dropped', async (t) => {
  const { call, send, chunk, outcome, told } = openBindings({ quick: () => 1 });
  call(1, []);
  await outcome(1);
  for (const id of [1, 77]) {
    chunk(id, 0, new Uint8Array(1));
    for (const kind of ['end', 'fail', 'cancel', 'abort']) send({ kind, id, channel: 0 });
    send({ kind: 'credit', id, channel: 0, cost: 9 });
  }
  t.is(told.length, 1);
});

test('at its deadline a call fails, its function hears of it, and its answer is dropped', async (t) => {
  const { promise, resolve } = Promise.withResolvers<number>();
  let heard: unknown;
  const { call, clock, outcome, told } = openBindings({
    slow: defineBinding(
      () => {
        const { signal } = bindingContext();
        signal.addEventListener('abort', () => {
          heard = signal.reason;
        });
        return promise;
      },
      { timeoutMs: 50 },
    ),
  });
  call(1, []);
  clock.advance(49);
  t.is(told.length, 0);
  clock.advance(1);
  t.like(await outcome(1), { failed: { name: 'TimeoutError', code: 'ERR_BINDING_TIMEOUT' } });
  t.like(heard, { name: 'TimeoutError' });
  resolve(1);
  await promise;
  t.is(told.length, 1);
  t.is(clock.timersArmed, 0);
});

test('a call that settles needs no timer any more', async (t) => {
  const { call, clock, outcome } = openBindings({ quick: () => 1 });
  call(1, []);
  await outcome(1);
  t.is(clock.timersArmed, 0);
});

test('when the environment ends every function hears of it, and nothing is sent', async (t) => {
  const reasons: unknown[] = [];
  let read: Promise<unknown> = never();
  const { promise: given, resolve: give } = Promise.withResolvers<AbortSignal>();
  const { call, clock, environment, told } = openBindings({
    wait: (own: AbortSignal) => {
      give(own);
      const { signal } = bindingContext();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(reasons.push(signal.reason))));
    },
    read: (source: ReadableStream) => {
      read = source.getReader().read();
      return read;
    },
  });
  call(1, [signal(0)], { channels: 1 });
  call(2, [stream(0)], { function: 1, channels: 1 });
  const own = await given;
  environment.close();
  environment.close();
  t.like(reasons, [{ name: 'AbortError' }]);
  t.like(own.reason, { name: 'AbortError' });
  await t.throwsAsync(read, { name: 'AbortError' });
  t.is(told.length, 0);
  t.is(clock.timersArmed, 0);
});

test('a large result waits until the guest has taken those before it; small ones pass', async (t) => {
  const large = (size: number) => new Uint8Array(size);
  const { call, send, event, told } = openBindings({ large, small: () => 1 });
  const size = limits.bindingResultBytesMaxDefault - 100;
  for (let id = 1; id <= 4; id++) call(id, [size]);
  call(9, [], { function: 1 });
  await event('settled', 9);
  const settled = () => told.flatMap(({ event }) => (event.kind === 'settled' ? [event.id] : []));
  t.deepEqual(settled().sort(), [1, 2, 9]);
  const { body } = await event('settled', 1);
  send({ kind: 'taken', bytes: body.byteLength });
  t.true(settled().includes(3));
  t.false(settled().includes(4));
});

test('the stream of a result begins when the guest knows of it, and stops where its window ends', async (t) => {
  async function* source() {
    for (let at = 0; at < 100; at++) yield new Uint8Array(limits.bindingChunkBytesMax).fill(at);
  }
  const { call, send, event, told } = openBindings({ source });
  call(1, []);
  t.deepEqual(valueIn(await event('settled', 1)), { stream: 0 });
  const chunks = () => told.filter(({ event }) => event.kind === 'chunk').length;
  const inWindow = limits.bindingStreamWindowBytes / limits.bindingChunkBytesMax;
  while (chunks() < inWindow) await null;
  send({ kind: 'credit', id: 1, channel: 0, cost: limits.bindingChunkBytesMax });
  while (chunks() < inWindow + 1) await null;
  t.throws(() => send({ kind: 'credit', id: 1, channel: 0, cost: limits.bindingStreamWindowBytes + 1 }), {
    instanceOf: ProtocolError,
  });
  send({ kind: 'cancel', id: 1, channel: 0 });
  await event('closed', 1);
  t.is(chunks(), inWindow + 1);
});

test('an environment has a bounded number of streams and signals', async (t) => {
  const { call, outcome, event, send } = openBindings({
    open: () => new ReadableStream(),
    read: never,
    watch: () => new AbortController().signal,
    // Refused after its channels were opened.
    bad: () => [new AbortController().signal, new ReadableStream(), () => {}],
  });
  for (let id = 1_000; id < 1_100; id++) {
    call(id, [], { function: 3 });
    t.like(await outcome(id), { failed: { code: 'ERR_BINDING_RESULT' } });
  }
  for (let id = 1; id <= limits.bindingStreamsMax; id++) {
    call(id, []);
    await event('settled', id);
  }
  call(50, []);
  t.like(await outcome(50), {
    failed: { code: 'ERR_BINDING_LIMIT', message: 'open: an environment has at most 16 streams open at once' },
  });
  call(51, [stream(0)], { function: 1, channels: 1 });
  t.like(await outcome(51), { failed: { code: 'ERR_BINDING_LIMIT' } });
  send({ kind: 'cancel', id: 1, channel: 0 });
  await event('closed', 1);
  call(52, []);
  t.deepEqual(await outcome(52), { stream: 0 });
  for (let id = 100; id < 100 + limits.bindingSignalsMax; id++) {
    call(id, [], { function: 2 });
    t.deepEqual(await outcome(id), { signal: 0 });
  }
  call(300, [], { function: 2 });
  t.like(await outcome(300), {
    failed: { code: 'ERR_BINDING_LIMIT', message: 'watch: an environment has at most 64 signals of results at once' },
  });
});

test('a signal of the embedder keeps nothing of an environment that ended', async (t) => {
  const shutdown = new AbortController();
  const { call, outcome, environment, told } = openBindings({ watch: () => shutdown.signal });
  for (const id of [1, 2, 3]) {
    call(id, []);
    await outcome(id);
  }
  t.is(getEventListeners(shutdown.signal, 'abort').length, 3);
  environment.close();
  t.is(getEventListeners(shutdown.signal, 'abort').length, 0);
  shutdown.abort();
  t.is(told.length, 6);
});

test('a stream in the arguments lives as long as what the function made of it', async (t) => {
  const { call, chunk, send, event, told } = openBindings({
    upper: (source: ReadableStream<string>) =>
      source.pipeThrough(new TransformStream({ transform: (text, to) => to.enqueue(text.toUpperCase()) })),
  });
  call(1, [stream(0)], { channels: 1 });
  await event('settled', 1);
  chunk(1, 0, 'a');
  t.is(valueIn(await event('chunk', 1)), 'A');
  t.false(told.some(({ event }) => event.kind === 'closed'));
  send({ kind: 'end', id: 1, channel: 0 });
  await event('end', 1);
  await event('closed', 1);
});

test('a stream that nobody reads is cancelled when its call ends', async (t) => {
  const { call, event } = openBindings({ ignore: (_: unknown) => 'done' });
  call(1, [stream(0)], { channels: 1 });
  await event('cancel', 1);
  await event('closed', 1);
  t.pass();
});

test('a value of a stream that a guest forged fails the stream, not the host', async (t) => {
  const { call, send, outcome } = openBindings({
    read: async (source: AsyncIterable<unknown>) => {
      for await (const _ of source);
    },
  });
  call(1, [stream(0)], { channels: 1 });
  send({ kind: 'chunk', id: 1, channel: 0 }, '["?"]');
  t.like(await outcome(1), { failed: { message: 'a message has an array with an unknown tag' } });
});

test('a signal of the guest aborts with its reason, or with one of ours when it has none that can be read', async (t) => {
  const { call, send, outcome } = openBindings({
    wait: (own: AbortSignal) =>
      new Promise((resolve) => own.addEventListener('abort', () => resolve([own.reason.name, own.reason.message]))),
  });
  call(1, [signal(0)], { channels: 1 });
  send({ kind: 'abort', id: 1, channel: 0 }, '["e","Error","enough",{}]');
  t.deepEqual(await outcome(1), ['Error', 'enough']);
  call(2, [signal(0)], { channels: 1 });
  send({ kind: 'abort', id: 2, channel: 0 }, 'no json');
  t.deepEqual(await outcome(2), ['AbortError', 'the guest gave no reason that could be read']);
});
