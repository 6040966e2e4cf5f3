import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

test('a bucket comes back after closing and reopening as it was written down', (t) => {
  const data = join(mkdtempSync(join(tmpdir(), 'isotherm-store-')), 'data');
  const first = openDataDirectory(data);
  t.is(first.buckets.load('uploads'), undefined);
  const objects = new Map([
    ['a', '1-1-1'],
    ['d/b', '2-2-2'],
  ]);
  first.buckets.begin('uploads', { directory: '/srv/uploads', sequencer: 5, objects });
  first.buckets.update('uploads', 1_767_225_600_000_000, [
    { key: 'a', fingerprint: undefined },
    { key: 'd/b', fingerprint: '3-3-3' },
    { key: 'c', fingerprint: '4-4-4' },
  ]);
  first.functions.close();

  const second = openDataDirectory(data);
  const stored = second.buckets.load('uploads');
  t.deepEqual([stored?.directory, stored?.sequencer], ['/srv/uploads', 1_767_225_600_000_000]);
  t.deepEqual([...(stored?.objects ?? [])].toSorted(), [
    ['c', '4-4-4'],
    ['d/b', '3-3-3'],
  ]);
  second.buckets.begin('uploads', { directory: '/srv/other', sequencer: 6, objects: new Map() });
  t.deepEqual(second.buckets.load('uploads'), { directory: '/srv/other', sequencer: 6, objects: new Map() });
  second.functions.close();
});
