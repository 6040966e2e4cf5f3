/**
 * The life of one execution environment as the scheduler sees it: one union, one `transition()`. Every pair that is not
 * listed is a bug of ours and throws. No processes, no clock; the scheduler acts on what comes out.
 */
import { InvariantError } from '../base/invariant.ts';

export type EnvironmentState =
  /** Made for this invocation, which waits for it. Not known to exist in the sandbox yet. */
  | { readonly phase: 'starting'; readonly requestId: string }
  | { readonly phase: 'busy'; readonly requestId: string }
  /** Runs its last invocation: its version, its function or its sandbox is on the way out. */
  | { readonly phase: 'leaving'; readonly requestId: string; readonly reason: DismissalReason }
  | { readonly phase: 'idle'; readonly sinceMs: number }
  /** The runtime ended; `/tmp` waits for an heir (LAMBDA.md B5.6). */
  | { readonly phase: 'reset'; readonly sinceMs: number }
  | { readonly phase: 'removed'; readonly reason: RemovalReason };

export type EnvironmentPhase = EnvironmentState['phase'];

/** Reasons that end an environment as soon as it is not busy. */
export type DismissalReason = 'outdated' | 'deleted' | 'retired' | 'closed' | 'released';
/** Reasons that may end only what is not busy. */
export type ReclaimReason = 'evicted' | 'expired';
export type RemovalReason = DismissalReason | ReclaimReason | 'inherited' | 'discarded' | 'lost';

export type EnvironmentEvent =
  /** The sandbox made it. */
  | { readonly type: 'started'; readonly requestId: string }
  | { readonly type: 'leased'; readonly requestId: string }
  /** The invocation ended cleanly. */
  | { readonly type: 'kept'; readonly requestId: string; readonly atMs: number }
  /** The invocation ended the runtime, the sandbox lives. */
  | { readonly type: 'tainted'; readonly requestId: string; readonly atMs: number }
  /** Nobody knows in what shape it is. */
  | { readonly type: 'discarded'; readonly requestId: string }
  /** An heir took over its `/tmp`. */
  | { readonly type: 'inherited' }
  | { readonly type: 'dismissed'; readonly reason: DismissalReason }
  | { readonly type: 'reclaimed'; readonly reason: ReclaimReason }
  /** The sandbox is gone. */
  | { readonly type: 'lost' };

export function transition(state: EnvironmentState, event: EnvironmentEvent): EnvironmentState {
  switch (event.type) {
    case 'started':
      if (isOf(state, event.requestId) && state.phase === 'starting')
        return { phase: 'busy', requestId: state.requestId };
      // It was dismissed while it started: it still runs the invocation that it was made for.
      if (isOf(state, event.requestId) && state.phase === 'leaving') return state;
      break;
    case 'leased':
      if (state.phase === 'idle') return { phase: 'busy', requestId: event.requestId };
      break;
    case 'kept':
      // The id is compared so that a late answer to an earlier invocation never frees the one that runs now.
      if (isOf(state, event.requestId)) {
        return state.phase === 'leaving'
          ? { phase: 'removed', reason: state.reason }
          : { phase: 'idle', sinceMs: event.atMs };
      }
      break;
    case 'tainted':
      if (isOf(state, event.requestId)) {
        return state.phase === 'leaving'
          ? { phase: 'removed', reason: state.reason }
          : { phase: 'reset', sinceMs: event.atMs };
      }
      break;
    case 'discarded':
      if (isOf(state, event.requestId)) return { phase: 'removed', reason: 'discarded' };
      break;
    case 'inherited':
      if (state.phase === 'reset') return { phase: 'removed', reason: 'inherited' };
      break;
    case 'dismissed':
      if (state.phase === 'leaving') return state;
      if (state.phase === 'starting' || state.phase === 'busy') {
        return { phase: 'leaving', requestId: state.requestId, reason: event.reason };
      }
      if (state.phase === 'idle' || state.phase === 'reset') return { phase: 'removed', reason: event.reason };
      break;
    case 'reclaimed':
      if (state.phase === 'idle' || state.phase === 'reset') return { phase: 'removed', reason: event.reason };
      break;
    case 'lost':
      if (state.phase !== 'removed') return { phase: 'removed', reason: 'lost' };
      break;
    default:
      event satisfies never;
  }
  throw new InvariantError(`an environment that is ${describe(state)} cannot be ${describe(event)}`);
}

type Occupied = Extract<EnvironmentState, { requestId: string }>;

/** Whether an invocation owns the environment. */
export function isOccupied(state: EnvironmentState): state is Occupied {
  return state.phase === 'starting' || state.phase === 'busy' || state.phase === 'leaving';
}

function isOf(state: EnvironmentState, requestId: string): state is Occupied {
  return isOccupied(state) && state.requestId === requestId;
}

function describe(value: EnvironmentState | EnvironmentEvent): string {
  const name = 'phase' in value ? value.phase : value.type;
  return 'requestId' in value ? `${name} (request ${value.requestId})` : name;
}
