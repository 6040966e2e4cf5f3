import test from 'ava';
import fc from 'fast-check';
import { createBindingSet } from '../../../src/bindings/binding-set.ts';
import { EnvironmentBindings } from '../../../src/bindings/environment-bindings.ts';
import { bindingEvents, bindingOperations, settledFlags } from '../../../src/bridge/bindings.ts';
import { type BridgeValue, services as numbers } from '../../../src/bridge/services.ts';
import { limits } from '../../../src/model/limits.ts';
import { type BindingRequest, decodeBindingRequest } from '../../../src/protocol/bindings.ts';
import { Inbox } from '../../../src/sandbox/inbox.ts';
import { openBindings } from '../../../src/sandbox/services/bindings.ts';
import { Services } from '../../../src/sandbox/services.ts';
import { createFakeClock } from '../../fixtures/fake-clock.ts';

const listener = 7;

/** The service between a guest and a host that are played here. Each request goes through the host's decoder. */
function open(onRequest: (request: object, body: Uint8Array) => void = () => {}) {
  const requests: (BindingRequest & { readonly body: string })[] = [];
  let overflows = 0;
  const inbox = new Inbox(
    () => {},
    () => {
      overflows += 1;
    },
  );
  const services = new Services({
    openers: { bindings: openBindings },
    clock: createFakeClock(),
    inbox,
    request: (_service, request, body = new Uint8Array(0)) => {
      requests.push({ ...decodeBindingRequest(request, body), body: Buffer.from(body).toString('latin1') });
      onRequest(request, body);
    },
  });
  const start = (operation: number, ...values: BridgeValue[]) =>
    services.start(numbers.bindings, operation, listener, values);
  const receive = (event: object, text = '', bytes = '') =>
    services.receive(
      'bindings',
      { ...event, textBytes: Buffer.byteLength(text) },
      Buffer.concat([Buffer.from(text), Buffer.from(bytes, 'latin1')]),
    );
  const events = () => {
    const seen: unknown[][] = [];
    for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) {
      const { kind, id, values } = event;
      const name = Object.entries(bindingEvents).find(([, number]) => number === kind)?.[0];
      const shown = values.map((value) =>
        value instanceof ArrayBuffer ? Buffer.from(value).toString('latin1') : value,
      );
      seen.push(id === listener ? [name, ...shown] : ['for another', id]);
    }
    return seen;
  };
  return { services, start, receive, requests, events, overflows: () => overflows };
}

const { call, chunk, end, fail, credit, cancel, abort, taken } = bindingOperations;
const bytes = (text: string): ArrayBuffer => new Uint8Array(Buffer.from(text, 'latin1')).buffer;

test('a call goes out as text and bytes, and its outcome comes back so', (t) => {
  const { start, receive, requests, events } = open();
  start(call, 1, 3, 0, '[["ä"]]', bytes('xyz'));
  t.deepEqual(requests, [{ kind: 'call', id: 1, function: 3, channels: 0, textBytes: 8, body: '[["Ã¤"]]xyz' }]);
  receive({ kind: 'settled', id: 1, isFailed: true, channels: 0 }, '"ö"', 'raw');
  receive({ kind: 'settled', id: 1, isFailed: false, channels: 0 }, '"late"');
  t.deepEqual(events(), [['settled', 1, settledFlags.failed, '"ö"', 'raw']]);
});

test('what is no call goes nowhere', (t) => {
  const { start, requests, events, services } = open();
  start(call);
  start(call, 'one', 0, 0, '[[]]');
  start(call, 1.5, 0, 0, '[[]]');
  start(call, 1, -1, 0, '[[]]');
  start(call, 1, 0, limits.bindingChannelsPerCallMax + 1, '[[]]');
  start(99, 1, 0, 0, '[[]]');
  t.is(services.ask(numbers.bindings, call, [1, 0, 0, '[[]]']), undefined);
  start(call, 1, 0, 0, '[[]]');
  start(call, 1, 0, 0, '[["twice"]]');
  t.is(requests.length, 1);
  t.deepEqual(events(), []);
});

