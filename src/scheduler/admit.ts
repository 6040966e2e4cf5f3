/** Whether an invocation may start now. Pure decisions; LAMBDA.md C4.12, F4. */
import type { ThrottleReason } from '../model/errors.ts';
import type { Demand, FleetView } from './fleet-view.ts';
import type { WaitsUntil } from './wait-line.ts';

/** A limit that was reached, for machines and messages. */
export interface LimitReached {
  readonly name: string;
  readonly value: number;
  /** Why a 429 is answered. Absent: the engine's concurrency, or what it has room for. */
  readonly throttleReason?: ThrottleReason;
  /** When it may be worth another try. Absent: when something ends. */
  readonly retryAfterMs?: number;
}

export type Admission =
  | { readonly kind: 'start' }
  /** Wait for others to end, behind those that wait already. */
  | { readonly kind: 'queue'; readonly limit: LimitReached; readonly until: WaitsUntil }
  | { readonly kind: 'throttle'; readonly limit: LimitReached; readonly until: WaitsUntil }
  /** Throttle, also if others may wait: it is no other function's end that this one would wait for. */
  | { readonly kind: 'refuse'; readonly limit: LimitReached };

const start: Admission = { kind: 'start' };

export function admit(view: FleetView, demand: Demand): Admission {
  // Nearly always nothing is set aside for anybody.
  if (view.reserves.functions > 0) return admitBesideReserves(view, demand);
  return admitWithin(view);
}

function admitWithin(view: FleetView): Admission {
  const { concurrency } = view.limits;
  return view.running < concurrency ? start : postpone(view, { name: 'concurrency', value: concurrency }, 'room');
}

/**
 * A reserve is both a guarantee and a maximum: its owner takes from nobody else, and nobody else from it (F4.2). Provisioned environments
 * are set aside within it, or within what all share (F4.3): whoever runs on demand has what is left (C7.6, C7.7).
 */
function admitBesideReserves(view: FleetView, { functionName, versionKey }: Demand): Admission {
  const { reserves, limits, running } = view;
  const account = view.account(functionName);
  const isProvisioned = (view.version(versionKey)?.provisioned.size ?? 0) > 0;
  if (account?.reserved === undefined) {
    if (isProvisioned) return admitWithin(view);
    const shared = Math.max(0, limits.concurrency - reserves.reserved - reserves.promised);
    // Invocations over a reserve that was lowered take from everybody until they end.
    const sharing = running - reserves.running - reserves.provisionedRunning;
    if (sharing < shared && running < limits.concurrency) return start;
    const limit = { name: 'concurrency', value: shared };
    return shared === 0 ? { kind: 'refuse', limit } : postpone(view, limit, 'room');
  }
  const onDemand = account.running - account.provisionedRunning;
  const mayRun = isProvisioned || onDemand < account.reserved - account.promised;
  // Others may still run what they began before it was reserved.
  if (mayRun && account.running < account.reserved) return admitWithin(view);
  // Who waits for its own function would hold up everybody behind it in the line.
  const throttleReason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
  return { kind: 'refuse', limit: { name: 'reservedConcurrency', value: account.reserved, throttleReason } };
}

/** What happens to an invocation that cannot start: it waits if waiting is offered and there is room to wait. */
export function postpone(
  view: FleetView,
  limit: LimitReached,
  until: WaitsUntil,
): Extract<Admission, { readonly kind: 'queue' | 'throttle' }> {
  const { queueMs, invocationsQueuedMax } = view.limits;
  return { kind: queueMs > 0 && view.queued < invocationsQueuedMax ? 'queue' : 'throttle', limit, until };
}
