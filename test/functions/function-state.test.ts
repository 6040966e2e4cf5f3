import test from 'ava';
import { InvariantError } from '../../src/base/invariant.ts';
import {
  type FunctionEvent,
  type FunctionPhase,
  lastModified,
  transition,
} from '../../src/functions/function-state.ts';

const legal: Readonly<Record<string, FunctionPhase>> = {
  'creating prepared': 'ready',
  'creating refused': 'failed',
  'ready changed': 'updating',
  'updating prepared': 'ready',
  'updating refused': 'ready',
  'failed changed': 'creating',
};

const phases: readonly FunctionPhase[] = ['creating', 'ready', 'updating', 'failed'];
const events: readonly FunctionEvent[] = ['changed', 'prepared', 'refused'];

for (const phase of phases) {
  for (const event of events) {
    const next = legal[`${phase} ${event}`];
    test(`a function that is ${phase} and is ${event} ${next === undefined ? 'is a bug' : `is ${next}`}`, (t) => {
      if (next === undefined) t.throws(() => transition(phase, event), { instanceOf: InvariantError });
      else t.is(transition(phase, event), next);
    });
  }
}

test('a time is written as AWS writes it (C1.11)', (t) => {
  t.is(lastModified(Date.UTC(2025, 10, 25, 2, 26, 54, 7)), '2025-11-25T02:26:54.007+0000');
});
