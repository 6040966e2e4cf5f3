/** The short form of what `npm run soak` does for as long as one likes: sandboxes are killed under load, and nothing is lost or left. */
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { runLoad } from './load.ts';
import { leftOver } from './verdict.ts';

test('R01: sandboxes killed under load: every call has one answer, service comes back, nothing is left', async (t) => {
  t.timeout(180_000);
  const seed = Date.now() % 1_000_000;
  const result = await runLoad({
    createEngine,
    seed,
    seconds: 12,
    // From the sources a sandbox takes most of a second of a core to start. The long form kills every 100 ms.
    killEveryMs: 500,
    isHostile: false,
    clients: 6,
    sampleEveryMs: 1_000,
  });
  const { accepted, answered, good, wrong, kills, backMs } = result;
  t.log(`seed ${seed}: ${kills} kills, ${JSON.stringify(good)}`);
  t.true(kills > 0);
  t.is(answered, accepted);
  t.deepEqual(wrong, []);
  t.true((good.success ?? 0) > 0);
  t.true(backMs.length > 0);
  t.deepEqual(leftOver(result), []);
});
