import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { MemoryAllowance } from '../../src/supervisor/memory-allowance.ts';

const MiB = 1024 * 1024;
const { sandboxMemorySlackMiB: slackMiB, environmentMemoryFactor: factor, sandboxRssMiBMax } = limits;

function allowedMiB(allowance: MemoryAllowance): number {
  return allowance.allowedBytes / MiB;
}

test('environments that do not run add nothing', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(100 * MiB);
  for (let count = 0; count < 50; count += 1) allowance.add(1_024);
  t.is(allowedMiB(allowance), 100 + slackMiB);
});

test('an environment counts once, however often it runs', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(100 * MiB);
  const share = allowance.add(512);
  allowance.run(share);
  allowance.run(share);
  t.is(allowedMiB(allowance), 100 + slackMiB + 512 * factor);
});

test('what it grew to is given once nothing runs any more', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(100 * MiB);
  const share = allowance.add(512);
  allowance.run(share);
  allowance.settle(400 * MiB);
  t.is(allowedMiB(allowance), 400 + slackMiB);
  allowance.run(share);
  t.is(allowedMiB(allowance), 400 + slackMiB + 512 * factor);
});

test('what disposed environments left behind does not count against the next', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(90 * MiB);
  for (let generation = 0; generation < 20; generation += 1) {
    const share = allowance.add(128);
    allowance.run(share);
    allowance.settle((90 + generation * 40) * MiB);
    allowance.remove(share);
    t.true(allowedMiB(allowance) >= 90 + generation * 40 + slackMiB);
  }
});

test('the bound for the kernel is never below what is allowed until the next environment or reading', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(90 * MiB);
  const shares = [128, 512, 256].map((memoryMiB) => allowance.add(memoryMiB));
  const boundBytes = allowance.boundBytes;
  t.is(boundBytes / MiB, 90 + slackMiB + 896 * factor);
  for (const share of shares) {
    t.true(allowance.allowedBytes <= boundBytes);
    allowance.run(share);
  }
  t.is(allowance.allowedBytes, boundBytes);
  for (const share of shares) allowance.remove(share);
  t.true(allowance.allowedBytes <= boundBytes);
});

test('without a moment of rest the sum of all sizes is the most', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(90 * MiB);
  for (let generation = 0; generation < 1_000; generation += 1) {
    const share = allowance.add(1_024);
    allowance.run(share);
    allowance.remove(share);
  }
  allowance.add(128);
  t.is(allowedMiB(allowance), sandboxRssMiBMax + 128 * factor);
});

test('what stays when environments are gone is kept; what belongs to those that are there is not', (t) => {
  const allowance = new MemoryAllowance();
  allowance.settle(90 * MiB);
  t.is(allowance.keptBytes, 0);
  const share = allowance.add(128);
  allowance.run(share);
  allowance.settle(390 * MiB);
  t.is(allowance.keptBytes, (300 - 128 * factor) * MiB);
  allowance.remove(share);
  t.is(allowance.keptBytes, 300 * MiB);
});
