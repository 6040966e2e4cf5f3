import test from 'ava';
import {
  type EnvironmentEvent,
  type EnvironmentState,
  initialState,
  transition,
} from '../../src/sandbox/environment-state.ts';

const states: Record<string, EnvironmentState> = {
  starting: { phase: 'starting' },
  ready: { phase: 'ready' },
  deferred: { phase: 'owes-init', because: 'deferred' },
  failed: { phase: 'owes-init', because: 'failed' },
  reset: { phase: 'owes-init', because: 'reset' },
  initialising: { phase: 'busy', step: 'init', requestId: 'a' },
  handling: { phase: 'busy', step: 'invoke', requestId: 'a' },
  disposed: { phase: 'disposed' },
};

const events: Record<string, EnvironmentEvent> = {
  'init-succeeded': { type: 'init-succeeded' },
  'init-failed': { type: 'init-failed' },
  invoked: { type: 'invoked', requestId: 'a' },
  'answered, kept': { type: 'answered', requestId: 'a', isolate: 'kept' },
  'answered, reset': { type: 'answered', requestId: 'a', isolate: 'reset' },
  'answered, late': { type: 'answered', requestId: 'b', isolate: 'kept' },
  disposed: { type: 'disposed' },
};

/** Everything that may happen; all other pairs throw. */
const legal: Record<string, string> = {
  'starting: init-succeeded': 'ready',
  'starting: init-failed': 'failed',
  'initialising: init-succeeded': 'handling',
  'initialising: init-failed': 'failed',
  'ready: invoked': 'handling',
  'deferred: invoked': 'initialising',
  'failed: invoked': 'initialising',
  'reset: invoked': 'initialising',
  'handling: answered, kept': 'ready',
  'handling: answered, reset': 'reset',
  ...Object.fromEntries(Object.keys(states).map((state) => [`${state}: disposed`, 'disposed'])),
};

for (const [from, state] of Object.entries(states)) {
  for (const [name, event] of Object.entries(events)) {
    const to = legal[`${from}: ${name}`];
    if (to === undefined) {
      test(`${from} and ${name}: refused`, (t) => {
        t.throws(() => transition(state, event), { name: 'InvariantError', message: /cannot be/ });
      });
    } else {
      test(`${from} and ${name}: ${to}`, (t) => {
        t.deepEqual(transition(state, event), states[to]);
      });
    }
  }
}

test('an environment begins with its init, or owes it', (t) => {
  t.deepEqual(initialState('now'), states.starting);
  t.deepEqual(initialState('deferred'), states.deferred);
});
