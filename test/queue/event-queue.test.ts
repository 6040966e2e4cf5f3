import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { answer, failed, never, QueueWorld, settings, throttled } from './queue-world.ts';

ownTemporaryDirectory();

const aDirectory = () => mkdtempSync(join(tmpdir(), 'isotherm-test-queue-'));
const minute = 60_000;

test('an event is delivered once, and then nothing is left of it', async (t) => {
  const world = new QueueWorld();
  await world.accept('one', { payload: Buffer.from('{"a":1}'), details: { traceId: 'Root=1' }, qualifier: undefined });
  await world.settle();
  t.deepEqual(
    world.deliveries.map(({ payload }) => Buffer.from(payload).toString()),
    ['{"a":1}'],
  );
  t.like(world.deliveries[0], { functionName: 'f', requestId: 'one', details: { traceId: 'Root=1' } });
  t.like(world.queue.stats(), { queued: 0, queuedBytes: 0, underWay: 0, accepted: 1, succeeded: 1, oldestAgeMs: 0 });
});

test('an error of the function is tried again after one minute and after two, with the same request id', async (t) => {
  const world = new QueueWorld();
  world.onDeliver = failed;
  await world.accept('one');
  await world.settle();
  t.is(world.deliveries.length, 1);
  await world.advance(minute - 1);
  t.is(world.deliveries.length, 1);
  await world.advance(1);
  t.is(world.deliveries.length, 2);
  await world.advance(2 * minute - 1);
  t.is(world.deliveries.length, 2);
  await world.advance(1);
  t.deepEqual(world.delivered(), ['one', 'one', 'one']);
  await world.advance(24 * 60 * minute);
  t.is(world.deliveries.length, 3);
  t.like(world.queue.stats(), { queued: 0, failed: 1, retried: 2 });
  t.like(world.told.at(-1), { type: 'async.failed', condition: 'RetriesExhausted', attempts: 3 });
});

test('without retries the first error is the end', async (t) => {
  const world = new QueueWorld();
  world.settings.set('f', { ...settings, retriesMax: 0 });
  world.onDeliver = failed;
  await world.accept('one');
  await world.settle();
  t.like(world.told.at(-1), { type: 'async.failed', condition: 'RetriesExhausted', attempts: 1 });
});

for (const [ageMs, deliveries] of [
  [minute - 1, 1],
  [2 * minute, 2],
] as const) {
  test(`with a maximum age of ${ageMs} ms nobody waits for a retry that would be too late`, async (t) => {
    const world = new QueueWorld();
    world.settings.set('f', { ...settings, ageMsMax: ageMs });
    world.onDeliver = failed;
    await world.accept('one');
    await world.settle();
    if (deliveries === 2) await world.advance(minute);
    t.is(world.deliveries.length, deliveries);
    t.like(world.told.at(-1), { type: 'async.failed', condition: 'EventAgeExceeded', attempts: deliveries });
  });
}

test('a throttled event waits 1 s, then twice as long, counts as no retry and keeps its place', async (t) => {
  const world = new QueueWorld();
  world.onDeliver = throttled;
  await world.accept('one');
  await world.accept('two');
  await world.settle();
  t.deepEqual(world.delivered(), ['one']);
  await world.advance(1_000);
  t.deepEqual(world.delivered(), ['one', 'one']);
  await world.advance(1_999);
  t.is(world.deliveries.length, 2);
  world.onDeliver = () => answer();
  await world.advance(1);
  t.deepEqual(world.delivered(), ['one', 'one', 'one', 'two']);
  t.like(world.queue.stats(), { throttled: 2, retried: 0, succeeded: 2 });
});

test('a failure of the platform is no retry: back-off from 1 s on, and then all retries are left', async (t) => {
  const world = new QueueWorld();
  world.onDeliver = () => {
    throw new EngineError('SandboxLost', 'gone');
  };
  await world.accept('one');
  await world.settle();
  await world.advance(1_000);
  await world.advance(2_000);
  t.is(world.deliveries.length, 3);
  world.onDeliver = failed;
  await world.advance(4_000);
  await world.advance(minute);
  await world.advance(2 * minute);
  t.is(world.deliveries.length, 6);
  t.like(world.told.at(-1), { type: 'async.failed', condition: 'RetriesExhausted', attempts: 6 });
});

