import test from 'ava';
import { visibleFiles } from '../../src/functions/layers.ts';

const file = (path: string, offset: number) => ({ path, mode: 0o644, offset, bytes: 1 });

test('a later layer hides earlier files of its name, and files where it has folders', (t) => {
  const files = [file('a', 0), file('lib/x', 1), file('b/c', 2), file('a', 3), file('lib', 4), file('b/c/d', 5)];
  t.deepEqual(
    visibleFiles(files).map(({ path, offset }) => [path, offset]),
    [
      ['a', 3],
      ['lib', 4],
      ['b/c/d', 5],
    ],
  );
});
