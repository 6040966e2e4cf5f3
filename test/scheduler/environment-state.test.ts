import test from 'ava';
import {
  type EnvironmentEvent,
  type EnvironmentPhase,
  type EnvironmentState,
  transition,
} from '../../src/scheduler/environment-state.ts';

const states: Record<EnvironmentPhase, EnvironmentState> = {
  starting: { phase: 'starting', requestId: 'r1' },
  busy: { phase: 'busy', requestId: 'r1' },
  leaving: { phase: 'leaving', requestId: 'r1', reason: 'outdated' },
  idle: { phase: 'idle', sinceMs: 5 },
  reset: { phase: 'reset', sinceMs: 5 },
  removed: { phase: 'removed', reason: 'evicted' },
};

const events: Record<string, EnvironmentEvent> = {
  started: { type: 'started', requestId: 'r1' },
  'started of another': { type: 'started', requestId: 'r0' },
  leased: { type: 'leased', requestId: 'r2' },
  kept: { type: 'kept', requestId: 'r1', atMs: 9 },
  'kept by another': { type: 'kept', requestId: 'r0', atMs: 9 },
  tainted: { type: 'tainted', requestId: 'r1', atMs: 9 },
  'tainted by another': { type: 'tainted', requestId: 'r0', atMs: 9 },
  discarded: { type: 'discarded', requestId: 'r1' },
  'discarded by another': { type: 'discarded', requestId: 'r0' },
  inherited: { type: 'inherited' },
  dismissed: { type: 'dismissed', reason: 'deleted' },
  reclaimed: { type: 'reclaimed', reason: 'expired' },
  lost: { type: 'lost' },
};

const busy: EnvironmentState = { phase: 'busy', requestId: 'r1' };
const idle: EnvironmentState = { phase: 'idle', sinceMs: 9 };
const reset: EnvironmentState = { phase: 'reset', sinceMs: 9 };
const removed = (reason: Extract<EnvironmentState, { phase: 'removed' }>['reason']): EnvironmentState => ({
  phase: 'removed',
  reason,
});

/** Everything that is legal. Whatever is not here throws. */
const legal: Record<EnvironmentPhase, Record<string, EnvironmentState>> = {
  starting: {
    started: busy,
    kept: idle,
    tainted: reset,
    discarded: removed('discarded'),
    dismissed: { phase: 'leaving', requestId: 'r1', reason: 'deleted' },
    lost: removed('lost'),
  },
  busy: {
    kept: idle,
    tainted: reset,
    discarded: removed('discarded'),
    dismissed: { phase: 'leaving', requestId: 'r1', reason: 'deleted' },
    lost: removed('lost'),
  },
  leaving: {
    started: states.leaving,
    kept: removed('outdated'),
    tainted: removed('outdated'),
    discarded: removed('discarded'),
    // The first reason stands.
    dismissed: states.leaving,
    lost: removed('lost'),
  },
  idle: {
    leased: { phase: 'busy', requestId: 'r2' },
    dismissed: removed('deleted'),
    reclaimed: removed('expired'),
    lost: removed('lost'),
  },
  reset: {
    inherited: removed('inherited'),
    dismissed: removed('deleted'),
    reclaimed: removed('expired'),
    lost: removed('lost'),
  },
  removed: {},
};

for (const [phase, state] of Object.entries(states)) {
  for (const [name, event] of Object.entries(events)) {
    const expected = legal[phase as EnvironmentPhase][name];
    test(`an environment that is ${phase}, when ${name}, ${expected ? `is ${expected.phase}` : 'throws'}`, (t) => {
      if (expected === undefined) {
        t.throws(() => transition(state, event), { name: 'InvariantError', message: /^an environment that is / });
      } else {
        t.deepEqual(transition(state, event), expected);
      }
    });
  }
}
