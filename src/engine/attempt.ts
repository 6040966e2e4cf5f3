/**
 * One try of an invocation in the environment that it was given: create it if need be, send the event right behind, and judge
 * what comes back, or that nothing does. It knows sandboxes and frames; whether to try elsewhere its caller decides.
 */
import type { Clock } from '../base/clock.ts';
import { EngineError } from '../model/errors.ts';
import { type LimitHit, type LimitReason, limitHit, mergeHits } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Observe } from '../model/platform-event.ts';
import type { CreateReply, InitReport, InvokeReply } from '../protocol/messages.ts';
import type { Lease } from '../scheduler/lease.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { type Invoked, SandboxGoneError, type SandboxHandle, SandboxUnreadError } from '../supervisor/sandbox-port.ts';
import { blame } from './blame.ts';
import type { Attempt, Call, Ending } from './call.ts';
import { noDetails } from './client-context.ts';
import type { Conduct } from './conduct.ts';
import type { Counters } from './counters.ts';
import { type EnvironmentFacts, newEnvironmentFacts } from './environment-facts.ts';
import type { OpenGuestGateway } from './gateway.ts';
import { Journal } from './journal.ts';
import { judge, type Loss } from './loss.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { Target, Targets } from './target.ts';

export interface AttemptParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly sandboxes: Sandboxes;
  readonly targets: Targets;
  readonly conduct: Conduct;
  readonly counters: Counters;
  readonly openGateway: OpenGuestGateway;
  readonly observe: Observe | undefined;
}

export class Attempts {
  readonly #parts: AttemptParts;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  /** `init`: how a new environment begins. A promise only when something is waited for. @throws EngineError */
  run(call: Call, lease: Lease, init: 'now' | 'deferred'): Attempt | Promise<Attempt> {
    const found = this.#parts.sandboxes.handle(lease.berth.slotId);
    if (found instanceof Promise) return found.then((sandbox) => this.#runIn(sandbox, call, lease, init));
    return this.#runIn(found, call, lease, init);
  }

  #runIn(
    sandbox: SandboxHandle | undefined,
    call: Call,
    lease: Lease,
    init: 'now' | 'deferred',
  ): Attempt | Promise<Attempt> {
    const { berth } = lease;
    // It ended between the decision and now.
    if (sandbox === undefined) return { kind: 'elsewhere', init, error: endedError() };
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
      return ended(invoked, call.target, { facts, journal, placedMs });
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
    counters.cold += 1;
    const facts = sandboxes.register(
      slotId,
      environmentId,
      newEnvironmentFacts(target, environmentId, clock),
      inheritsFrom,
    );
    const journal = this.#journal(call, environmentId, facts.logStream);
    journal?.initStarted(init === 'now' ? 'init' : 'invoke');

    const creating = sandbox.create({
      environmentId,
      version: target.version,
      logStreamName: facts.logStream,
      initializationType: 'on-demand',
      init,
      initTimeoutMs: limits.initTimeoutMs,
      ...(inheritsFrom !== undefined && { inheritsFrom }),
      ...(target.bindings !== undefined && { bindings: target.bindings.description }),
      openGateway: this.#parts.openGateway(target.version, environmentId, target.bindings),
      onLog: journal?.initLog ?? ignoreLog,
    });
    // Sent right behind, so that no round trip lies between init and the event.
    const invoking = sandbox.invoke(invocationSpec(call, environmentId, journal), creating);
    // If creating fails, nobody waits for it any more.
    invoking.catch(ignoreSecondFailure);

    let created: CreateReply;
    try {
      created = (await creating).reply;
    } catch (error) {
      return this.#lost(error, call, lease, { stage: 'create', init, sinceMs: placedMs, facts, journal, placedMs });
    }
    lease.started();
    const invokedMs = clock.nowMs();
    journal?.dropped(created.logBytesDropped);
    journal?.initReported('init', created.init);
    if (created.init.status === 'success') journal?.start();
    else journal?.owesInit();

    try {
      const invoked = await invoking;
      if (invoked.reply.init !== undefined) journal?.initReported('invoke', invoked.reply.init);
      return ended(invoked, call.target, { facts, journal, placedMs, created });
    } catch (error) {
      return this.#lost(error, call, lease, { stage: 'invoke', sinceMs: invokedMs, facts, journal, placedMs, created });
    }
  }

