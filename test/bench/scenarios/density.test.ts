import { syncBuiltinESMExports } from 'node:module';
import { mock } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import test from 'ava';
import type { DriverClient } from '../../../bench/driver-client.ts';
import type { Command } from '../../../bench/driver-messages.ts';
import { seededRandom } from '../../../bench/random.ts';
import { density } from '../../../bench/scenarios/density.ts';
import type { Context, Recorded, ScenarioPeer } from '../../../bench/scenarios/scenario.ts';

test('what a peer starts once, and gives back late, is no part of what one more environment takes', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  // What others have imported by name follows only then.
  syncBuiltinESMExports();
  t.teardown(() => {
    mock.timers.reset();
    syncBuiltinESMExports();
  });
  let environments = 0;
  let restedMs = 0;
  let garbage = 0;
  const client = {
    openedAtMs: performance.now(),
    async ask(command: Command) {
      if (command.type === 'collect garbage') garbage = 0;
      if (command.type === 'deploy') garbage += 1e6 * command.functions.length;
      if (command.type !== 'in turn') return undefined;
      environments += command.calls.names.length;
      restedMs = 0;
      return { samples: command.calls.names.map(() => 1), phases: [], failures: 0, colds: 0 };
    },
    // One process for all and a second one for the first ten seconds; an environment is tidied two seconds after the last call.
    memoryBytes: () => 50e6 + (passedMs < 10_000 ? 20e6 : 0) + environments * (restedMs < 2_000 ? 5e6 : 2e6) + garbage,
  } as unknown as DriverClient;
  let passedMs = 0;
  const recorded: Recorded[] = [];
  const context: Context = {
    quick: true,
    random: seededRandom(1),
    signal: undefined,
    peers: [{ name: 'one' } as ScenarioPeer],
    progress() {},
    attempt: (_, action) => action(client),
    leaveOut: (_, reason) => t.fail(reason),
    record: (_, samples) => recorded.push(samples),
  };
  let isOver = false;
  const run = density.run(context).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await breathe();
    passedMs += 500;
    restedMs += 500;
    mock.timers.tick(500);
  }
  await run;
  t.deepEqual(recorded, [{ unit: 'bytes', at: 20, samples: [2e6], failures: 0 }]);
});
