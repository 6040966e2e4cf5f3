/**
 * Makes one environment ahead of all invocations (LAMBDA.md B3.2, F4.3): a place, a sandbox, the isolate, init; and says how that went.
 * How many there should be, and when to try again, its caller knows.
 */
import { randomUUID } from 'node:crypto';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { CreateReply } from '../protocol/messages.ts';
import { Lease } from '../scheduler/lease.ts';
import { SandboxGoneError } from '../supervisor/sandbox-port.ts';
import type { AttemptParts } from './attempt.ts';
import { blame } from './blame.ts';
import { newEnvironmentFacts } from './environment-facts.ts';
import { Journal } from './journal.ts';
import { judge } from './loss.ts';
import type { Target } from './target.ts';

export type Provision =
  | { readonly kind: 'made' }
  /** The function's doing. */
  | { readonly kind: 'init-failed'; readonly reason: string }
  /** The platform's, as when a sandbox is lost. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: number }
  /** Something has to end first. */
  | { readonly kind: 'no-room'; readonly reason: string };

/** Of Lambda (B3.8). */
const initFailed: Provision = { kind: 'init-failed', reason: 'FUNCTION_ERROR_INIT_FAILURE' };

/** Never rejects. What is a place is taken before it returns. */
export async function provision(parts: AttemptParts, target: Target): Promise<Provision> {
  const { functionName } = target.demand;
  try {
    parts.conduct.requireCalm(functionName);
    const placed = parts.scheduler.provision(target.demand, randomUUID());
    if (!(placed instanceof Lease)) {
      const reason = `There is no room for more environments of ${functionName}: ${placed.name} is ${placed.value}.`;
      return { kind: 'no-room', reason };
    }
    using lease = placed;
    return await initialise(parts, target, lease);
  } catch (error) {
    // A sandbox that cannot be started, a function that is suspended, an engine that closes.
    const retryAfterMs = error instanceof EngineError ? error.retryAfterMs : undefined;
    return { kind: 'failed', reason: errorMessage(error), ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
}

async function initialise(parts: AttemptParts, target: Target, lease: Lease): Promise<Provision> {
  const { clock, sandboxes, observe, openGateway } = parts;
  const { environmentId, slotId, inheritsFrom } = lease.berth;
  const sandbox = await sandboxes.handle(slotId);
  if (sandbox === undefined) return { kind: 'failed', reason: 'The sandbox process ended.' };
  const facts = sandboxes.register(
    slotId,
    environmentId,
    newEnvironmentFacts(target, environmentId, clock),
    inheritsFrom,
  );
  const initializationType = 'provisioned-concurrency';
  const journal =
    observe &&
    new Journal({
      ...{ clock, target, environmentId, observe, initializationType, requestId: '' },
      ...{ logStream: facts.logStream, tail: undefined, traceId: undefined },
    });
  journal?.initStarted('init');
  const sinceMs = clock.nowMs();
  const initTimeoutMs = Math.max(limits.provisionedInitTimeoutMs, target.timeoutMs);
  let reply: CreateReply;
  try {
    const created = await sandbox.create({
      environmentId,
      version: target.version,
      logStreamName: facts.logStream,
      initializationType,
      init: 'now',
      initTimeoutMs,
      ...(inheritsFrom !== undefined && { inheritsFrom }),
      ...(target.bindings !== undefined && { bindings: target.bindings.description }),
      openGateway: openGateway(target.version, environmentId, target.bindings),
      onLog: journal?.initLog ?? ignoreLog,
    });
    reply = created.reply;
  } catch (error) {
    if (!(error instanceof SandboxGoneError)) throw error;
    const elapsedMs = clock.nowMs() - sinceMs;
    const running = sandboxes.lost(slotId);
    const { exitCause: cause } = error;
    const loss = judge({ cause, environmentId, stage: 'create', elapsedMs, allowedMs: initTimeoutMs, running });
    blame(parts, error, loss, target, slotId);
    if (loss.kind !== 'init-failed') return { kind: 'failed', reason: error.message };
    journal?.initReported('init', loss.init);
    return initFailed;
  }
  lease.started();
  journal?.dropped(reply.logBytesDropped);
  journal?.initReported('init', reply.init);
  if (reply.init.status !== 'success') return initFailed;
  facts.initDurationMs = reply.init.durationMs;
  lease.keepWarm();
  return { kind: 'made' };
}

function ignoreLog(): void {}
