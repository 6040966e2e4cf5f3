import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { shouldRetire, type WearView } from '../../src/supervisor/retirement.ts';

const MiB = 1024 * 1024;
const worn: WearView = {
  ageMs: limits.sandboxAgeMsMax - 1,
  environmentsServed: limits.sandboxEnvironmentsServedMax - 1,
  rssBytes: limits.sandboxRssMiBMax * MiB - 1,
  keptBytes: limits.sandboxMemorySlackMiB * MiB - 1,
  storeBytes: limits.packageStoreMiBMax * MiB - 1,
};

test('below every limit a sandbox stays', (t) => {
  t.is(shouldRetire(worn), undefined);
});

const reasons: [change: Partial<WearView>, reason: RegExp][] = [
  [{ ageMs: limits.sandboxAgeMsMax }, /sandboxAgeMsMax/],
  [{ environmentsServed: limits.sandboxEnvironmentsServedMax }, /sandboxEnvironmentsServedMax/],
  [{ rssBytes: limits.sandboxRssMiBMax * MiB }, /sandboxRssMiBMax/],
  [{ keptBytes: limits.sandboxMemorySlackMiB * MiB }, /sandboxMemorySlackMiB/],
  [{ storeBytes: limits.packageStoreMiBMax * MiB }, /packageStoreMiBMax/],
];
for (const [change, reason] of reasons) {
  test(`at the limit it goes, and the reason names the limit: ${reason.source}`, (t) => {
    t.regex(shouldRetire({ ...worn, ...change }) ?? '', reason);
  });
}
