import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import type { Answer, RunningPeer } from '../../bench/drivers/driver.ts';
import { atOnce, inTurn, openLoop, overruns, phaseTable, recovery } from '../../bench/measure.ts';

function peerThat(call: (name: string, count: number) => Promise<Answer>): RunningPeer {
  let count = 0;
  return {
    async deploy() {},
    call(name) {
      count += 1;
      return call(name, count);
    },
    async remove() {},
    async [Symbol.asyncDispose]() {},
  };
}

const calls = { names: ['a', 'b'], payload: '{}', repeat: 2, pauseMs: 0, answer: '1' };

test('calls in turn are one after the other and each is a sample', async (t) => {
  let under = 0;
  const order: string[] = [];
  const peer = peerThat(async (name) => {
    under += 1;
    t.is(under, 1);
    order.push(name);
    await pause(1);
    under -= 1;
    return { payload: '1' };
  });
  const { samples, failures } = await inTurn(peer, calls);
  t.deepEqual(order, ['a', 'a', 'b', 'b']);
  t.is(samples.length, 4);
  t.is(failures, 0);
});

test('a wrong answer and a failed call are failures and no samples', async (t) => {
  const peer = peerThat(async (_, count) => {
    if (count === 1) throw new Error('broken');
    return { payload: count === 2 ? '2' : '1' };
  });
  const { samples, failures, failure } = await inTurn(peer, calls);
  t.is(samples.length, 2);
  t.is(failures, 2);
  t.is(failure, 'wrong answer: 2');
});

test('a burst counts from the moment that it began, also for what had to wait', async (t) => {
  let line: Promise<void> = Promise.resolve();
  const peer = peerThat(async () => {
    const mine = line.then(() => pause(20));
    line = mine.then(() => {});
    await mine;
    return { payload: '1' };
  });
  const { samples } = await atOnce(peer, calls);
  t.is(samples.length, 2);
  t.true((samples[1] ?? 0) > (samples[0] ?? 0) + 10, `${samples}`);
});

test('an open loop charges a stall to every call that would have met it', async (t) => {
  // Calls are answered at once, but for a stall of 100 ms at the first one, which holds up this thread.
  const peer = peerThat(async (_, count) => {
    const until = performance.now() + 100;
    while (count === 1 && performance.now() < until);
    return { payload: '1' };
  });
  const arrivals = Array.from({ length: 10 }, (_, i) => ({ atMs: i * 10, index: 0 }));
  const { byArrival } = await openLoop(peer, { arrivals, names: ['a'], payload: '{}', answer: '1', graceMs: 5_000 });
  t.is(byArrival.length, 10);
  // A loop that waits for an answer before it calls again would have seen one slow call.
  t.true((byArrival[0] ?? 0) >= 100);
  t.true((byArrival[5] ?? 0) >= 49, `${byArrival[5]}`);
});

test('an open loop starts a call although the one before has not answered', async (t) => {
  const second = Promise.withResolvers<void>();
  const peer = peerThat(async (_, count) => {
    if (count === 2) second.resolve();
    await second.promise;
    return { payload: '1' };
  });
  const arrivals = [0, 5].map((atMs) => ({ atMs, index: 0 }));
  const { samples } = await openLoop(peer, { arrivals, names: ['a'], payload: '{}', answer: '1', graceMs: 5_000 });
  t.is(samples.length, 2);
});

test('what has no answer when the time is up has failed', async (t) => {
  const peer = peerThat((_, count) => (count === 1 ? Promise.resolve({ payload: '1' }) : new Promise(() => {})));
  const arrivals = [0, 1, 2].map((atMs) => ({ atMs, index: 0 }));
  const { samples, failures, failure } = await openLoop(peer, {
    arrivals,
    names: ['a'],
    payload: '{}',
    answer: '1',
    graceMs: 20,
  });
  t.is(samples.length, 1);
  t.is(failures, 2);
  t.is(failure, 'no answer after 20 ms');
});

test('an overrun counts only when the function was ended for its time', async (t) => {
  const peer = peerThat(async (_, count) => {
    await pause(20);
    if (count === 1) return { payload: '1' };
    throw new Error(count === 2 ? 'out of memory' : 'Task timed out after 0.02 seconds');
  });
  const { samples, failures } = await overruns(peer, 'a', 10, 3);
  t.is(samples.length, 1);
  t.true((samples[0] ?? 0) > 5);
  t.is(failures, 2);
});

test('phases and what no phase explains add up to the samples', (t) => {
  const table = phaseTable(
    [10, 5],
    [
      [
        { name: 'isolate', ms: 4 },
        { name: 'init', ms: 3 },
      ],
      undefined,
    ],
  );
  t.deepEqual(table, [
    { name: 'isolate', samples: [4, 0] },
    { name: 'init', samples: [3, 0] },
    { name: 'call', samples: [3, 5] },
  ]);
});

test('a call that fails after its process was killed is made again, and the time counts from the kill', async (t) => {
  let killed = 0;
  let failed = 0;
  const peer: RunningPeer = {
    ...peerThat(async () => {
      await pause(1);
      if (killed > 0 && failed < 10) {
        failed += 1;
        throw new Error('gone');
      }
      return { payload: '1' };
    }),
    async kill() {
      killed += 1;
    },
  };
  const { samples, failures } = await recovery(peer, { name: 'a', payload: '{}', answer: '1' });
  t.is(killed, 1);
  t.is(failures, 0);
  t.is(samples.length, 1);
  t.is(failed, 10);
});

test('a peer without a process is not killed', async (t) => {
  const peer = peerThat(async () => ({ payload: '1' }));
  await t.throwsAsync(recovery(peer, { name: 'a', payload: '{}', answer: '1' }), { message: /no process/ });
});
