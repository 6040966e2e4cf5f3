/**
 * The path of one invocation (DESIGN.md section 4): resolve, check, lease, create if need be, invoke, judge, report. The
 * warm path is kept short: no timer, no schema, no event object unless somebody listens. Scheduling, processes and texts are
 * others' business.
 */
import { randomUUID } from 'node:crypto';
import { abortable } from '../base/abortable.ts';
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionReference, FunctionRegistry } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import { FunctionError } from '../model/function-error.ts';
import type {
  InvocationReport,
  InvokeInput,
  InvokeResult,
  Phases,
  StreamedResult,
  StreamInput,
} from '../model/invocation.ts';
import { limits } from '../model/limits.ts';
import { isReusable, type Outcome } from '../model/outcome.ts';
import type { Observe } from '../model/platform-event.ts';
import type { EventDelivery } from '../queue/delivery.ts';
import type { Lease } from '../scheduler/lease.ts';
import { exitText, timeoutText } from '../telemetry/lines.ts';
import { Tail } from '../telemetry/tail.ts';
import { AnswerStream, type AnswerStreamOptions } from './answer-stream.ts';
import { type AttemptParts, Attempts } from './attempt.ts';
import type { Call, Ending } from './call.ts';
import { type ClientDetails, clientDetails, noDetails } from './client-context.ts';
import { countHits, countRefusal } from './counters.ts';
import { eventBytes, stringifiedEventBytes } from './event-json.ts';
import { checkInvokeInput } from './invoke-input.ts';
import { dryRunResult, streamedResult } from './invoke-stream.ts';
import type { Journal } from './journal.ts';
import type { Lineage } from './lineage.ts';
import { exitErrorType, exitMessage, outcomePayload } from './outcome-payload.ts';
import { invocationReport } from './report.ts';
import type { Target } from './target.ts';
import { type Verdict, verdict } from './verdict.ts';

export interface InvokeParts extends AttemptParts {
  readonly registry: FunctionRegistry;
  /** Of streamed answers. */
  readonly streamRate: AnswerStreamOptions['rate'];
  readonly lineage: Lineage;
  /** Takes what is to run later. */
  readonly accept: (event: EventDelivery) => Promise<void>;
}

export class InvokePath {
  readonly #parts: InvokeParts;
  readonly #attempts: Attempts;

  constructor(parts: InvokeParts) {
    this.#parts = parts;
    this.#attempts = new Attempts(parts);
  }

  /** @throws EngineError */
  async invoke(input: InvokeInput): Promise<InvokeResult> {
    checkInvokeInput(input);
    const reference = parseFunctionReference(input.functionName, input.qualifier);
    const invocationType = input.invocationType ?? 'RequestResponse';
    const version = this.#parts.registry.resolve(reference);
    const target = this.#parts.targets.of(version instanceof Promise ? await version : version);
    const payload = this.#bounded(() => eventBytes(input.payload, invocationType, target.eventBytesMax));
    const details = clientDetails(input);
    switch (invocationType) {
      case 'DryRun':
        return { statusCode: 204, payload: noBytes, requestId: randomUUID() };
      case 'Event': {
        const { functionName, qualifier, qualified } = reference;
        const requestId = input.requestId === undefined ? randomUUID() : checkedId(input.requestId);
        const named = qualified ? qualifier : undefined;
        const hops = this.#parts.lineage.next(functionName);
        await this.#parts.accept({ functionName, qualifier: named, requestId, details, hops, payload });
        return { statusCode: 202, payload: noBytes, requestId };
      }
      case 'RequestResponse':
        return this.#call(this.#make(target, reference, payload, details, input), input.signal);
      default:
        return invocationType satisfies never;
    }
  }

