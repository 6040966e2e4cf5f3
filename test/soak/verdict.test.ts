import test from 'ava';
import { backMsMax, lacking, leastService, recovered, serviceOf } from './verdict.ts';

test('service is the share of calls that succeeded, and of kills that were over in time', (t) => {
  const good = { success: 6, SandboxLost: 3, FunctionSuspended: 1 };
  const recoveries = [1, backMsMax, backMsMax + 1, 5_000].map((sinceLastMs) => ({ sinceLastMs }));
  t.deepEqual(serviceOf({ good, recoveries, startMs: 0 }), { successShare: 0.6, backShare: 0.5 });
  t.deepEqual(serviceOf({ good: { SandboxLost: 4 }, recoveries, startMs: 0 }), { successShare: 0, backShare: 0.5 });
  // How busy the machine is shows in what a start takes.
  t.is(serviceOf({ good, recoveries, startMs: 10 }).backShare, 0.75);
});

test('without a call or a kill nothing is lacking', (t) => {
  t.deepEqual(lacking(serviceOf({ good: {}, recoveries: [], startMs: 0 })), []);
});

test('what is lacking is named, with what is demanded', (t) => {
  t.deepEqual(lacking({ ...leastService }), []);
  t.deepEqual(lacking({ successShare: 0.1, backShare: 1 }), ['successShare: 0.1, at least 0.5']);
  t.deepEqual(lacking({ successShare: 1, backShare: 0 }), ['backShare: 0, at least 0.25']);
  t.deepEqual(lacking({ successShare: 1, backShare: 0.8 }, { ...leastService, backShare: 0.9 }), [
    'backShare: 0.8, at least 0.9',
  ]);
});

test('a kill that another one lengthened is told apart, and so is one that waited for a core', (t) => {
  const phases = { lost: 5, placed: 5, sandbox: 5, isolate: 5, init: 5, handler: 5 };
  const calm = { host: 0, sandbox: 0 };
  const back = (backMs: number) => ({ backMs, sinceLastMs: backMs, kills: 1, phases, waits: calm });
  const summary = recovered([
    back(30),
    { ...back(250), kills: 2, sinceLastMs: 40 },
    { ...back(350), kills: 2, sinceLastMs: 140 },
    { ...back(130), waits: { host: 40, sandbox: 0 } },
    { ...back(225), phases: { ...phases, placed: 200 } },
  ]);
  t.like(summary, { of: 5, within: 1, withinShare: 0.2, hitAgain: 2, hitAgainWithin: 1 });
  t.deepEqual(summary.late, { 'waited for a core': 1, placed: 1 });
  t.like(summary.phaseMs.inTime, phases);
});

test('what a sandbox waited for as a spare shortens no more than the phases that it had a part in', (t) => {
  const phases = { lost: 50, placed: 50, sandbox: 10, isolate: 0, init: 0, handler: 0 };
  const waits = { host: 0, sandbox: 1_000 };
  const { lessWaitsMs, late } = recovered([{ backMs: 111, sinceLastMs: 111, kills: 1, phases, waits }]);
  t.is(lessWaitsMs.p50, 101);
  t.is(Object.keys(late).join(), 'lost');
});
