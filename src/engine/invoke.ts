/**
 * The path of one invocation (DESIGN.md section 4): resolve, check, lease, create if need be, invoke, judge, report. The
 * warm path is kept short: no timer, no schema, no event object unless somebody listens. Scheduling, processes and texts are
 * others' business.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionReference, FunctionRegistry } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import type { InvocationReport, InvokeInput, InvokeResult } from '../model/invocation.ts';
import { limits } from '../model/limits.ts';
import { isReusable, type Outcome } from '../model/outcome.ts';
import type { Observe } from '../model/platform-event.ts';
import type { InitReport, InvokeReply } from '../protocol/messages.ts';
import type { Lease } from '../scheduler/lease.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { type Invoked, SandboxGoneError, type SandboxHandle } from '../supervisor/sandbox-port.ts';
import { exitText, timeoutText } from '../telemetry/lines.ts';
import { logStreamName } from '../telemetry/log-stream.ts';
import { Tail } from '../telemetry/tail.ts';
import { type ClientDetails, clientDetails } from './client-context.ts';
import type { Counters } from './counters.ts';
import { eventBytes, stringifiedEventBytes } from './event-json.ts';
import { Journal } from './journal.ts';
import { judge } from './loss.ts';
import { exitErrorType, exitMessage, outcomePayload } from './outcome-payload.ts';
import { invocationReport } from './report.ts';
import type { EnvironmentFacts, Sandboxes } from './sandboxes.ts';
import type { Target, Targets } from './target.ts';
import { verdict } from './verdict.ts';

export interface InvokeParts {
  readonly clock: Clock;
  readonly registry: FunctionRegistry;
  readonly scheduler: Scheduler;
  readonly sandboxes: Sandboxes;
  readonly targets: Targets;
  readonly counters: Counters;
  readonly observe: Observe | undefined;
}

/** One invocation as it was asked for, checked. */
interface Call {
  readonly requestId: string;
  target: Target;
  readonly invokedFunctionArn: string;
  readonly payload: Uint8Array;
  readonly details: ClientDetails;
  readonly tail: Tail | undefined;
  readonly startedMs: number;
}

/** How a try in one environment ended. */
type Attempt =
  | { readonly kind: 'ended'; readonly ending: Ending }
  /** The guest has not seen the event: another place may do better. */
  | { readonly kind: 'elsewhere'; readonly init: 'now' | 'deferred'; readonly error: EngineError };

interface Ending {
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly freezeMs: number;
  readonly isolateMs: number | undefined;
  /** Init that ran ahead, or inside. */
  readonly initMs: number | undefined;
  readonly initAheadMs: number | undefined;
  readonly memoryPeakBytes: number;
  readonly journal: Journal | undefined;
  /** When the sandbox was there. */
  readonly placedMs: number;
  /** False: the sandbox is gone, nothing of the environment is left. */
  readonly isSandboxAlive: boolean;
}

export class InvokePath {
  readonly #parts: InvokeParts;

  constructor(parts: InvokeParts) {
    this.#parts = parts;
  }

  /** @throws EngineError */
  async invoke(input: InvokeInput): Promise<InvokeResult> {
    const reference = parseFunctionReference(input.functionName, input.qualifier);
    const invocationType = input.invocationType ?? 'RequestResponse';
    const target = this.#resolve(reference);
    const payload = eventBytes(input.payload, invocationType);
    const details = clientDetails(input);
    switch (invocationType) {
      case 'DryRun':
        return { statusCode: 204, payload: noBytes, requestId: randomUUID() };
      case 'Event':
        throw new EngineError(
          'NotImplementedException',
          'Asynchronous invocation (InvocationType Event) is not offered yet.',
        );
      case 'RequestResponse':
        return this.#call(target, reference, payload, details, input.logType === 'Tail', input.signal);
      default:
        return invocationType satisfies never;
    }
  }

  /** The same for an event that was made by JSON.stringify a moment ago. */
  async invokeStringified(functionName: string, text: string, signal: AbortSignal | undefined): Promise<InvokeResult> {
    const reference = { functionName, qualifier: '$LATEST', qualified: false };
    const target = this.#resolve(reference);
    return this.#call(target, reference, stringifiedEventBytes(text), noDetails, false, signal);
  }

