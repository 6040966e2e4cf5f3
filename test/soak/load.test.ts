/** The short form of what `npm run soak` does for as long as one likes: sandboxes are killed under load, and nothing is lost or left. */
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { runLoad } from './load.ts';
import { lacking, leftOver, serviceOf } from './verdict.ts';

test('R01: sandboxes killed under load: every call has one answer, service comes back, nothing is left', async (t) => {
  t.timeout(180_000);
  const seed = Date.now() % 1_000_000;
  const result = await runLoad({
    createEngine,
    seed,
    seconds: 12,
    // The long form kills every 100 ms, which two cores do not sustain.
    killEveryMs: 'sustained',
    isHostile: false,
    clients: 6,
    sampleEveryMs: 1_000,
  });
  const { accepted, answered, wrong, kills, killEveryMs, recoveries, good } = result;
  const service = serviceOf(result);
  t.log(
    `seed ${seed}: ${kills} kills, one every ${killEveryMs?.toFixed(0)} ms, ${JSON.stringify(good)}, ${JSON.stringify(service)}, back after ${recoveries.map(({ backMs }) => Math.round(backMs)).join(' ')} ms`,
  );
  t.true(kills > 0);
  t.is(answered, accepted);
  t.deepEqual(wrong, []);
  t.deepEqual(lacking(service), []);
  t.true(recoveries.length > 0);
  t.deepEqual(leftOver(result), []);
});
