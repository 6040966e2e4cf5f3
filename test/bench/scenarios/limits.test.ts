import test from 'ava';
import type { DriverClient } from '../../../bench/driver-client.ts';
import type { Command } from '../../../bench/driver-messages.ts';
import { seededRandom } from '../../../bench/random.ts';
import { neighbour } from '../../../bench/scenarios/limits.ts';
import type { Context, Recorded, ScenarioPeer } from '../../../bench/scenarios/scenario.ts';

type OpenLoop = Extract<Command, { readonly type: 'open loop' }>;

/** Answers in 1 ms while it is quiet and in 5 beside neighbours, but for the first call beside them in each round. */
function answers({ loop, neighbours }: OpenLoop) {
  const from = neighbours?.fromMs ?? Number.POSITIVE_INFINITY;
  const first = loop.arrivals.findIndex(({ atMs }) => atMs >= from);
  const byArrival = loop.arrivals.map(({ atMs }, i) => (i === first ? Number.NaN : atMs < from ? 1 : 5));
  return { byArrival, samples: [], phases: [], failures: 1, failure: 'no answer', colds: 0 };
}

test('of noisy neighbours each round has calls without them and beside them, and one that was not answered counts where it was made', async (t) => {
  const loops: OpenLoop[] = [];
  const client = {
    async ask(command: Command) {
      if (command.type !== 'open loop') return undefined;
      loops.push(command);
      return answers(command);
    },
  } as unknown as DriverClient;
  const peer = { name: 'one' } as ScenarioPeer;
  const recorded: Recorded[] = [];
  const context: Context = {
    quick: true,
    random: seededRandom(1),
    signal: undefined,
    peers: [peer],
    progress() {},
    attempt: (_, action) => action(client),
    leaveOut: (_, reason) => t.fail(reason),
    record: (_, samples) => recorded.push(samples),
  };
  await neighbour.run(context);

  t.deepEqual(
    recorded.map(({ at, failures, failure }) => [at, failures, failure]),
    [
      [0, 0, undefined],
      [2, 1, 'no answer'],
      [0, 0, undefined],
      [2, 1, 'no answer'],
    ],
  );
  for (const { at, samples } of recorded) {
    t.true(samples.length > 20, 'there are enough of them');
    t.deepEqual(new Set(samples), new Set([at === 0 ? 1 : 5]));
  }
  // One more warmed up, and is in no record.
  t.is(loops.length, 3);
  const measured = loops.slice(1).flatMap(({ loop }) => loop.arrivals);
  t.is(recorded.flatMap(({ samples }) => samples).length + 2, measured.length);
});
