/**
 * Thousands of schedules against the whole host: engine, scheduler, fleet and supervision are real; clock, processes and what runs in
 * them are made up (SECURITY.md section 4, harness S). A failure names its seed; to see what happened in it:
 *
 *     SIMULATION_SEED=42 npx ava test/simulation/simulation.test.ts
 */
import test from 'ava';
import { simulate } from './schedule.ts';

const { SIMULATION_SEED, SIMULATION_SECONDS = '20' } = process.env;

test('the same seed tells the same story', async (t) => {
  const [first, second] = [await simulate(7), await simulate(7)];
  t.true(first.calls > 0);
  t.deepEqual(withoutIds(first.history), withoutIds(second.history));
});

test('no schedule breaks a promise of the host', async (t) => {
  t.timeout(Number(SIMULATION_SECONDS) * 10_000 + 120_000);
  if (SIMULATION_SEED !== undefined) {
    const { history, error } = await simulate(Number(SIMULATION_SEED));
    t.log(history.join('\n'));
    t.is(error, undefined);
    return;
  }
  // Others than last time, so that each run looks somewhere else.
  const firstSeed = Date.now() % 1_000_000_000;
  const endMs = performance.now() + Number(SIMULATION_SECONDS) * 1_000;
  const ends = new Map<string, number>();
  let schedules = 0;
  let calls = 0;
  for (let seed = firstSeed; performance.now() < endMs; seed += 1) {
    const told = await simulate(seed);
    schedules += 1;
    calls += told.calls;
    for (const [how, count] of told.ends) ends.set(how, (ends.get(how) ?? 0) + count);
    if (told.error !== undefined) {
      t.log(told.history.slice(-40).join('\n'));
      t.fail(`SIMULATION_SEED=${seed}: ${String(told.error)}`);
      return;
    }
  }
  t.log(
    `${schedules} schedules from seed ${firstSeed}, ${calls} calls: ${[...ends].map(([how, count]) => `${how} ${count}`).join(', ')}`,
  );
  // That everything went well says something only if things happened.
  for (const how of ['success', 'timeout', 'out-of-memory', 'SandboxLost', 'TooManyRequestsException', 'aborted']) {
    t.true((ends.get(how) ?? 0) > 0, how);
  }
});

/** Ids of requests and environments are the engine's, and not drawn from the seed. */
function withoutIds(history: readonly string[]): string[] {
  return history.map((line) => line.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g, 'id'));
}