  /** The same for a client that reads the answer while it is written. @throws EngineError before it has begun */
  async invokeStream(input: StreamInput): Promise<StreamedResult> {
    checkInvokeInput(input);
    const { registry, targets, clock, streamRate } = this.#parts;
    const reference = parseFunctionReference(input.functionName, input.qualifier);
    const invocationType = input.invocationType ?? 'RequestResponse';
    const target = targets.of(await registry.resolve(reference));
    const payload = this.#bounded(() => eventBytes(input.payload, invocationType, target.eventBytesMax));
    const details = clientDetails(input);
    if (invocationType === 'DryRun') return dryRunResult();
    const { signal } = input;
    signal?.throwIfAborted();
    const answer = new AnswerStream({ clock, rate: streamRate });
    const call = this.#make(target, reference, payload, details, input, answer);
    const { requestId } = call;
    const executedVersion = target.version.version;
    return streamedResult({ requestId, executedVersion, answer, running: this.#run(call, signal), signal });
  }

  /** The same for an event that was made by JSON.stringify a moment ago. */
  async invokeStringified(
    reference: FunctionReference,
    text: string,
    signal: AbortSignal | undefined,
  ): Promise<InvokeResult> {
    const version = this.#parts.registry.resolve(reference);
    const target = this.#parts.targets.of(version instanceof Promise ? await version : version);
    const payload = this.#bounded(() => stringifiedEventBytes(text, target.eventBytesMax));
    return this.#call(this.#make(target, reference, payload, noDetails, noWishes), signal);
  }

  /** Runs an event that was accepted, with the code that there is now (C3.10). @throws EngineError */
  async deliver({
    functionName,
    qualifier,
    requestId,
    details,
    hops = 0,
    payload,
  }: EventDelivery): Promise<InvokeResult> {
    const reference = { functionName, qualifier: qualifier ?? '$LATEST', qualified: qualifier !== undefined };
    const version = this.#parts.registry.resolve(reference);
    const target = this.#parts.targets.of(version instanceof Promise ? await version : version);
    return this.#call(this.#make(target, reference, payload, details, { requestId, hops }), undefined);
  }

  #bounded(event: () => Uint8Array): Uint8Array {
    try {
      return event();
    } catch (error) {
      countRefusal(this.#parts.counters, error);
      throw error;
    }
  }

  #make(
    target: Target,
    reference: FunctionReference,
    payload: Uint8Array,
    details: ClientDetails,
    input: Pick<InvokeInput, 'logType' | 'requestId'> & { readonly hops?: number },
    answer?: AnswerStream,
  ): Call {
    return {
      requestId: input.requestId === undefined ? randomUUID() : checkedId(input.requestId),
      target,
      invokedFunctionArn: reference.qualified
        ? `${target.unqualifiedArn}:${reference.qualifier}`
        : target.unqualifiedArn,
      payload,
      details,
      hops: input.hops ?? this.#parts.lineage.next(reference.functionName),
      tail: input.logType === 'Tail' ? new Tail() : undefined,
      answer,
      startedMs: this.#parts.clock.nowMs(),
    };
  }

  #call(call: Call, signal: AbortSignal | undefined): Promise<InvokeResult> {
    signal?.throwIfAborted();
    const running = this.#run(call, signal);
    // The function runs to its end all the same (C4.15).
    return signal === undefined ? running : abortable(running, signal);
  }

