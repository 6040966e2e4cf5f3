/**
 * The life of an execution environment inside its sandbox. One state, one `transition`; what happens to isolates and volumes
 * on the way is `environment.ts`.
 */
import { invariant } from '../base/invariant.ts';

export type EnvironmentState =
  /** Its init phase runs outside any invocation. */
  | { readonly phase: 'starting' }
  /** Initialised, gate closed: no guest code runs. */
  | { readonly phase: 'ready' }
  /** The next invocation runs init first (LAMBDA.md B3.3, B5.6). */
  | { readonly phase: 'owes-init'; readonly because: InitDebt }
  | { readonly phase: 'busy'; readonly step: 'init' | 'invoke'; readonly requestId: string }
  | { readonly phase: 'disposed' };

/** `reset`: its runtime ended (timeout, exit, crash, memory); `/tmp` is still there. */
export type InitDebt = 'deferred' | 'failed' | 'reset';

export type EnvironmentEvent =
  | { readonly type: 'init-succeeded' }
  | { readonly type: 'init-failed' }
  | { readonly type: 'invoked'; readonly requestId: string }
  /** `reset`: the isolate is gone, whatever the answer was. */
  | { readonly type: 'answered'; readonly requestId: string; readonly isolate: 'kept' | 'reset' }
  | { readonly type: 'disposed' };

export function initialState(init: 'now' | 'deferred'): EnvironmentState {
  return init === 'now' ? { phase: 'starting' } : { phase: 'owes-init', because: 'deferred' };
}

export function transition(state: EnvironmentState, event: EnvironmentEvent): EnvironmentState {
  switch (event.type) {
    case 'init-succeeded':
      if (state.phase === 'starting') return { phase: 'ready' };
      if (state.phase === 'busy' && state.step === 'init') return { ...state, step: 'invoke' };
      break;
    case 'init-failed':
      if (state.phase === 'starting') return { phase: 'owes-init', because: 'failed' };
      if (state.phase === 'busy' && state.step === 'init') return { phase: 'owes-init', because: 'failed' };
      break;
    case 'invoked':
      if (state.phase === 'ready') return { phase: 'busy', step: 'invoke', requestId: event.requestId };
      if (state.phase === 'owes-init') return { phase: 'busy', step: 'init', requestId: event.requestId };
      break;
    case 'answered':
      if (state.phase === 'busy' && state.step === 'invoke' && state.requestId === event.requestId) {
        return event.isolate === 'kept' ? { phase: 'ready' } : { phase: 'owes-init', because: 'reset' };
      }
      break;
    case 'disposed':
      return { phase: 'disposed' };
    default:
      event satisfies never;
  }
  invariant(false, `an environment that is ${state.phase} cannot be ${event.type}`);
}
