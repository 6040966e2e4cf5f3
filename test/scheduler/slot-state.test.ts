import test from 'ava';
import { type SlotEvent, type SlotState, slotTransition } from '../../src/scheduler/slot-state.ts';

const states: SlotState[] = [
  { phase: 'starting' },
  { phase: 'open' },
  { phase: 'draining', reason: 'first' },
  { phase: 'gone' },
];
const events: SlotEvent[] = [{ type: 'ready' }, { type: 'drained', reason: 'second' }, { type: 'ended' }];

const legal: Record<SlotState['phase'], Partial<Record<SlotEvent['type'], SlotState>>> = {
  starting: { ready: { phase: 'open' }, drained: { phase: 'draining', reason: 'second' }, ended: { phase: 'gone' } },
  open: { drained: { phase: 'draining', reason: 'second' }, ended: { phase: 'gone' } },
  draining: {
    ready: { phase: 'draining', reason: 'first' },
    drained: { phase: 'draining', reason: 'first' },
    ended: { phase: 'gone' },
  },
  gone: {},
};

for (const state of states) {
  for (const event of events) {
    const expected = legal[state.phase][event.type];
    test(`a slot that is ${state.phase}, when ${event.type}, ${expected ? `is ${expected.phase}` : 'throws'}`, (t) => {
      if (expected === undefined) t.throws(() => slotTransition(state, event), { name: 'InvariantError' });
      else t.deepEqual(slotTransition(state, event), expected);
    });
  }
}
