/** What becomes of a batch after an attempt to have it handled (LAMBDA.md D3.2 to D3.6, D3.8). A pure decision. */
import { backoffMs } from '../../base/backoff.ts';
import { limits } from '../../model/limits.ts';

export interface RetryPolicy {
  /** Infinity: until it succeeds. */
  readonly retryAttemptsMax: number;
  readonly bisects: boolean;
}

/** How an attempt ended. */
export type AttemptEnding =
  | { readonly type: 'handled' }
  /** The records before `index` are done. 0: the whole batch failed. */
  | { readonly type: 'failed'; readonly index: number }
  /** The function did not get the event: it was throttled, or a platform failure. Not the records' fault. */
  | { readonly type: 'not-run' }
  /** No function of these settings can get an event of this size. */
  | { readonly type: 'too-large' };

/** A batch, or what is left of it. */
export interface Part {
  readonly records: number;
  /** Retries that were used up. */
  readonly retries: number;
  /** Attempts in a row that did not run. */
  readonly refusals: number;
}

export interface Consequence {
  /** How many of the batch's first records are done. */
  readonly handled: number;
  /** How many after those are given up. */
  readonly givenUp: number;
  /** What of the rest is tried next, in order; with `handled` and `givenUp` they make up the whole batch. */
  readonly parts: readonly Part[];
  readonly delayMs: number;
}

export function afterAttempt(part: Part, ending: AttemptEnding, policy: RetryPolicy): Consequence {
  const { records, retries, refusals } = part;
  switch (ending.type) {
    case 'handled':
      return { handled: records, givenUp: 0, parts: [], delayMs: 0 };
    case 'not-run': {
      const parts = [{ ...part, refusals: refusals + 1 }];
      return { handled: 0, givenUp: 0, parts, delayMs: backoffMs(refusals, retryLimits) };
    }
    case 'too-large':
      return records > 1 ? halved(part) : { handled: 0, givenUp: records, parts: [], delayMs: 0 };
    case 'failed': {
      const { index } = ending;
      const rest = records - index;
      // Splitting uses up no retry (D3.4), and it comes to an end by itself: so it needs no delay either.
      if (policy.bisects && index > 0) {
        return { handled: index, givenUp: 0, parts: [{ records: rest, retries: 0, refusals: 0 }], delayMs: 0 };
      }
      if (policy.bisects && records > 1) return halved(part);
      // Who got further than the last time begins again: retries are there for what does not move.
      const used = index > 0 ? 0 : retries;
      if (used >= policy.retryAttemptsMax) return { handled: index, givenUp: rest, parts: [], delayMs: 0 };
      const parts = [{ records: rest, retries: used + 1, refusals: 0 }];
      return { handled: index, givenUp: 0, parts, delayMs: backoffMs(used, retryLimits) };
    }
    default:
      return ending satisfies never;
  }
}

function halved({ records, retries }: Part): Consequence {
  const first = Math.ceil(records / 2);
  const parts = [
    { records: first, retries, refusals: 0 },
    { records: records - first, retries, refusals: 0 },
  ];
  return { handled: 0, givenUp: 0, parts, delayMs: 0 };
}

const retryLimits = { minMs: limits.sourceRetryMsMin, maxMs: limits.sourceRetryMsMax };
