import test from 'ava';
import { backMsMax, lacking, leastService, serviceOf } from './verdict.ts';

test('service is the share of calls that succeeded, and of kills that were over in time', (t) => {
  const good = { success: 6, SandboxLost: 3, FunctionSuspended: 1 };
  const backMs = [1, backMsMax, backMsMax + 1, 5_000];
  t.deepEqual(serviceOf({ good, backMs, startMs: 0 }), { successShare: 0.6, backShare: 0.5 });
  t.deepEqual(serviceOf({ good: { SandboxLost: 4 }, backMs, startMs: 0 }), { successShare: 0, backShare: 0.5 });
  // How busy the machine is shows in what a start takes.
  t.is(serviceOf({ good, backMs, startMs: 10 }).backShare, 0.75);
});

test('without a call or a kill nothing is lacking', (t) => {
  t.deepEqual(lacking(serviceOf({ good: {}, backMs: [], startMs: 0 })), []);
});

test('what is lacking is named, with what is demanded', (t) => {
  t.deepEqual(lacking({ ...leastService }), []);
  t.deepEqual(lacking({ successShare: 0.1, backShare: 1 }), ['successShare: 0.1, at least 0.5']);
  t.deepEqual(lacking({ successShare: 1, backShare: 0 }), ['backShare: 0, at least 0.25']);
});