  async #run(call: Call, signal: AbortSignal | undefined): Promise<InvokeResult> {
    const { clock, counters, lineage } = this.#parts;
    counters.total += 1;
    lineage.begin(call.requestId, call.hops);
    try {
      this.#parts.conduct.requireCalm(call.target.demand.functionName);
      using lease = await this.#acquire(call, signal);
      const queuedMs = clock.nowMs() - call.startedMs;
      let attempt = await this.#attempts.run(call, lease, 'now');
      for (let moves = 0; attempt.kind === 'elsewhere'; moves += 1) {
        if (moves === limits.placementMovesMax) throw attempt.error;
        await lease.move(call.target.demand);
        attempt = await this.#attempts.run(call, lease, attempt.init);
      }
      return this.#conclude(call, lease, queuedMs, attempt.ending);
    } catch (error) {
      const isThrottle = error instanceof EngineError && error.code === 'TooManyRequestsException';
      countRefusal(counters, error);
      if (isThrottle) counters.throttled += 1;
      else if (error !== signal?.reason) counters.failed += 1;
      throw error;
    } finally {
      lineage.end(call.requestId);
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

  #conclude(call: Call, lease: Lease, queuedMs: number, ending: Ending): InvokeResult {
    const { clock, counters } = this.#parts;
    const { requestId, target, tail, answer } = call;
    const { outcome, journal, placedMs } = ending;
    const { environmentId, kind } = lease.berth;
    if (ending.isSandboxAlive) {
      if (isReusable(outcome.kind)) lease.keepWarm();
      else lease.keepVolume();
      if (ending.longestSliceMs >= limits.hogSliceMsMin || outcome.kind === 'out-of-memory') this.#strike(call, lease);
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
      initDurationMs: ending.initAheadMs ?? ending.initEarlierMs,
      memoryPeakBytes: ending.memoryPeakBytes,
      cpuMs: ending.cpuMs,
      limits: ending.limits,
      phases: phases(ending, totalMs, queuedMs, placedMs - call.startedMs - queuedMs),
    });
    if (report.cpuMs !== undefined) counters.cpuMs += report.cpuMs;
    if (report.limits !== undefined) countHits(counters, report.limits);
    const producedBytes = payload.byteLength + (answer === undefined ? 0 : answer.size);
    if (journal !== undefined) this.#tell(journal, call, outcome, judged, report, producedBytes);
    if (answer !== undefined && isSuccess) answer.close(payload);
    else if (answer !== undefined) answer.fail(cutError(outcome, judged, requestId));
    const result = { statusCode: 200, payload, executedVersion: target.version.version, requestId, report };
    if (isSuccess && tail === undefined) return result;
    return {
      ...result,
      ...(!isSuccess && { functionError: 'Unhandled' }),
      ...(tail !== undefined && { logResult: tail.base64() }),
    };
  }

  /** It took more than its share of the sandbox. Whoever does so again and again beside others is moved away from them. */
  #strike({ target }: Call, { berth }: Lease): void {
    const { scheduler, conduct, targets, observe } = this.#parts;
    const { functionName } = target.demand;
    if (target.isAlone || !scheduler.hasNeighbours(berth.slotId, functionName) || !conduct.strike(functionName)) return;
    if (!targets.seclude(functionName)) return;
    const reason = `it held a thread for ${limits.hogSliceMsMin} ms or more, or reached its memory limit, ${limits.hogStrikesMax} times (hogStrikesMax)`;
    observe?.({ type: 'function.secluded', functionName, reason });
  }

  #tell(
    journal: Journal,
    call: Call,
    outcome: Outcome,
    judged: Verdict,
    report: InvocationReport,
    producedBytes: number,
  ): void {
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
    journal.end(judged, report, producedBytes);
  }
}

function phases(ending: Ending, totalMs: number, queuedMs: number, placedMs: number): Phases {
  const { isolateMs, initMs, initAheadMs, durationMs, freezeMs } = ending;
  const all = {
    queuedMs,
    placedMs: Math.max(0, placedMs),
    sandboxMs: Math.max(0, totalMs - (isolateMs ?? 0) - (initAheadMs ?? 0) - durationMs),
    handlerMs: Math.max(0, durationMs - freezeMs),
    freezeMs,
  };
  if (isolateMs === undefined && initMs === undefined) return all;
  return { ...all, ...(isolateMs !== undefined && { isolateMs }), ...(initMs !== undefined && { initMs }) };
}

/** For whoever reads a streamed answer, whose bytes say nothing of it. The error itself is for `done`: it is not parsed here. */
function cutError(outcome: Outcome, { errorType }: Verdict, requestId: string): FunctionError {
  return new FunctionError({
    errorType: 'errorType' in outcome ? outcome.errorType : (errorType ?? 'Sandbox.Timedout'),
    errorMessage: 'The function failed before its answer was whole',
    trace: [],
    requestId,
  });
}

const noBytes = new Uint8Array(0);

const noWishes = {};

/** It goes into log lines and streams' names. @throws EngineError InvalidParameterValueException */
function checkedId(requestId: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId)) return requestId;
  throw new EngineError(
    'InvalidParameterValueException',
    `requestId must be a UUID in lower case, received ${JSON.stringify(String(requestId).slice(0, 100))}`,
  );
}
