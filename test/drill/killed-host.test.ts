/** The short form of `npm run drill:async`. */
import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { drill } from './killed-host.ts';

ownTemporaryDirectory();

test('of events whose host is killed none is lost, and none runs after its end was recorded', async (t) => {
  t.timeout(240_000);
  const seed = Date.now() % 1_000_000;
  const result = await drill({ events: 200, kills: 2, clients: 4, seed });
  t.log({ seed, ...result });
  t.deepEqual(result.lost, []);
  t.deepEqual(result.ranAfterTheirEnd, []);
  t.true(result.accepted >= 200);
  t.true(result.starts >= result.accepted);
});
