import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority, setPriority } from 'node:os';
import test from 'ava';
import { yieldCores, yieldingNiceness } from '../../src/supervisor/core-priority.ts';

async function start(): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  return child as ChildProcess & { readonly pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a process yields only where it can be raised again, and then is as it was', async (t) => {
  const child = await start();
  const before = getPriority(child.pid);
  const yielding = yieldCores(child.pid);
  t.true([before, Math.max(before, yieldingNiceness)].includes(getPriority(child.pid)));
  yielding.raise();
  t.is(getPriority(child.pid), before);
  yielding.raise();
  t.is(getPriority(child.pid), before);
  await end(child);
});

test('where it could not be raised nothing is lowered', async (t) => {
  const child = await start();
  const before = getPriority(child.pid);
  yieldCores(child.pid, false).raise();
  t.is(getPriority(child.pid), before);
  await end(child);
});

test('one that is lower already stays where it is', async (t) => {
  const child = await start();
  setPriority(child.pid, 15);
  const yielding = yieldCores(child.pid, true);
  t.is(getPriority(child.pid), 15);
  yielding.raise();
  t.is(getPriority(child.pid), 15);
  await end(child);
});

test('of one that has ended nothing is left to raise', async (t) => {
  const child = await start();
  const yielding = yieldCores(child.pid);
  await end(child);
  t.notThrows(() => yielding.raise());
  t.notThrows(() => yieldCores(child.pid).raise());
});
