/** The states of a mapping (LAMBDA.md D2.2). What a client wants takes effect behind its answer; `settled` says that it has. */
import { InvariantError } from '../../base/invariant.ts';
import type { MappingState } from '../../model/event-source-mapping.ts';

export type MappingEvent =
  /** The mapping polls, or has stopped, as it should. */
  | { readonly type: 'settled'; readonly enabled: boolean }
  | { readonly type: 'updated'; readonly enabled: boolean }
  | { readonly type: 'deleted' };

export function transition(state: MappingState, event: MappingEvent): MappingState {
  switch (event.type) {
    case 'settled':
      if (state !== 'Deleting') return event.enabled ? 'Enabled' : 'Disabled';
      break;
    case 'updated':
      if (state === 'Enabled') return event.enabled ? 'Updating' : 'Disabling';
      if (state === 'Disabled') return event.enabled ? 'Enabling' : 'Updating';
      break;
    case 'deleted':
      if (state !== 'Deleting') return 'Deleting';
      break;
    default:
      event satisfies never;
  }
  throw new InvariantError(`a mapping that is ${state} cannot be ${event.type}`);
}

/** Whether a client may change it now. */
export function takesUpdates(state: MappingState): boolean {
  return state === 'Enabled' || state === 'Disabled';
}
