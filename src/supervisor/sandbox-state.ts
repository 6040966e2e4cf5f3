/**
 * The life of one sandbox process: one union, one `transition()`; every pair that is not listed is a bug of ours and throws.
 * No process and no clock here; `sandbox-process.ts` acts on what comes out.
 */
import { InvariantError } from '../base/invariant.ts';
import type { ExitCause } from './sandbox-port.ts';

export type SandboxState =
  /** Spawned; it has not said hello yet. */
  | { readonly phase: 'starting' }
  /** Blank: it belongs to no trust domain yet. */
  | { readonly phase: 'ready' }
  | { readonly phase: 'assigned'; readonly trustDomain: string }
  /** Takes no new environments; ends with its last one. */
  | { readonly phase: 'draining'; readonly trustDomain: string; readonly reason: string }
  /** SIGKILL was sent, the process is not reaped yet. */
  | { readonly phase: 'ending'; readonly cause: ExitCause }
  | { readonly phase: 'exited'; readonly cause: ExitCause };

export type SandboxPhase = SandboxState['phase'];

export type SandboxEvent =
  | { readonly type: 'greeted' }
  | { readonly type: 'assigned'; readonly trustDomain: string }
  | { readonly type: 'drained'; readonly reason: string }
  | { readonly type: 'killed'; readonly cause: ExitCause }
  /** The process was reaped. `cause` is what it looks like from outside, for when nobody killed it. */
  | { readonly type: 'reaped'; readonly cause: ExitCause };

export function transition(state: SandboxState, event: SandboxEvent): SandboxState {
  switch (event.type) {
    case 'greeted':
      if (state.phase === 'starting') return { phase: 'ready' };
      break;
    case 'assigned':
      if (state.phase === 'ready') return { phase: 'assigned', trustDomain: event.trustDomain };
      break;
    case 'drained':
      if (state.phase === 'assigned')
        return { phase: 'draining', trustDomain: state.trustDomain, reason: event.reason };
      // The first reason stands.
      if (state.phase === 'draining') return state;
      break;
    case 'killed':
      // The first cause stands: what is seen of a process after SIGKILL says nothing about why it was killed.
      if (state.phase === 'ending' || state.phase === 'exited') return state;
      return { phase: 'ending', cause: event.cause };
    case 'reaped':
      if (state.phase === 'ending') return { phase: 'exited', cause: state.cause };
      if (state.phase !== 'exited') return { phase: 'exited', cause: event.cause };
      break;
    default:
      event satisfies never;
  }
  throw new InvariantError(`a sandbox that is ${state.phase} cannot be ${event.type}`);
}

/** Whether frames may still be sent to it. */
export function isAlive(state: SandboxState): boolean {
  return state.phase !== 'ending' && state.phase !== 'exited';
}
