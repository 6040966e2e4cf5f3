/**
 * Whether a sandbox must be killed, and who is to blame. Pure decisions over a view that `sandbox-process.ts` takes now and
 * then. Frames reach a sandbox in order, so an answered ping proves that its main thread has read everything sent before it.
 */
import { type LimitHit, limitHit } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';

/** A call that runs guest code: an invocation or an init. */
export interface GuestCall {
  readonly environmentId: string;
  /** Undefined for an init. */
  readonly requestId: string | undefined;
  readonly sentMs: number;
  /** When the far deadline is; Infinity while the call waits for its environment. */
  readonly deadlineMs: number;
}

export interface HealthView {
  readonly nowMs: number;
  readonly calls: Iterable<GuestCall>;
  /** The ping that waits for its answer. `lagMs`: for how long of that time our own event loop was stuck. */
  readonly ping: { readonly sentMs: number; readonly lagMs: number } | undefined;
  /** When the last answered ping was sent. */
  readonly heardMs: number;
  readonly memory:
    | {
        readonly residentBytes: number;
        readonly allowedBytes: number;
        /** Those of the running environments that can have gained most of it. Absent: all. */
        readonly growers?: (running: readonly string[]) => readonly string[];
      }
    | undefined;
  /** The file that its volumes lie in. Absent: nobody knows yet. */
  readonly volumes?: { readonly heldBytes: number; readonly allowedBytes: number } | undefined;
  /** What it does that none of its guests can have asked for, in words. Asked only when nothing else is wrong. */
  readonly excess?: () => string | undefined;
  /** Whether a signal has stopped the process. Costs a system call: asked only when it matters. */
  isStopped(): boolean;
}

export interface Illness {
  readonly reason: 'deadline' | 'heartbeat' | 'memory' | 'volumes' | 'exertion';
  readonly detail: string;
  /** Environments that may have caused it. */
  readonly suspects: readonly string[];
  readonly limit?: LimitHit;
}

export function findIllness(view: HealthView): Illness | undefined {
  return (
    memoryIllness(view) ??
    volumesIllness(view) ??
    deadlineIllness(view) ??
    heartbeatIllness(view) ??
    exertionIllness(view)
  );
}

function memoryIllness({ memory, calls }: HealthView): Illness | undefined {
  if (memory === undefined || memory.residentBytes <= memory.allowedBytes) return undefined;
  const running = [...calls];
  return {
    reason: 'memory',
    detail: `${mebibytes(memory.residentBytes)} MiB resident, allowed are ${mebibytes(memory.allowedBytes)} MiB; running: ${names(running)}`,
    suspects: memory.growers?.(suspectsOf(running)) ?? suspectsOf(running),
    limit: limitHit('resident-memory', memory.allowedBytes, memory.residentBytes),
  };
}

/** The sandbox keeps quotas below this: one that is beyond does not keep them, whichever of its guests made it so. */
function volumesIllness({ volumes, calls }: HealthView): Illness | undefined {
  if (volumes === undefined || volumes.heldBytes <= volumes.allowedBytes) return undefined;
  const running = [...calls];
  return {
    reason: 'volumes',
    detail: `its volumes hold ${mebibytes(volumes.heldBytes)} MiB, allowed are ${mebibytes(volumes.allowedBytes)} MiB; running: ${names(running)}`,
    suspects: suspectsOf(running),
    limit: limitHit('volume-bytes', volumes.allowedBytes, volumes.heldBytes),
  };
}

/** The kernel was faster than a look: it has ended the process at the bound of its control group. */
export function groupIllness(
  maxBytes: number,
  running: readonly GuestCall[],
  growers: (running: readonly string[]) => readonly string[],
): Illness {
  return {
    reason: 'memory',
    detail: `the kernel ended it at the ${mebibytes(maxBytes)} MiB of its control group; running: ${names(running)}`,
    suspects: growers(suspectsOf(running)),
    limit: limitHit('resident-memory', maxBytes, maxBytes),
  };
}

function deadlineIllness({ calls, nowMs, heardMs }: HealthView): Illness | undefined {
  const running = [...calls];
  const overdue = running.find((call) => call.deadlineMs <= nowMs);
  if (overdue === undefined) return undefined;
  const waitedMs = Math.round(nowMs - overdue.sentMs);
  if (overdue.sentMs < heardMs) {
    // The main thread took the call and went on: the guest itself does not end.
    return {
      reason: 'deadline',
      detail: `${name(overdue)} gave no answer within ${waitedMs} ms`,
      suspects: [overdue.environmentId],
    };
  }
  // The main thread has been in one slice since before the call was read, or in the call itself.
  const holders = running.filter((call) => call.sentMs <= overdue.sentMs);
  return {
    reason: 'deadline',
    detail: `${name(overdue)} gave no answer within ${waitedMs} ms; the main thread is held by one of: ${names(holders)}`,
    suspects: suspectsOf(holders),
  };
}

/**
 * A slice on the main thread may legally hold it until its invocation's deadline, and then the far deadline decides. Without such a
 * call, or when the process does not run at all, silence is enough.
 */
function heartbeatIllness({ calls, ping, nowMs, isStopped }: HealthView): Illness | undefined {
  if (ping === undefined) return undefined;
  const silentMs = nowMs - ping.sentMs - ping.lagMs;
  if (silentMs < heartbeatSilenceMsMax) return undefined;
  const holders = [...calls].filter((call) => call.sentMs <= ping.sentMs);
  if (holders.length > 0 && !isStopped()) return undefined;
  return {
    reason: 'heartbeat',
    detail: `no heartbeat for ${Math.round(silentMs)} ms; running: ${names(holders)}`,
    suspects: [],
  };
}

export const heartbeatSilenceMsMax = limits.heartbeatIntervalMs * limits.heartbeatsMissedMax;

/** Whether new work would wait behind a slice that is long already. */
export function isHeld(ping: HealthView['ping'], nowMs: number): boolean {
  return ping !== undefined && nowMs - ping.sentMs - ping.lagMs > limits.shortSliceMsMax + limits.busyMarginMs;
}

function exertionIllness({ excess, calls }: HealthView): Illness | undefined {
  const detail = excess?.();
  return detail === undefined ? undefined : { reason: 'exertion', detail, suspects: suspectsOf([...calls]) };
}

function suspectsOf(calls: readonly GuestCall[]): readonly string[] {
  return [...new Set(calls.map((call) => call.environmentId))];
}

function name(call: GuestCall): string {
  return call.requestId === undefined
    ? `the init of environment ${call.environmentId}`
    : `request ${call.requestId} of environment ${call.environmentId}`;
}

/** At most a few: a message is read by people. */
function names(calls: readonly GuestCall[]): string {
  if (calls.length === 0) return 'nothing';
  const shown = calls.slice(0, namesMax).map(name).join(', ');
  return calls.length > namesMax ? `${shown} and ${calls.length - namesMax} more` : shown;
}

const namesMax = 8;

function mebibytes(bytes: number): number {
  return Math.round(bytes / (1024 * 1024));
}
