/** Whether an invocation may start now. Pure decisions; LAMBDA.md C4.12, F4. */
import type { FleetView } from './fleet-view.ts';
import type { WaitsUntil } from './wait-line.ts';

/** A limit that was reached, for machines and messages. */
export interface LimitReached {
  readonly name: string;
  readonly value: number;
}

export type Admission =
  | { readonly kind: 'start' }
  /** Wait for others to end, behind those that wait already. */
  | { readonly kind: 'queue'; readonly limit: LimitReached; readonly until: WaitsUntil }
  | { readonly kind: 'throttle'; readonly limit: LimitReached; readonly until: WaitsUntil };

const start: Admission = { kind: 'start' };

export function admit(view: FleetView): Admission {
  const { concurrency } = view.limits;
  return view.running < concurrency ? start : postpone(view, { name: 'concurrency', value: concurrency }, 'room');
}

/** What happens to an invocation that cannot start: it waits if waiting is offered and there is room to wait. */
export function postpone(
  view: FleetView,
  limit: LimitReached,
  until: WaitsUntil,
): Exclude<Admission, { kind: 'start' }> {
  const { queueMs, invocationsQueuedMax } = view.limits;
  return { kind: queueMs > 0 && view.queued < invocationsQueuedMax ? 'queue' : 'throttle', limit, until };
}
