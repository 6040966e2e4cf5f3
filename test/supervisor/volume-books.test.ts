import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { VolumeBooks } from '../../src/supervisor/volume-books.ts';

const MiB = 1024 * 1024;

test('a blank sandbox may hold the slack, and nothing else', (t) => {
  t.is(new VolumeBooks().allowedBytes, limits.volumeSlackMiB * MiB);
});

test('what counts is the most that the volumes were allowed to hold at once: their file gives nothing back', (t) => {
  const books = new VolumeBooks();
  books.add('a', 512);
  books.add('b', 1_024);
  books.delete('b');
  t.is(books.mostMiB, 1_536);
  books.add('c', 600);
  t.is(books.mostMiB, 1_536);
  books.add('d', 600);
  t.is(books.mostMiB, 1_712);
  t.is(books.allowedBytes, (1_712 + limits.volumeSlackMiB) * MiB);
});

test('an heir takes the volume over, so that it counts once', (t) => {
  const books = new VolumeBooks();
  books.add('a', 512);
  books.add('heir', 512, 'a');
  t.is(books.mostMiB, 512);
  books.delete('heir');
  books.add('b', 512);
  t.is(books.mostMiB, 512);
});

test('a volume that waits for an heir counts beside those that come meanwhile', (t) => {
  const books = new VolumeBooks();
  books.add('a', 512);
  books.add('b', 512);
  books.add('heir', 512, 'a');
  t.is(books.mostMiB, 1_024);
});

test('whoever inherits nothing has a volume of its own, and one that is not there is let go of for nothing', (t) => {
  const books = new VolumeBooks();
  books.delete('nobody');
  books.add('heir', 512, 'nobody');
  t.is(books.mostMiB, 512);
});
