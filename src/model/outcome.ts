import type { LimitHit } from './limit-reason.ts';

/**
 * How an invocation ended: a closed set, decided by what the engine observed and never by what a guest wrote.
 * Only `success` and `error` carry bytes of the guest; everything else is the platform's own finding (LAMBDA.md B3 to B5).
 */
export type Outcome =
  | { readonly kind: 'success'; readonly payload: Uint8Array }
  /** The function reported an error (thrown, rejected, callback). The environment stays usable (B5.7). */
  | { readonly kind: 'error'; readonly payload: Uint8Array; readonly errorType: string }
  /** An uncaught exception or unhandled rejection: the runtime reported it, then exited (A7.6, A7.7). */
  | { readonly kind: 'fatal'; readonly payload: Uint8Array; readonly errorType: string }
  /** Module code or handler resolution failed; the payload is the posted init error (B3.5). */
  | { readonly kind: 'init-error'; readonly payload: Uint8Array; readonly errorType: string }
  | { readonly kind: 'timeout'; readonly limit: LimitHit }
  /** The runtime ended without an answer: process.exit, an empty loop, a signal (B5.1, B5.2). */
  | { readonly kind: 'exit'; readonly code: number }
  /** As the kernel would have: for too much CPU time. */
  | { readonly kind: 'killed'; readonly signal: 'killed' | 'aborted' | 'segmentation fault'; readonly limit?: LimitHit }
  | { readonly kind: 'out-of-memory'; readonly limit: LimitHit }
  | { readonly kind: 'response-too-large'; readonly limit: LimitHit };

export type OutcomeKind = Outcome['kind'];

/** The limit that ended the invocation, if one did. */
export function limitOf(outcome: Outcome): LimitHit | undefined {
  return 'limit' in outcome ? outcome.limit : undefined;
}

/** Only after these may the environment that ran the invocation run another one. */
export function isReusable(kind: OutcomeKind): boolean {
  return kind === 'success' || kind === 'error' || kind === 'response-too-large';
}

export function blame(kind: OutcomeKind): 'function' | 'none' {
  return kind === 'success' ? 'none' : 'function';
}