  /** A call to the sandbox failed. @throws EngineError when the client has to be told that the platform failed */
  #lost(error: unknown, call: Call, lease: Lease, at: Whereabouts): Attempt {
    const { clock, sandboxes, targets } = this.#parts;
    // Nobody is to blame for what did not begin. One that answers what it has not read is believed in nothing.
    if (error instanceof SandboxUnreadError && call.answer?.isBegun !== true) {
      sandboxes.lost(lease.berth.slotId);
      return { kind: 'elsewhere', init: 'now', error: endedError() };
    }
    // It lives and said why it could not do it, or this is a bug of ours: both are told as they are.
    if (!(error instanceof SandboxGoneError)) throw error;
    const elapsedMs = clock.nowMs() - at.sinceMs;
    const loss = judge({
      cause: error.exitCause,
      environmentId: lease.berth.environmentId,
      stage: at.stage,
      elapsedMs,
      allowedMs: at.stage === 'create' ? limits.initTimeoutMs : call.target.timeoutMs,
      running: sandboxes.lost(lease.berth.slotId),
    });
    const isSecluded = blame(this.#parts, error, loss, call.target, lease.berth.slotId);
    if (isSecluded) call.target = targets.of(call.target.version);

    const { facts, journal, placedMs, created } = at;
    // Whoever reads has bytes of it already, from a process that should not have run it: another try would append its own.
    const isTold = call.answer?.isBegun === true;
    if (isTold && (loss.kind === 'elsewhere' || loss.kind === 'init-failed')) throw lostError(error, 'was being made');
    switch (loss.kind) {
      case 'timeout':
      case 'killed':
      case 'out-of-memory':
        return {
          kind: 'ended',
          ending: {
            outcome: lossOutcome(loss, call.target.timeoutMs, elapsedMs),
            durationMs: elapsedMs,
            freezeMs: 0,
            isolateMs: created?.isolateMs,
            initMs: undefined,
            initAheadMs: created && initAheadMs(created.init),
            initEarlierMs: facts?.initDurationMs,
            memoryPeakBytes: facts?.memoryPeakBytes ?? 0,
            longestSliceMs: 0,
            cpuMs: undefined,
            limits: created?.limits,
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
  readonly created?: CreateReply;
}

function ignoreLog(): void {}

/** The sandbox ended: the call before it failed with the same error, and that one is dealt with. */
function ignoreSecondFailure(): void {}

function invocationSpec(call: Call, environmentId: string, journal: Journal | undefined) {
  const spec = {
    environmentId,
    requestId: call.requestId,
    timeoutMs: call.target.timeoutMs,
    invokedFunctionArn: call.invokedFunctionArn,
    payload: call.payload,
    onLog: journal?.log ?? ignoreLog,
    answer: call.answer,
  };
  return call.details === noDetails ? spec : { ...spec, ...call.details };
}

function ended(
  { reply, body }: Invoked,
  target: Target,
  at: Pick<Whereabouts, 'facts' | 'journal' | 'placedMs' | 'created'>,
): Attempt {
  const { facts, journal, placedMs, created } = at;
  const memoryPeakBytes = Math.max(reply.memoryPeakBytes, facts?.memoryPeakBytes ?? 0);
  const initEarlierMs = facts?.initDurationMs;
  if (facts !== undefined) {
    facts.memoryPeakBytes = memoryPeakBytes;
    if (initEarlierMs !== undefined) facts.initDurationMs = undefined;
  }
  journal?.dropped(reply.logBytesDropped);
  const initAhead = created && initAheadMs(created.init);
  const ending: Ending = {
    outcome: outcomeOf(reply, body, target),
    durationMs: reply.durationMs,
    freezeMs: reply.freezeMs,
    isolateMs: created?.isolateMs,
    initMs: initAhead ?? (reply.init && 'durationMs' in reply.init ? reply.init.durationMs : undefined),
    initAheadMs: initAhead,
    initEarlierMs,
    memoryPeakBytes,
    longestSliceMs: reply.longestSliceMs,
    cpuMs: reply.cpuMs,
    limits: allHits(reply, created),
    journal,
    placedMs,
    isSandboxAlive: true,
  };
  return { kind: 'ended', ending };
}

/** Nothing for nearly every invocation, so there is no list then. */
function allHits(reply: InvokeReply, created: CreateReply | undefined): readonly LimitHit[] | undefined {
  if (created === undefined) return reply.limits;
  const initHits: LimitHit[] = [];
  if (created.init.status === 'timeout') {
    initHits.push(limitHit('wall-time', limits.initTimeoutMs, created.init.durationMs));
  }
  const hits = mergeHits(initHits, created.limits, reply.limits);
  return hits.length === 0 ? undefined : hits;
}

/** The sandbox names the limit; where it does not, or names one that cannot have done it, the kind of the end says which it was. */
function outcomeOf({ outcome, durationMs, limits: hits }: InvokeReply, body: Uint8Array, target: Target): Outcome {
  const hit = (among: readonly LimitReason[]): LimitHit | undefined =>
    hits?.find(({ limit, effect }) => effect === 'ended' && among.includes(limit));
  const memoryBytes = target.memorySizeMB * 1024 * 1024;
  switch (outcome.kind) {
    case 'success':
      return { kind: 'success', payload: body };
    case 'error':
    case 'fatal':
    case 'init-error':
      return { kind: outcome.kind, payload: body, errorType: outcome.errorType };
    case 'exit':
      return outcome;
    case 'timeout':
      return {
        kind: 'timeout',
        limit: limitHit('wall-time', target.timeoutMs, Math.max(durationMs, target.timeoutMs)),
      };
    case 'killed': {
      const limit = hit(['cpu-time']);
      return { kind: 'killed', signal: 'killed', ...(limit !== undefined && { limit }) };
    }
    case 'out-of-memory':
      return { kind: 'out-of-memory', limit: hit(memoryReasons) ?? limitHit('heap', memoryBytes, memoryBytes) };
    case 'response-too-large':
      return {
        kind: 'response-too-large',
        limit:
          hit(['response-bytes', 'response-stream-bytes', 'error-size']) ??
          limitHit('response-bytes', limits.responsePayloadBytesMax, outcome.payloadBytes),
      };
    default:
      return outcome satisfies never;
  }
}

const memoryReasons: readonly LimitReason[] = ['heap', 'external-memory', 'bridge-calls', 'bridge-bytes'];

function lossOutcome(
  loss: Extract<Loss, { kind: 'timeout' | 'killed' | 'out-of-memory' }>,
  timeoutMs: number,
  elapsedMs: number,
): Outcome {
  switch (loss.kind) {
    case 'timeout':
      return { kind: 'timeout', limit: limitHit('wall-time', timeoutMs, elapsedMs) };
    case 'killed':
      return { kind: 'killed', signal: 'killed', limit: loss.limit };
    case 'out-of-memory':
      return { kind: 'out-of-memory', limit: loss.limit };
    default:
      return loss satisfies never;
  }
}

/** Only an init that ran ahead of the invocation and succeeded is reported and billed beside it (E1.2, E1.5). */
function initAheadMs(init: InitReport): number | undefined {
  return init.status === 'success' ? init.durationMs : undefined;
}

function endedError(): EngineError {
  return new EngineError('SandboxLost', 'The sandbox process ended before the invocation reached it.');
}

function lostError(error: SandboxGoneError, during: string): EngineError {
  const message = `The sandbox process ended while it ${during}: ${error.message}. The function may have run in part; it was not retried.`;
  return new EngineError('SandboxLost', message, { cause: error });
}
