/** What happens to an event after a delivery, or instead of one. Pure decisions (LAMBDA.md D1.2 to D1.4, D1.11, D1.14). */
import { backoffMs } from '../base/backoff.ts';
import { limits } from '../model/limits.ts';
import type { Condition, WaitingEvent } from './event-store.ts';

/** What a function says about its events, with every default filled in. */
export interface EventPolicy {
  readonly retriesMax: number;
  readonly ageMsMax: number;
  /** Shrinks every time of the queue alike. 1: as Lambda. */
  readonly delayScale: number;
}

/** How a delivery ended. */
export type Delivery =
  | { readonly kind: 'success' }
  | { readonly kind: 'function-error' }
  /** There was no room, so the function has not seen the event. */
  | { readonly kind: 'throttled'; readonly pauseMs: number }
  /** The platform failed while the function ran, or before. */
  | { readonly kind: 'system-error' };

export type Next =
  | { readonly kind: 'end'; readonly condition: Condition }
  /** It is tried again then. */
  | { readonly kind: 'wait'; readonly dueMs: number; readonly failures: number; readonly setbacks: number };

type Event = Pick<WaitingEvent, 'acceptedMs' | 'failures' | 'setbacks'>;

/** Why an event is not delivered at all. Undefined: it is. */
export function instead(
  { acceptedMs }: Event,
  nowMs: number,
  policy: EventPolicy,
  reserved: number | undefined,
): Condition | undefined {
  if (reserved === 0) return 'ZeroReservedConcurrency';
  return nowMs - acceptedMs > policy.ageMsMax * policy.delayScale ? 'EventAgeExceeded' : undefined;
}

export function afterAttempt(event: Event, delivery: Delivery, nowMs: number, policy: EventPolicy): Next {
  const { failures, setbacks } = event;
  switch (delivery.kind) {
    case 'success':
      return { kind: 'end', condition: 'Success' };
    case 'function-error': {
      if (failures >= policy.retriesMax) return { kind: 'end', condition: 'RetriesExhausted' };
      const delayMs = failures === 0 ? limits.asyncFirstRetryMs : limits.asyncSecondRetryMs;
      return within(event, policy, nowMs, delayMs * policy.delayScale, { failures: failures + 1, setbacks: 0 });
    }
    case 'throttled':
      return within(event, policy, nowMs, delivery.pauseMs, { failures, setbacks });
    case 'system-error': {
      const delayMs = setbackMs(setbacks, policy.delayScale);
      return within(event, policy, nowMs, delayMs, { failures, setbacks: setbacks + 1 });
    }
    default:
      return delivery satisfies never;
  }
}

/** D1.3: 1 s, doubling to 5 min. */
export function setbackMs(setbacks: number, delayScale: number): number {
  return backoffMs(setbacks, { minMs: limits.asyncBackoffMsMin, maxMs: limits.asyncBackoffMsMax }) * delayScale;
}

/** Nobody waits for a try that would come too late (D1.4). */
function within(
  { acceptedMs }: Event,
  { ageMsMax, delayScale }: EventPolicy,
  nowMs: number,
  delayMs: number,
  counts: { readonly failures: number; readonly setbacks: number },
): Next {
  const dueMs = nowMs + delayMs;
  if (dueMs - acceptedMs > ageMsMax * delayScale) return { kind: 'end', condition: 'EventAgeExceeded' };
  return { kind: 'wait', dueMs, ...counts };
}
