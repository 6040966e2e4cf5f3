import test from 'ava';
import { parseStat, processStat } from '../../src/base/process-stat.ts';

test('the name of a program may hold brackets and spaces', (t) => {
  const rest = 'S 17 1 1 0 -1 4194560 1 0 0 0 12 3 0 0 20 0 11 0 5057312 1 2';
  t.deepEqual(parseStat(`42 (a) b (c) ${rest}\n`), {
    state: 'S',
    parent: 17,
    cpuMs: 150,
    threads: 11,
    startTicks: 5_057_312,
  });
});

test('of this process, and of none', (t) => {
  const own = processStat(process.pid);
  t.is(own?.parent, process.ppid);
  t.true((own?.threads ?? 0) > 1);
  const { user, system } = process.cpuUsage();
  t.true((own?.cpuMs ?? 0) > 0 && (own?.cpuMs ?? 0) <= (user + system) / 1_000 + 20);
  t.is(processStat(0), undefined);
  t.deepEqual(processStat('self')?.startTicks, own?.startTicks);
});