test('a flood ends here: more calls or bytes than allowed are refused, with the limit named', (t) => {
  const { start, requests, events } = open();
  for (let id = 1; id <= limits.bindingCallsMax + 1; id++) start(call, id, 0, 0, '[[]]');
  t.is(requests.length, limits.bindingCallsMax);
  const [refused] = events();
  t.deepEqual(refused?.slice(0, 3), ['settled', limits.bindingCallsMax + 1, settledFlags.failed]);
  t.regex(String(refused?.[3]), /ERR_BINDING_LIMIT/);
  t.regex(String(refused?.[3]), /bindingCallsMax/);

  const other = open();
  const half = new ArrayBuffer(limits.bindingMessageBytesMax - 100);
  for (let id = 1; id <= 6; id++) other.start(call, id, 0, 0, '[[]]', half);
  t.is(other.requests.length, 4);
  t.regex(String(other.events()[0]?.[3]), /bindingArgumentBytesAtOnceMax/);

  const large = open();
  large.start(call, 1, 0, 2, undefined);
  large.start(call, 2, 0, 0, 'ä'.repeat(limits.bindingMessageBytesMax / 2), bytes('x'));
  t.deepEqual(large.requests, []);
  const told = large.events();
  t.deepEqual(
    told.map(([kind, id]) => [kind, id]),
    [
      ['settled', 1],
      ['closed', 1],
      ['settled', 2],
    ],
  );
  t.regex(String(told[0]?.[3]), /ERR_BINDING_ARGUMENTS_TOO_LARGE/);
});

test('a call that is over makes room for others', (t) => {
  const { start, receive, requests } = open();
  for (let id = 1; id <= limits.bindingCallsMax; id++) start(call, id, 0, id === 1 ? 1 : 0, '[[]]');
  receive({ kind: 'settled', id: 1, isFailed: false, channels: 0 }, 'null');
  start(call, 900, 0, 0, '[[]]');
  t.is(requests.length, limits.bindingCallsMax);
  receive({ kind: 'closed', id: 1 });
  start(call, 901, 0, 0, '[[]]');
  t.is(requests.at(-1)?.kind, 'call');
  t.is(requests.length, limits.bindingCallsMax + 1);
});

test('a stream of the guest has a window, and ends once', (t) => {
  const { start, receive, requests, events } = open();
  start(call, 1, 0, 1, '[[["r",0]]]');
  const part = new ArrayBuffer(limits.bindingChunkBytesMax);
  const inWindow = limits.bindingStreamWindowBytes / limits.bindingChunkBytesMax;
  for (let sent = 0; sent <= inWindow; sent++) start(chunk, 1, 0, undefined, part);
  t.is(requests.length, 1 + inWindow);
  receive({ kind: 'credit', id: 1, channel: 0, cost: limits.bindingChunkBytesMax });
  t.deepEqual(events(), [['credit', 1, 0, limits.bindingChunkBytesMax]]);
  start(chunk, 1, 0, '[[1]]');
  start(chunk, 1, 1, '[[1]]');
  start(chunk, 2, 0, '[[1]]');
  start(chunk, 1, 0, undefined, new ArrayBuffer(limits.bindingChunkBytesMax + 1));
  start(end, 1, 0);
  start(end, 1, 0);
  start(fail, 1, 0, 'null');
  start(abort, 1, 0, 'null');
  start(chunk, 1, 0, '[[2]]');
  t.deepEqual(requests.slice(1 + inWindow), [
    { kind: 'chunk', id: 1, channel: 0, textBytes: 5, body: '[[1]]' },
    { kind: 'end', id: 1, channel: 0, body: '' },
  ]);
});

