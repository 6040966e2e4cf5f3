import test from 'ava';
import { createPositionMap } from '../../src/sandbox/source-map.ts';

const json = (sources: readonly string[]) => JSON.stringify({ version: 3, sources, names: [], mappings: ';AASI;ACAA' });

test('a position in the bundle becomes one in the user’s source', (t) => {
  const positions = createPositionMap(() => json(['src/index.ts', 'src/other.ts']));
  t.is(positions.map(2, 1), '/var/task/src/index.ts:10:5');
  t.is(positions.map(2, 40), '/var/task/src/index.ts:10:5');
  t.is(positions.map(3, 1), '/var/task/src/other.ts:10:5');
});

test('files show below /var/task wherever the bundler found them', (t) => {
  t.is(createPositionMap(() => json(['../../src/a.ts', 'b.ts'])).map(2, 1), '/var/task/src/a.ts:10:5');
  t.is(createPositionMap(() => json(['/var/task/a.ts', 'b.ts'])).map(2, 1), '/var/task/a.ts:10:5');
});

test('a position before the first mapping, and one without a map, are unknown', (t) => {
  t.is(createPositionMap(() => json(['a.ts', 'b.ts'])).map(1, 1), '');
  t.is(createPositionMap(undefined).map(2, 1), '');
});

test('the map is read when it is first needed, once', (t) => {
  let reads = 0;
  const positions = createPositionMap(() => {
    reads += 1;
    return json(['a.ts', 'b.ts']);
  });
  t.is(reads, 0);
  positions.map(2, 1);
  positions.map(3, 1);
  t.is(reads, 1);
});