  #resolve(reference: FunctionReference): Target {
    return this.#parts.targets.of(this.#parts.registry.resolve(reference));
  }

  #call(
    target: Target,
    reference: FunctionReference,
    payload: Uint8Array,
    details: ClientDetails,
    wantsTail: boolean,
    signal: AbortSignal | undefined,
  ): Promise<InvokeResult> {
    signal?.throwIfAborted();
    const call: Call = {
      requestId: randomUUID(),
      target,
      invokedFunctionArn: reference.qualified
        ? `${target.unqualifiedArn}:${reference.qualifier}`
        : target.unqualifiedArn,
      payload,
      details,
      tail: wantsTail ? new Tail() : undefined,
      startedMs: this.#parts.clock.nowMs(),
    };
    const running = this.#run(call, signal);
    return signal === undefined ? running : untilAborted(running, signal);
  }

  async #run(call: Call, signal: AbortSignal | undefined): Promise<InvokeResult> {
    const { clock, counters } = this.#parts;
    counters.total += 1;
    try {
      using lease = await this.#acquire(call, signal);
      const queuedMs = clock.nowMs() - call.startedMs;
      let attempt = await this.#attempt(call, lease, 'now');
      for (let moves = 0; attempt.kind === 'elsewhere'; moves += 1) {
        if (moves === limits.placementMovesMax) throw attempt.error;
        await lease.move(call.target.demand);
        attempt = await this.#attempt(call, lease, attempt.init);
      }
      return this.#conclude(call, lease, queuedMs, attempt.ending);
    } catch (error) {
      const isThrottle = error instanceof EngineError && error.code === 'TooManyRequestsException';
      if (isThrottle) counters.throttled += 1;
      else if (error !== signal?.reason) counters.failed += 1;
      throw error;
    }
  }

  #acquire(call: Call, signal: AbortSignal | undefined): Lease | Promise<Lease> {
    const { scheduler, observe } = this.#parts;
    const { demand } = call.target;
    if (observe === undefined) return scheduler.acquire(demand, call.requestId, signal);
    return this.#acquireObserved(call, signal, observe);
  }

  async #acquireObserved(call: Call, signal: AbortSignal | undefined, observe: Observe): Promise<Lease> {
    const { demand } = call.target;
    try {
      return await this.#parts.scheduler.acquire(demand, call.requestId, signal);
    } catch (error) {
      if (error instanceof EngineError && error.throttleReason !== undefined) {
        observe({ type: 'invocation.throttled', functionName: demand.functionName, reason: error.throttleReason });
      }
      throw error;
    }
  }

  async #attempt(call: Call, lease: Lease, init: 'now' | 'deferred'): Promise<Attempt> {
    const { berth } = lease;
    const found = this.#parts.sandboxes.handle(berth.slotId);
    const sandbox = found instanceof Promise ? await found : found;
    const placedMs = this.#parts.clock.nowMs();
    return berth.kind === 'warm'
      ? this.#warm(call, lease, sandbox, placedMs)
      : this.#cold(call, lease, sandbox, placedMs, berth.kind === 'heir' ? 'deferred' : init);
  }

  async #warm(call: Call, lease: Lease, sandbox: SandboxHandle, placedMs: number): Promise<Attempt> {
    const { environmentId, slotId } = lease.berth;
    const facts = this.#parts.sandboxes.facts(slotId, environmentId);
    const journal = this.#journal(call, environmentId, facts?.logStream ?? '');
    journal?.start();
    try {
      const invoked = await sandbox.invoke(invocationSpec(call, environmentId, journal));
      return ended(invoked, { facts, journal, placedMs });
    } catch (error) {
      return this.#lost(error, call, lease, { stage: 'invoke', sinceMs: placedMs, facts, journal, placedMs });
    }
  }

  async #cold(
    call: Call,
    lease: Lease,
    sandbox: SandboxHandle,
    placedMs: number,
    init: 'now' | 'deferred',
  ): Promise<Attempt> {
    const { clock, sandboxes, counters } = this.#parts;
    const { target } = call;
    const { environmentId, slotId, inheritsFrom } = lease.berth;
    const { functionName, logging } = target.version.configuration;
    counters.cold += 1;
    const logStream = logStreamName({
      epochMs: clock.epochMs(),
      functionName,
      version: target.version.version,
      logGroup: logging.logGroup,
      environmentId,
    });
    const facts = sandboxes.register(slotId, environmentId, { logStream, memoryPeakBytes: 0 }, inheritsFrom);
    const journal = this.#journal(call, environmentId, facts.logStream);
    journal?.initStarted(init === 'now' ? 'init' : 'invoke');

    const creating = sandbox.create({
      environmentId,
      version: target.version,
      logStreamName: facts.logStream,
      init,
      initTimeoutMs: limits.initTimeoutMs,
      ...(inheritsFrom !== undefined && { inheritsFrom }),
      onLog: journal?.initLog ?? ignoreLog,
    });
    // Sent right behind, so that no round trip lies between init and the event.
    const invoking = sandbox.invoke(invocationSpec(call, environmentId, journal), creating);
    // If creating fails, nobody waits for it any more.
    invoking.catch(ignoreSecondFailure);

    let created: { readonly init: InitReport; readonly isolateMs: number };
    try {
      created = (await creating).reply;
    } catch (error) {
      return this.#lost(error, call, lease, { stage: 'create', init, sinceMs: placedMs, facts, journal, placedMs });
    }
    lease.started();
    const invokedMs = clock.nowMs();
    journal?.initReported('init', created.init);
    if (created.init.status === 'success') journal?.start();
    else journal?.owesInit();

    try {
      const invoked = await invoking;
      if (invoked.reply.init !== undefined) journal?.initReported('invoke', invoked.reply.init);
      return ended(invoked, { facts, journal, placedMs, created });
    } catch (error) {
      return this.#lost(error, call, lease, { stage: 'invoke', sinceMs: invokedMs, facts, journal, placedMs, created });
    }
  }

  /** A call to the sandbox failed. @throws EngineError when the client has to be told that the platform failed */
  #lost(error: unknown, call: Call, lease: Lease, at: Whereabouts): Attempt {
    const { clock, sandboxes, scheduler, targets } = this.#parts;
    if (!(error instanceof SandboxGoneError)) {
      throw new EngineError('ServiceException', 'The sandbox could not carry out the invocation.', { cause: error });
    }
    const { functionName } = call.target.demand;
    const elapsedMs = clock.nowMs() - at.sinceMs;
    const loss = judge({
      cause: error.exitCause,
      stage: at.stage,
      elapsedMs,
      allowedMs: at.stage === 'create' ? limits.initTimeoutMs : call.target.timeoutMs,
      running: sandboxes.lost(lease.berth.slotId),
    });
    const isSecluded = loss.kind !== 'closing' && ('isSuspect' in loss ? loss.isSuspect : true);
    if (isSecluded) {
      scheduler.expel(functionName, targets.seclude(functionName));
      call.target = targets.of(call.target.version);
    }

    const { facts, journal, placedMs, created } = at;
    switch (loss.kind) {
      case 'timeout':
      case 'out-of-memory':
        return {
          kind: 'ended',
          ending: {
            outcome: { kind: loss.kind },
            durationMs: elapsedMs,
            freezeMs: 0,
            isolateMs: created?.isolateMs,
            initMs: undefined,
            initAheadMs: created && initAheadMs(created.init),
            memoryPeakBytes: facts?.memoryPeakBytes ?? 0,
            journal,
            placedMs,
            isSandboxAlive: false,
          },
        };
      case 'init-failed':
        journal?.initReported('init', loss.init);
        return { kind: 'elsewhere', init: 'deferred', error: lostError(error, 'was being made') };
      case 'elsewhere':
        return { kind: 'elsewhere', init: at.init ?? 'now', error: lostError(error, 'was being made') };
      case 'lost':
        throw lostError(error, 'ran this invocation');
      case 'closing':
        throw new EngineError('EngineClosed', 'The engine was closed while the invocation ran.', { cause: error });
      default:
        return loss satisfies never;
    }
  }

  #conclude(call: Call, lease: Lease, queuedMs: number, ending: Ending): InvokeResult {
    const { clock, counters } = this.#parts;
    const { requestId, target, tail } = call;
    const { outcome, journal, placedMs } = ending;
    const { environmentId, kind } = lease.berth;
    if (ending.isSandboxAlive) {
      if (isReusable(outcome.kind)) lease.keepWarm();
      else lease.keepVolume();
    }

    const isSuccess = outcome.kind === 'success';
    if (!isSuccess) counters.failed += 1;
    const judged = verdict(outcome);
    const payload = outcomePayload(outcome, requestId, target.timeoutMs);
    const totalMs = clock.nowMs() - placedMs;
    const report = invocationReport({
      target,
      outcome,
      verdict: judged,
      environmentId,
      coldStart: kind !== 'warm',
      durationMs: ending.durationMs,
      initDurationMs: ending.initAheadMs,
      memoryPeakBytes: ending.memoryPeakBytes,
      phases: {
        queuedMs,
        placedMs: Math.max(0, placedMs - call.startedMs - queuedMs),
        sandboxMs: Math.max(0, totalMs - (ending.isolateMs ?? 0) - (ending.initAheadMs ?? 0) - ending.durationMs),
        ...(ending.isolateMs !== undefined && { isolateMs: ending.isolateMs }),
        ...(ending.initMs !== undefined && { initMs: ending.initMs }),
        handlerMs: Math.max(0, ending.durationMs - ending.freezeMs),
        freezeMs: ending.freezeMs,
      },
    });
    if (journal !== undefined) this.#tell(journal, call, outcome, report, payload.byteLength);
    return {
      statusCode: 200,
      payload,
      ...(!isSuccess && { functionError: 'Unhandled' }),
      ...(tail !== undefined && { logResult: tail.base64() }),
      executedVersion: target.version.version,
      requestId,
      report,
    };
  }

  #tell(journal: Journal, call: Call, outcome: Outcome, report: InvocationReport, producedBytes: number): void {
    const { requestId, target } = call;
    switch (outcome.kind) {
      case 'timeout':
        journal.fault(timeoutText(this.#parts.clock.epochMs(), requestId, target.timeoutMs));
        break;
      case 'exit':
      case 'killed':
      case 'out-of-memory':
        journal.fault(exitText(requestId, exitMessage(outcome), exitErrorType(outcome)));
        break;
      case 'success':
      case 'error':
      case 'fatal':
      case 'init-error':
      case 'response-too-large':
        break;
      default:
        outcome satisfies never;
    }
    journal.end(verdict(outcome), report, producedBytes);
  }

  #journal(call: Call, environmentId: string, logStream: string): Journal | undefined {
    const { clock, observe } = this.#parts;
    const { requestId, target, tail } = call;
    if (observe === undefined && tail === undefined) return undefined;
    return new Journal({
      clock,
      target,
      requestId,
      environmentId,
      logStream,
      observe,
      tail,
      traceId: call.details.traceId,
    });
  }
}

