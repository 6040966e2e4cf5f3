import test from 'ava';
import type { MappingState } from '../../../src/model/event-source-mapping.ts';
import { type MappingEvent, takesUpdates, transition } from '../../../src/queue/sources/mapping-state.ts';

const states: readonly MappingState[] = [
  'Creating',
  'Enabling',
  'Enabled',
  'Disabling',
  'Disabled',
  'Updating',
  'Deleting',
];
const on = { enabled: true };
const off = { enabled: false };

/** The whole table: from, event, to. Everything else throws. */
const legal: readonly [MappingState, MappingEvent, MappingState][] = [
  ...(['Creating', 'Enabling', 'Enabled', 'Disabling', 'Disabled', 'Updating'] as const).flatMap(
    (state): [MappingState, MappingEvent, MappingState][] => [
      [state, { type: 'settled', ...on }, 'Enabled'],
      [state, { type: 'settled', ...off }, 'Disabled'],
      [state, { type: 'deleted' }, 'Deleting'],
    ],
  ),
  ['Enabled', { type: 'updated', ...on }, 'Updating'],
  ['Enabled', { type: 'updated', ...off }, 'Disabling'],
  ['Disabled', { type: 'updated', ...on }, 'Enabling'],
  ['Disabled', { type: 'updated', ...off }, 'Updating'],
];

test('a mapping goes from state to state as the table says, and no other way', (t) => {
  const events: readonly MappingEvent[] = [
    { type: 'settled', ...on },
    { type: 'settled', ...off },
    { type: 'updated', ...on },
    { type: 'updated', ...off },
    { type: 'deleted' },
  ];
  for (const state of states) {
    for (const event of events) {
      const known = legal.find(([from, on]) => from === state && JSON.stringify(on) === JSON.stringify(event));
      if (known === undefined) t.throws(() => transition(state, event), { message: /^a mapping that is/ });
      else t.is(transition(state, event), known[2]);
    }
  }
});

test('a mapping takes updates when nothing is under way', (t) => {
  t.deepEqual(states.filter(takesUpdates), ['Enabled', 'Disabled']);
});
