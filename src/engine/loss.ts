/**
 * What the end of a sandbox process means for one invocation in it. Pure. The process itself cannot say who was to blame, so
 * this goes by what the host knows: why it ended, how long the invocation had run, and who else ran in it.
 *
 * A synchronous invocation is placed elsewhere only while the guest cannot have seen the event, which is as long as its
 * environment was not made (DESIGN.md section 4).
 */
import { type LimitHit, limitHit } from '../model/limit-reason.ts';
import type { InitReport } from '../protocol/messages.ts';
import type { ExitCause } from '../supervisor/sandbox-port.ts';

export interface Circumstances {
  readonly cause: ExitCause;
  readonly environmentId: string;
  /** `create`: the environment was not made yet; with init, the user's module code may have run. */
  readonly stage: 'create' | 'invoke';
  /** In this stage. */
  readonly elapsedMs: number;
  /** What this stage was allowed to take. */
  readonly allowedMs: number;
  /** Invocations that ran in the sandbox when it ended, this one included. */
  readonly running: number;
}

export type Loss =
  /** The function did it. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'out-of-memory' | 'killed'; readonly limit: LimitHit }
  /** Its init did it: that counts as a failed init, and the invocation goes on elsewhere. */
  | { readonly kind: 'init-failed'; readonly init: InitReport }
  /** Not its doing, or nobody can tell, and it has not begun: it goes elsewhere. */
  | { readonly kind: 'elsewhere'; readonly isSuspect: boolean }
  | { readonly kind: 'lost'; readonly isSuspect: boolean }
  | { readonly kind: 'closing' };

export function judge(circumstances: Circumstances): Loss {
  const { cause, stage, elapsedMs } = circumstances;
  if (cause.kind === 'killed' && cause.reason === 'closing') return { kind: 'closing' };

  const guilt = guiltOf(circumstances);
  if (stage === 'invoke') {
    if (guilt === undefined) return { kind: 'lost', ...suspicion(circumstances) };
    return guilt === 'timeout' ? { kind: guilt } : { kind: guilt, limit: limitOf(cause) };
  }
  if (guilt === undefined) return { kind: 'elsewhere', ...suspicion(circumstances) };
  return { kind: 'init-failed', init: { status: guilt, durationMs: elapsedMs } };
}

function guiltOf({
  cause,
  environmentId,
  elapsedMs,
  allowedMs,
  running,
}: Circumstances): 'timeout' | 'out-of-memory' | 'killed' | undefined {
  if (cause.kind !== 'killed') return undefined;
  switch (cause.reason) {
    case 'deadline':
      // The sandbox is killed for whoever did not answer in time. Others that are over their time by now did not either.
      return elapsedMs >= allowedMs ? 'timeout' : undefined;
    case 'memory': {
      // Environments that ran nothing were frozen: they cannot have grown.
      const suspects = cause.suspects ?? [];
      const isOnlyOne = suspects.length === 0 ? running === 1 : suspects.every((suspect) => suspect === environmentId);
      return isOnlyOne ? 'out-of-memory' : undefined;
    }
    case 'volumes':
      // Its sandbox should have refused it. Nobody ran: then it was none of the guests' calls.
      return cause.suspects?.length === 1 && cause.suspects[0] === environmentId ? 'killed' : undefined;
    case 'limit': {
      // Its sandbox had ended the guest, and asked for this because the guest ran on.
      if (cause.suspects?.every((suspect) => suspect === environmentId) !== true) return undefined;
      return cause.limit?.limit === 'cpu-time' ? 'killed' : 'out-of-memory';
    }
    case 'heartbeat':
    case 'exertion':
    case 'protocol':
    case 'hardening':
    case 'closing':
      return undefined;
    default:
      return cause satisfies never;
  }
}

/** Who was killed for memory, for volumes or by a limit and was the only one to be blamed. Without a figure there was one all the same: the kernel's, or /proc. */
function limitOf(cause: ExitCause): LimitHit {
  return (cause.kind === 'killed' ? cause.limit : undefined) ?? limitHit('resident-memory', 0, 0);
}

/** Whoever may have done it gets a sandbox of its own: the next time it will be clear who it is. */
function suspicion({ cause, environmentId, running }: Circumstances): { readonly isSuspect: boolean } {
  const suspects = cause.kind === 'killed' ? cause.suspects : undefined;
  return { isSuspect: suspects === undefined ? running === 1 : suspects.includes(environmentId) };
}
