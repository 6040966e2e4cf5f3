import test from 'ava';
import { InvariantError } from '../../src/base/invariant.ts';
import type { ExitCause } from '../../src/supervisor/sandbox-port.ts';
import {
  isAlive,
  type SandboxEvent,
  type SandboxPhase,
  type SandboxState,
  transition,
} from '../../src/supervisor/sandbox-state.ts';

const first: ExitCause = { kind: 'retired', reason: 'first' };
const second: ExitCause = { kind: 'crashed', detail: 'second' };

const states: { readonly [Phase in SandboxPhase]: SandboxState } = {
  starting: { phase: 'starting' },
  ready: { phase: 'ready' },
  assigned: { phase: 'assigned', trustDomain: 'a' },
  draining: { phase: 'draining', trustDomain: 'a', reason: 'old' },
  ending: { phase: 'ending', cause: first },
  exited: { phase: 'exited', cause: first },
};

const events: { readonly [Type in SandboxEvent['type']]: SandboxEvent } = {
  greeted: { type: 'greeted' },
  assigned: { type: 'assigned', trustDomain: 'b' },
  drained: { type: 'drained', reason: 'older' },
  killed: { type: 'killed', cause: second },
  reaped: { type: 'reaped', cause: second },
};

/** What is not listed must throw. */
const expected: { readonly [Phase in SandboxPhase]: { readonly [Type in SandboxEvent['type']]?: SandboxState } } = {
  starting: {
    greeted: { phase: 'ready' },
    killed: { phase: 'ending', cause: second },
    reaped: { phase: 'exited', cause: second },
  },
  ready: {
    assigned: { phase: 'assigned', trustDomain: 'b' },
    killed: { phase: 'ending', cause: second },
    reaped: { phase: 'exited', cause: second },
  },
  assigned: {
    drained: { phase: 'draining', trustDomain: 'a', reason: 'older' },
    killed: { phase: 'ending', cause: second },
    reaped: { phase: 'exited', cause: second },
  },
  draining: {
    drained: states.draining,
    killed: { phase: 'ending', cause: second },
    reaped: { phase: 'exited', cause: second },
  },
  ending: {
    killed: states.ending,
    reaped: { phase: 'exited', cause: first },
  },
  exited: {
    killed: states.exited,
  },
};

for (const state of Object.values(states)) {
  for (const event of Object.values(events)) {
    const next = expected[state.phase][event.type];
    test(`${state.phase}, ${event.type}: ${next === undefined ? 'never' : next.phase}`, (t) => {
      if (next === undefined) t.throws(() => transition(state, event), { instanceOf: InvariantError });
      else t.deepEqual(transition(state, event), next);
    });
  }
}

test('frames go to every sandbox that was not killed and has not exited', (t) => {
  const alive = Object.values(states).filter(isAlive);
  t.deepEqual(
    alive.map((state) => state.phase),
    ['starting', 'ready', 'assigned', 'draining'],
  );
});