/** Where an invocation was when its sandbox ended. */
interface Whereabouts {
  readonly stage: 'create' | 'invoke';
  /** While creating: how init was to run. */
  readonly init?: 'now' | 'deferred';
  /** When this stage began. */
  readonly sinceMs: number;
  readonly facts: EnvironmentFacts | undefined;
  readonly journal: Journal | undefined;
  readonly placedMs: number;
  readonly created?: { readonly init: InitReport; readonly isolateMs: number };
}

const noBytes = new Uint8Array(0);
const noDetails: ClientDetails = {};

function ignoreLog(): void {}

/** The sandbox ended: the call before it failed with the same error, and that one is dealt with. */
function ignoreSecondFailure(): void {}

function invocationSpec(call: Call, environmentId: string, journal: Journal | undefined) {
  return {
    environmentId,
    requestId: call.requestId,
    timeoutMs: call.target.timeoutMs,
    invokedFunctionArn: call.invokedFunctionArn,
    ...call.details,
    payload: call.payload,
    onLog: journal?.log ?? ignoreLog,
  };
}

function ended({ reply, body }: Invoked, at: Pick<Whereabouts, 'facts' | 'journal' | 'placedMs' | 'created'>): Attempt {
  const { facts, journal, placedMs, created } = at;
  const memoryPeakBytes = Math.max(reply.memoryPeakBytes, facts?.memoryPeakBytes ?? 0);
  if (facts !== undefined) facts.memoryPeakBytes = memoryPeakBytes;
  const initAhead = created && initAheadMs(created.init);
  const ending: Ending = {
    outcome: outcomeOf(reply, body),
    durationMs: reply.durationMs,
    freezeMs: reply.freezeMs,
    isolateMs: created?.isolateMs,
    initMs: initAhead ?? (reply.init && 'durationMs' in reply.init ? reply.init.durationMs : undefined),
    initAheadMs: initAhead,
    memoryPeakBytes,
    journal,
    placedMs,
    isSandboxAlive: true,
  };
  return { kind: 'ended', ending };
}

function outcomeOf({ outcome }: InvokeReply, body: Uint8Array): Outcome {
  switch (outcome.kind) {
    case 'success':
      return { kind: 'success', payload: body };
    case 'error':
    case 'fatal':
    case 'init-error':
      return { kind: outcome.kind, payload: body, errorType: outcome.errorType };
    case 'timeout':
    case 'exit':
    case 'out-of-memory':
    case 'response-too-large':
      return outcome;
    default:
      return outcome satisfies never;
  }
}

/** Only an init that ran ahead of the invocation and succeeded is reported and billed beside it (E1.2, E1.5). */
function initAheadMs(init: InitReport): number | undefined {
  return init.status === 'success' ? init.durationMs : undefined;
}

function lostError(error: SandboxGoneError, during: string): EngineError {
  const message = `The sandbox process ended while it ${during}: ${error.message}. The function may have run in part; it was not retried.`;
  return new EngineError('SandboxLost', message, { cause: error });
}

/** Stops waiting when the signal aborts; the function runs to its end all the same (C4.15). */
async function untilAborted(running: Promise<InvokeResult>, signal: AbortSignal): Promise<InvokeResult> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([running, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