test('a guest can give back only what it was given', (t) => {
  const { start, receive, requests, events } = open();
  start(call, 1, 0, 0, '[[]]');
  receive({ kind: 'settled', id: 1, isFailed: false, channels: 1 }, '["r",0]');
  receive({ kind: 'chunk', id: 1, channel: 0 }, '', 'x'.repeat(5_000));
  receive({ kind: 'chunk', id: 1, channel: 0 }, '"t"', 'y');
  t.deepEqual(events().slice(1), [
    ['chunk', 1, 0, undefined, 'x'.repeat(5_000)],
    ['chunk', 1, 0, '"t"', 'y'],
  ]);
  for (const cost of [0, -1, 6_025, 1e9, undefined, '5']) start(credit, 1, 0, cost);
  start(credit, 1, 1, 5);
  start(credit, 1, 0, 6_000);
  start(credit, 1, 0, 25);
  t.deepEqual(requests.slice(1), [{ kind: 'credit', id: 1, channel: 0, cost: 6_000, body: '' }]);
  start(cancel, 1, 0, '"enough"');
  start(cancel, 1, 0, '"again"');
  t.deepEqual(requests.slice(2), [{ kind: 'cancel', id: 1, channel: 0, textBytes: 8, body: '"enough"' }]);
  receive({ kind: 'chunk', id: 1, channel: 0 }, '', 'late');
  t.deepEqual(events(), []);
});

test('a large result is taken once', (t) => {
  const { start, receive, requests, events } = open();
  start(call, 1, 0, 0, '[[]]');
  start(taken, 1);
  const size = limits.bindingResultBytesSmall + 1;
  receive({ kind: 'settled', id: 1, isFailed: false, channels: 0 }, '["b"]', 'x'.repeat(size));
  t.is(events()[0]?.[2], settledFlags.large);
  start(taken, 1);
  start(taken, 1);
  t.deepEqual(requests.slice(1), [{ kind: 'taken', bytes: size + 5, body: '' }]);
});

const texts = fc.constantFrom(
  '[[]]',
  '[[["r",0]]]',
  '[[["r",0],["r",1],["a",2]]]',
  '[[["a",0]]]',
  'null',
  'no json',
  '[[1,2]]',
  '',
);
const hostileValue = fc.oneof(
  fc.nat({ max: 4 }),
  fc.constantFrom(0, 1, 1_024, 9_999, -1, 1.5, Number.NaN, 2 ** 53, undefined),
  texts,
  fc.uint8Array({ maxLength: 40 }).map((array) => array.slice().buffer as ArrayBuffer),
);
const hostileStart = fc.tuple(
  fc.nat({ max: 9 }),
  fc.oneof(
    fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }), texts, fc.constant(undefined)),
    fc.array(hostileValue, { maxLength: 6 }),
  ),
);

test('whatever a guest starts, the host never has to take its sandbox for hostile', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileStart, { maxLength: 60 }), async (starts) => {
      const set = createBindingSet({
        quick: () => 1,
        read: async (stream: unknown) => {
          if (stream instanceof ReadableStream) for await (const _ of stream);
        },
        give: () => [
          new ReadableStream({ pull: (controller) => controller.enqueue(1) }),
          AbortSignal.abort(),
          new AbortController().signal,
        ],
        never: () => new Promise(() => {}),
      });
      const late: (() => void)[] = [];
      const host = new EnvironmentBindings({
        set,
        clock: createFakeClock(),
        context: { functionName: 'f', trustDomain: 'd', environmentId: 'e' },
        requestId: () => undefined,
        hopsOf: () => 0,
        // Frames are on their way while others are sent.
        send: (event, body) =>
          void late.push(() => services.receive('bindings', structuredClone(event), body ?? new Uint8Array(0))),
      });
      const { start, services, overflows } = open((request, body) =>
        host.request(JSON.parse(JSON.stringify(request)), body),
      );
      for (const [operation, values] of starts) {
        start(operation, ...values);
        if (operation === 9) {
          await null;
          for (const arrive of late.splice(0)) arrive();
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
      for (const arrive of late.splice(0)) arrive();
      host.close();
      services.close();
      t.is(overflows(), 0);
    }),
    { numRuns: 500 },
  );
});
