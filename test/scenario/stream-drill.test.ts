import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { streamDrill } from './stream-drill.ts';

ownTemporaryDirectory();

test('records of a stream outlive kills of the host: none is lost, keys keep their order, nothing stored runs again', async (t) => {
  t.timeout(240_000);
  const seed = Math.floor(Math.random() * 1_000_000);
  const { broken, handled, repeated, elapsedMs } = await streamDrill({ records: 1_200, kills: 3, seed });
  t.deepEqual(broken, [], `seed ${seed}`);
  t.log(`${handled} handled, ${repeated} of them again, ${elapsedMs} ms, seed ${seed}`);
});
