import test from 'ava';
import { withoutUndefined } from '../../src/base/without-undefined.ts';

test('only what is undefined is left out', (t) => {
  const found = withoutUndefined({ a: undefined, b: null, c: 0, d: '', e: false });
  t.deepEqual(Object.entries(found), [
    ['b', null],
    ['c', 0],
    ['d', ''],
    ['e', false],
  ]);
});