test('with a reserve of zero nothing is delivered and the event ends at once', async (t) => {
  const world = new QueueWorld();
  world.reserves.set('f', 0);
  await world.accept('one');
  await world.settle();
  t.is(world.deliveries.length, 0);
  t.like(world.told.at(-1), { type: 'async.failed', condition: 'ZeroReservedConcurrency', attempts: 0 });
});

test('with a reserve of one events run one at a time, in their order', async (t) => {
  const world = new QueueWorld();
  world.reserves.set('f', 1);
  let running = 0;
  let most = 0;
  world.onDeliver = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return answer();
  };
  const ids = Array.from({ length: 20 }, (_, index) => String(index));
  await Promise.all(ids.map((id) => world.accept(id)));
  for (let i = 0; i < 10; i += 1) await world.settle();
  t.is(most, 1);
  t.deepEqual(world.delivered(), ids);
});

test('a function with many events keeps nobody waiting', async (t) => {
  const world = new QueueWorld({ limits: { deliveriesMax: 4 } });
  const ends: (() => void)[] = [];
  world.onDeliver = ({ functionName }) =>
    functionName === 'g'
      ? answer()
      : new Promise((resolve) => ends.push(() => resolve(answer({ durationMs: 1_000, cpuMs: 0 }))));
  await Promise.all(Array.from({ length: 500 }, (_, index) => world.accept(`f${index}`)));
  for (let rounds = 0; rounds < 20; rounds += 1) {
    await world.settle();
    for (const end of ends.splice(0)) end();
  }
  await world.settle();
  t.is(ends.length, 3, 'it has three quarters of what there is');
  await world.accept('mine', { functionName: 'g' });
  await world.settle();
  t.true(world.delivered().includes('mine'));
});

test('nor does one with large events', async (t) => {
  const world = new QueueWorld({ limits: { asyncBytes: 1e9, asyncBytesPerFunction: 1e9 } });
  const ends: (() => void)[] = [];
  world.onDeliver = () => new Promise((resolve) => ends.push(() => resolve(answer({ durationMs: 1_000, cpuMs: 0 }))));
  await Promise.all(Array.from({ length: 20 }, (_, index) => world.accept(`f${index}`)));
  for (let rounds = 0; rounds < 20; rounds += 1) {
    await world.settle();
    for (const end of ends.splice(0)) end();
  }
  const payload = Buffer.alloc(limits.asyncDeliveryBytesMax / 4, ' ');
  for (const id of ['one', 'two', 'three', 'four']) await world.accept(id, { payload });
  await world.accept('mine', { functionName: 'g' });
  await world.settle();
  t.deepEqual(world.delivered().slice(20).toSorted(), ['mine', 'one', 'three', 'two']);
});

test('events of a full queue are refused with the limit, and taken again when there is room', async (t) => {
  const world = new QueueWorld({ limits: { asyncEventsPerFunction: 2, asyncEvents: 3, asyncBytes: 100 } });
  world.onDeliver = () => never;
  await world.accept('one');
  await world.accept('two');
  const error = await t.throwsAsync(world.accept('three'), { instanceOf: EngineError });
  t.like(error, { code: 'TooManyRequestsException', limit: { name: 'asyncEventsPerFunction', value: 2, asked: 3 } });
  const large = { functionName: 'g', payload: Buffer.alloc(101, ' ') };
  t.like(await t.throwsAsync(world.accept('large', large)), { limit: { name: 'asyncBytes', value: 100, asked: 105 } });
  await world.accept('three', { functionName: 'g' });
  t.like(await t.throwsAsync(world.accept('four', { functionName: 'g' })), { limit: { name: 'asyncEvents' } });
  world.queue.deleted('f');
  await world.accept('four', { functionName: 'g' });
  t.is(world.queue.stats().queued, 3, 'with the one of the deleted function that is under way');
});

