import test from 'ava';
import fc from 'fast-check';
import { EngineError } from '../../src/model/errors.ts';
import type { Demand } from '../../src/scheduler/fleet-view.ts';
import { Lease } from '../../src/scheduler/lease.ts';
import { RequestRate } from '../../src/scheduler/request-rate.ts';
import { FleetWorld } from './fleet-world.ts';

const demandOf = (functionName: string): Demand => ({
  functionName,
  functionKey: `${functionName}:$LATEST`,
  versionKey: `${functionName}@1`,
  domain: 'default',
  memoryMiB: 128,
});

/** Asks until it is refused: how many ran, and what the refusal says. */
function callsUntilRefused(world: FleetWorld, functionName: string): { calls: number; error: EngineError } {
  for (let calls = 0; ; calls++) {
    try {
      const lease = world.scheduler.acquire(demandOf(functionName), `${functionName}-${calls}`);
      if (!(lease instanceof Lease)) throw new Error('it waits, although the world lets nobody wait');
      lease[Symbol.dispose]();
    } catch (error) {
      if (error instanceof EngineError) return { calls, error };
      throw error;
    }
  }
}

test('a second takes ten requests for each of the concurrency, and the refusal says when the next may come', (t) => {
  const world = new FleetWorld({ concurrency: 3, requestsPerConcurrency: 10 });
  const { calls, error } = callsUntilRefused(world, 'a');
  t.is(calls, 30);
  t.is(error.code, 'TooManyRequestsException');
  t.is(error.message, 'Rate Exceeded.');
  t.is(error.throttleReason, 'FunctionInvocationRateLimitExceeded');
  t.deepEqual(error.limit, { name: 'requestsPerConcurrency', value: 10, reason: 'request-rate' });
  t.is(error.retryAfterMs, 34);
  t.is(callsUntilRefused(world, 'b').calls, 0, 'functions without a reserve share it');
  world.clock.advance(34);
  t.is(callsUntilRefused(world, 'b').calls, 1);
  world.clock.advance(60_000);
  t.is(callsUntilRefused(world, 'a').calls, 30, 'what was not used is not saved up');
});

test('a function with a reserve has a rate of its own, which follows the reserve', (t) => {
  const world = new FleetWorld({ concurrency: 10, requestsPerConcurrency: 10 });
  world.scheduler.reserve('mine', 2);
  t.is(callsUntilRefused(world, 'mine').calls, 20);
  t.is(callsUntilRefused(world, 'other').calls, 80);
  world.scheduler.reserve('mine', 5);
  world.clock.advance(1_000);
  t.is(callsUntilRefused(world, 'mine').calls, 50);
  world.scheduler.reserve('mine', 0);
  const { calls, error } = callsUntilRefused(world, 'mine');
  t.is(calls, 0);
  t.is(error.throttleReason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
});

test('nobody is held to a rate where none is set', (t) => {
  const world = new FleetWorld({ concurrency: 1, requestsPerConcurrency: 0 });
  for (let calls = 0; calls < 1_000; calls++) {
    const lease = world.scheduler.acquire(demandOf('a'), `${calls}`);
    t.true(lease instanceof Lease);
    if (lease instanceof Lease) lease[Symbol.dispose]();
  }
});

test('whenever they come, no more than a second’s worth and what has come since then gets through', (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 });
  const concurrencies = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(gaps, concurrencies, (waits, concurrency) => {
      const rate = new RequestRate(10);
      const taken: number[] = [];
      let nowMs = 0;
      for (const wait of waits) {
        nowMs += wait;
        if (rate.takeOwn('f', concurrency, nowMs) === undefined) taken.push(nowMs);
      }
      for (const [first, fromMs] of taken.entries()) {
        for (const [last, toMs] of taken.entries()) {
          const most = concurrency * 10 * (1 + (toMs - fromMs) / 1_000);
          if (last >= first && last - first + 1 > most + 1e-6) t.fail(`${last - first + 1} of ${most}`);
        }
      }
      t.pass();
    }),
  );
});

test('who was not asked for within a second is forgotten', (t) => {
  const rate = new RequestRate(10);
  for (let at = 0; at < 100; at++) rate.takeOwn(`f${at}`, 1, at);
  t.is(rate.size, 100);
  rate.forgetFull(1_050);
  t.is(rate.size, 49);
  t.is(rate.takeOwn('f0', 1, 1_051), undefined);
});
