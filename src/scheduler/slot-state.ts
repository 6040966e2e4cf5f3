/**
 * The life of a slot: the place of one sandbox process, from the decision to start it until it is gone. One union, one
 * `transition()`; unlisted pairs throw.
 */
import { InvariantError } from '../base/invariant.ts';

export type SlotState =
  /** The process is being started; environments may be placed already and wait for it. */
  | { readonly phase: 'starting' }
  | { readonly phase: 'open' }
  /** Takes nothing new; ends when its last invocation ended. */
  | { readonly phase: 'draining'; readonly reason: string }
  | { readonly phase: 'gone' };

export type SlotEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'drained'; readonly reason: string }
  | { readonly type: 'ended' };

export function slotTransition(state: SlotState, event: SlotEvent): SlotState {
  switch (event.type) {
    case 'ready':
      if (state.phase === 'starting') return { phase: 'open' };
      if (state.phase === 'draining') return state;
      break;
    case 'drained':
      if (state.phase === 'starting' || state.phase === 'open') return { phase: 'draining', reason: event.reason };
      // The first reason stands.
      if (state.phase === 'draining') return state;
      break;
    case 'ended':
      if (state.phase !== 'gone') return { phase: 'gone' };
      break;
    default:
      event satisfies never;
  }
  throw new InvariantError(`a slot that is ${state.phase} cannot be ${event.type}`);
}
