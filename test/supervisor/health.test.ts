import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import {
  findIllness,
  type GuestCall,
  type HealthView,
  heartbeatSilenceMsMax,
  isHeld,
} from '../../src/supervisor/health.ts';

const call = (changes: Partial<GuestCall> = {}): GuestCall => ({
  environmentId: 'e1',
  requestId: 'r1',
  sentMs: 1_000,
  deadlineMs: 4_100,
  ...changes,
});

const view = (changes: Partial<HealthView> = {}): HealthView => ({
  nowMs: 2_000,
  calls: [],
  ping: undefined,
  heardMs: 0,
  memory: undefined,
  isStopped: () => false,
  ...changes,
});

test('nothing is wrong with a sandbox that does nothing', (t) => {
  t.is(findIllness(view()), undefined);
});

test('a call is not overdue before its deadline, and is at it', (t) => {
  t.is(findIllness(view({ calls: [call()], nowMs: 4_099.9 })), undefined);
  t.is(findIllness(view({ calls: [call()], nowMs: 4_100 }))?.reason, 'deadline');
});

test('a call that waits for its environment has no deadline', (t) => {
  const waiting = call({ deadlineMs: Number.POSITIVE_INFINITY });
  t.is(findIllness(view({ calls: [waiting], nowMs: 1e9 })), undefined);
});

test('when the main thread went on after the call, its own guest is to blame', (t) => {
  const neighbour = call({ environmentId: 'e2', requestId: 'r2', sentMs: 500, deadlineMs: 9_000 });
  const illness = findIllness(view({ calls: [neighbour, call()], nowMs: 4_100, heardMs: 1_500 }));
  t.deepEqual(illness?.suspects, ['e1']);
  t.regex(illness?.detail ?? '', /request r1 of environment e1 gave no answer within 3100 ms/);
});

test('when the main thread has not turned since, whoever was there before may be to blame', (t) => {
  const before = call({ environmentId: 'e0', requestId: 'r0', sentMs: 900, deadlineMs: 900_000 });
  const after = call({ environmentId: 'e2', requestId: 'r2', sentMs: 3_000, deadlineMs: 9_000 });
  const illness = findIllness(view({ calls: [before, call(), after], nowMs: 4_100, heardMs: 800 }));
  t.deepEqual(illness?.suspects, ['e0', 'e1']);
});

test('an init is named as one', (t) => {
  const init = call({ requestId: undefined });
  const illness = findIllness(view({ calls: [init], nowMs: 5_000, heardMs: 1_500 }));
  t.regex(illness?.detail ?? '', /the init of environment e1/);
});

test('silence without guests is an illness after the missed heartbeats', (t) => {
  const ping = { sentMs: 1_000, lagMs: 0 };
  t.is(findIllness(view({ ping, nowMs: 1_000 + heartbeatSilenceMsMax - 1 })), undefined);
  t.is(findIllness(view({ ping, nowMs: 1_000 + heartbeatSilenceMsMax }))?.reason, 'heartbeat');
});

test('the lag of our own event loop is not the silence of the sandbox', (t) => {
  const ping = { sentMs: 1_000, lagMs: 30_000 };
  t.is(findIllness(view({ ping, nowMs: 1_000 + 30_000 + heartbeatSilenceMsMax - 1 })), undefined);
  t.is(findIllness(view({ ping, nowMs: 1_000 + 30_000 + heartbeatSilenceMsMax }))?.reason, 'heartbeat');
});

test('a guest may hold the main thread until its deadline', (t) => {
  const holder = call({ deadlineMs: 900_000 });
  t.is(findIllness(view({ ping: { sentMs: 1_500, lagMs: 0 }, calls: [holder], nowMs: 800_000 })), undefined);
});

test('an invocation that was sent after the ping does not explain the silence', (t) => {
  const later = call({ sentMs: 1_600, deadlineMs: 900_000 });
  const illness = findIllness(
    view({ ping: { sentMs: 1_500, lagMs: 0 }, calls: [later], nowMs: 1_500 + heartbeatSilenceMsMax }),
  );
  t.is(illness?.reason, 'heartbeat');
});

test('a stopped process runs nothing, so no deadline protects it', (t) => {
  const holder = call({ deadlineMs: 900_000 });
  const stopped = view({
    ping: { sentMs: 1_500, lagMs: 0 },
    calls: [holder],
    nowMs: 1_500 + heartbeatSilenceMsMax,
    isStopped: () => true,
  });
  t.is(findIllness(stopped)?.reason, 'heartbeat');
});

test('whether it is stopped is not asked of a sandbox that answers', (t) => {
  const ping = { sentMs: 1_990, lagMs: 0 };
  t.notThrows(() => findIllness(view({ ping, calls: [call()], isStopped: () => t.fail() })));
});

test('volumes beyond what they may hold are an illness, and all that run are suspects', (t) => {
  const volumes = { heldBytes: 529 * 1024 * 1024, allowedBytes: 528 * 1024 * 1024 };
  const calls = [call(), call({ environmentId: 'e2' })];
  const illness = findIllness(view({ volumes, calls }));
  t.is(illness?.reason, 'volumes');
  t.deepEqual(illness?.suspects, ['e1', 'e2']);
  t.like(illness?.limit, { limit: 'volume-bytes', effect: 'ended', value: volumes.allowedBytes });
  t.regex(illness?.detail ?? '', /^its volumes hold 529 MiB, allowed are 528 MiB; running: request r1/);
  t.is(findIllness(view({ volumes: { ...volumes, heldBytes: volumes.allowedBytes }, calls })), undefined);
});

test('memory over the allowance is an illness, and all that run are suspects', (t) => {
  const memory = { residentBytes: 301 * 1024 * 1024, allowedBytes: 300 * 1024 * 1024 };
  const calls = [call(), call({ environmentId: 'e2' }), call({ environmentId: 'e2', requestId: 'r3' })];
  const illness = findIllness(view({ memory, calls }));
  t.is(illness?.reason, 'memory');
  t.deepEqual(illness?.suspects, ['e1', 'e2']);
  t.regex(illness?.detail ?? '', /301 MiB resident, allowed are 300 MiB/);
  t.is(findIllness(view({ memory: { ...memory, residentBytes: memory.allowedBytes }, calls })), undefined);
});

test('a message names a few and counts the rest', (t) => {
  const memory = { residentBytes: 2, allowedBytes: 1 };
  const calls = Array.from({ length: 30 }, (_, index) => call({ environmentId: `e${index}` }));
  const illness = findIllness(view({ memory, calls }));
  t.regex(illness?.detail ?? '', /e7 and 22 more$/);
  t.is(illness?.suspects.length, 30);
});

test('held is who does not answer within a short slice', (t) => {
  const heldMs = limits.shortSliceMsMax + limits.busyMarginMs;
  t.false(isHeld(undefined, 5_000));
  t.false(isHeld({ sentMs: 1_000, lagMs: 0 }, 1_000 + heldMs));
  t.true(isHeld({ sentMs: 1_000, lagMs: 0 }, 1_001 + heldMs));
  t.false(isHeld({ sentMs: 1_000, lagMs: 100 }, 1_001 + heldMs));
});