test('events of a deleted function are dropped, and a new function of its name does not get them', async (t) => {
  const world = new QueueWorld();
  world.onDeliver = throttled;
  await Promise.all(Array.from({ length: 500 }, (_, index) => world.accept(String(index))));
  await world.settle();
  world.queue.deleted('f');
  t.like(world.told.at(-1), { type: 'async.dropped', functionName: 'f', events: 500 });
  world.onDeliver = () => answer();
  world.deliveries.length = 0;
  await world.accept('new');
  await world.settle();
  await world.advance(minute);
  t.deepEqual(world.delivered(), ['new']);
  t.deepEqual(world.store.retired(), []);
  t.is(world.store.oldestMs(), undefined);
});

test('an event for an alias that was deleted is dropped', async (t) => {
  const world = new QueueWorld();
  await world.accept('one', { qualifier: 'prod' });
  await world.settle();
  t.is(world.deliveries.length, 0);
  t.like(world.told.at(-1), { type: 'async.dropped', functionName: 'f', events: 1, requestId: 'one' });
  t.is(world.queue.stats().queued, 0);
});

test('after a kill what was under way is delivered again with the next number, and what had ended is not', async (t) => {
  const first = new QueueWorld({ directory: aDirectory() });
  first.reserves.set('f', 1);
  await first.accept('ended');
  await first.settle();
  first.onDeliver = () => never;
  await first.accept('under way');
  await first.settle();
  await first.accept('waiting');
  t.deepEqual(first.delivered(), ['ended', 'under way']);

  const second = first.restarted();
  t.is(second.queue.stats().queued, 2);
  second.onDeliver = ({ requestId }) => (requestId === 'under way' ? failed() : answer());
  await second.settle();
  t.deepEqual(second.delivered(), ['under way', 'waiting']);
  t.like(second.told[0], { type: 'async.retry', requestId: 'under way', attempts: 2, delayMs: minute });
});

test('retries and their number outlast a restart', async (t) => {
  const first = new QueueWorld({ directory: aDirectory() });
  first.onDeliver = failed;
  await first.accept('one');
  await first.settle();
  const second = first.restarted();
  second.onDeliver = failed;
  await second.settle();
  t.is(second.deliveries.length, 0);
  await second.advance(minute);
  await second.advance(2 * minute);
  t.is(second.deliveries.length, 2);
  t.like(second.told.at(-1), { type: 'async.failed', condition: 'RetriesExhausted', attempts: 3 });
});

test('a function that was deleted behind the back of the queue has no events after a restart', async (t) => {
  const first = new QueueWorld({ directory: aDirectory() });
  first.onDeliver = throttled;
  await first.accept('one');
  await first.settle();
  const second = first.restarted();
  second.queue.deleted('f');
  const third = second.restarted();
  await third.settle();
  t.is(third.queue.stats().queued, 0);
  t.deepEqual(third.store.retired(), []);
});

test('deliveries become more while the processors have time, and not beyond', async (t) => {
  for (const [cpuMs, most] of [
    [0, 20],
    [1_000, 4],
  ] as const) {
    const world = new QueueWorld({ limits: { cores: 4 } });
    let running = 0;
    let seen = 0;
    world.onDeliver = async () => {
      running += 1;
      seen = Math.max(seen, running);
      for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return answer({ durationMs: 1_000, cpuMs });
    };
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => world.accept(String(index))));
    while (world.queue.stats().queued > 0) await world.settle();
    t.is(world.deliveries.length, 1_000);
    t.is(new Set(world.delivered()).size, 1_000, 'each was delivered once');
    if (cpuMs === 0) t.true(seen >= most, `${seen} at once`);
    else t.true(seen <= most, `${seen} at once`);
  }
});

test('a clock that is set back keeps nobody waiting', async (t) => {
  const world = new QueueWorld();
  world.clock.setEpoch(0);
  await world.accept('one');
  await world.settle();
  t.is(world.deliveries.length, 1);
});

test('a closed queue takes nothing, and waits for what is under way', async (t) => {
  const world = new QueueWorld();
  const end = Promise.withResolvers<void>();
  world.onDeliver = () => end.promise.then(() => answer());
  await world.accept('one');
  await world.settle();
  world.queue.stop();
  await t.throwsAsync(world.accept('two'), { instanceOf: EngineError });
  const closed = world.queue.close();
  end.resolve();
  await closed;
  t.is(world.queue.stats().succeeded, 1);
});
