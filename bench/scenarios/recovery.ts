/** What callers see of a process that was killed: how soon the next call is answered. */
import { echo, payloadOf } from '../functions.ts';
import type { Rounds } from '../rounds.ts';
import { described } from './cold.ts';
import { distinct, inRounds, type ScenarioPlan } from './scenario.ts';

const recoveryRounds = (quick: boolean): Rounds => ({ rounds: quick ? 3 : 15, warmUpRounds: 1 });

export const recovery: ScenarioPlan = {
  scenario: {
    name: 'recovery',
    title: 'A call after the process was killed',
    question: 'How long after its process was killed under load is a new call of a function answered?',
    better: 'less',
    baseline: 'child_process',
    kind: 'distribution',
  },
  method: (quick) =>
    described(
      recoveryRounds(quick),
      '20 calls of a function of its own, then four of it under way all the time, SIGKILL for its process, and at once a new call, which is repeated until it is answered',
    ),
  needs: ['cold start', 'process'],
  quickPeers: ['isotherm', 'child_process'],
  async run(context) {
    const { rounds, warmUpRounds } = recoveryRounds(context.quick);
    const payload = payloadOf(1_000);
    await inRounds({
      context,
      rounds,
      warmUpRounds,
      what: 'a process is killed',
      // A function of its own for each: one whose process dies again and again may be held back, as it should be.
      prepare: (client) => client.ask({ type: 'deploy', functions: distinct('killed', rounds + warmUpRounds, echo) }),
      async turn(client, round) {
        const name = `killed-${round + warmUpRounds}`;
        const batch = await client.ask({ type: 'recovery', name, payload, answer: payload });
        await client.ask({ type: 'remove', names: [name] });
        return batch;
      },
    });
  },
};
