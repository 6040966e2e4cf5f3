import test from 'ava';
import { MemoryKills } from '../../src/supervisor/memory-kills.ts';

test('where the kernel counts, nothing was killed between two looks', (t) => {
  t.regex(new MemoryKills().seen(), /^(none|unknown)$/);
});
