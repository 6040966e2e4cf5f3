/** One invocation on its way: what was asked, and how a try in one environment ended. Data only. */
import type { EngineError } from '../model/errors.ts';
import type { LimitHit } from '../model/limit-reason.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Tail } from '../telemetry/tail.ts';
import type { AnswerStream } from './answer-stream.ts';
import type { ClientDetails } from './client-context.ts';
import type { Journal } from './journal.ts';
import type { Target } from './target.ts';

/** One invocation as it was asked for, checked. */
export interface Call {
  readonly requestId: string;
  target: Target;
  readonly invokedFunctionArn: string;
  readonly payload: Uint8Array;
  readonly details: ClientDetails;
  /** See `Lineage`. */
  readonly hops: number;
  readonly tail: Tail | undefined;
  /** Whoever reads it while it is written. Undefined: it is answered whole. */
  readonly answer: AnswerStream | undefined;
  readonly startedMs: number;
}

/** How a try in one environment ended. */
export type Attempt =
  | { readonly kind: 'ended'; readonly ending: Ending }
  /** The guest has not seen the event: another place may do better. */
  | { readonly kind: 'elsewhere'; readonly init: 'now' | 'deferred'; readonly error: EngineError };

export interface Ending {
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly freezeMs: number;
  readonly isolateMs: number | undefined;
  /** Init that ran ahead, or inside. */
  readonly initMs: number | undefined;
  readonly initAheadMs: number | undefined;
  /** Of a provisioned environment whose first invocation this was. */
  readonly initEarlierMs: number | undefined;
  readonly memoryPeakBytes: number;
  /** The longest stretch in which the guest gave its thread to nobody. */
  readonly longestSliceMs: number;
  /** Undefined: unknown, because the guest was ended from outside. */
  readonly cpuMs: number | undefined;
  /** Limits that were met on the way, beside the one that ended it. */
  readonly limits: readonly LimitHit[] | undefined;
  readonly journal: Journal | undefined;
  /** When the sandbox was there. */
  readonly placedMs: number;
  /** False: the sandbox is gone, nothing of the environment is left. */
  readonly isSandboxAlive: boolean;
}
