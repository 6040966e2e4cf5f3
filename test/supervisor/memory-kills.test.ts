import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { MemoryKills } from '../../src/supervisor/memory-kills.ts';

test('what the kernel killed since it was first looked at is seen, and what it killed before is not', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-vmstat-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'vmstat');
  const write = (kills: number): void => writeFileSync(path, `pgfault 7\noom_kill ${kills}\ndrop_slab 0\n`);
  write(3);
  const kills = new MemoryKills(path);
  t.is(kills.seen(), 'none');
  write(4);
  t.is(kills.seen(), 'some');
  t.is(new MemoryKills(path).seen(), 'none');
  writeFileSync(path, 'pgfault 7\n');
  t.is(kills.seen(), 'unknown');
  t.is(new MemoryKills(path).seen(), 'unknown');
});

test('where there is no such file nothing is known', (t) => {
  t.is(new MemoryKills('/proc/nowhere/vmstat').seen(), 'unknown');
});

test('the kernel of this machine counts, if it shows anything at all', (t) => {
  t.is(new MemoryKills().seen() !== 'unknown', existsSync('/proc/vmstat'));
});
