import test from 'ava';
import { listed } from '../../bench/processors.ts';

test("the kernel's list of processors is read", (t) => {
  t.deepEqual(listed('0-3,8'), [0, 1, 2, 3, 8]);
  t.deepEqual(listed('5'), [5]);
  t.deepEqual(listed(''), []);
});
