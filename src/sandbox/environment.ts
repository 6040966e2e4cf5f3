/**
 * An execution environment: one function version, one `/tmp`, and one isolate at a time. It runs init and invocations, one
 * after the other, and replaces an isolate that cannot be used again; `/tmp` stays. How slices run is `phase.ts`.
 */
import type { Clock } from '../base/clock.ts';
import { InvariantError, invariant } from '../base/invariant.ts';
import { type GuestContext, type GuestSettings, settleKinds } from '../bridge/contract.ts';
import type { LimitHit } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';
import type {
  AnswerChunkHead,
  AnswerCreditHead,
  CreateHead,
  CreateReply,
  GuestEventHead,
  GuestRequestHead,
  InitReport,
  InvokeHead,
  InvokeReply,
  LogHead,
  OverrunHead,
} from '../protocol/messages.ts';
import { type AnswerWriter, StreamedAnswer, WholeAnswer } from './answer-writer.ts';
import type { SandboxCalls } from './door.ts';
import { type EnvironmentEvent, type EnvironmentState, initialState, transition } from './environment-state.ts';
import type { Guest, LoadedBundle } from './guest.ts';
import { Incarnation, type Settled } from './incarnation.ts';
import type { Lane, PhaseKind } from './lane.ts';
import { type GuestBounds, LimitBook } from './limit-book.ts';
import { Output } from './output.ts';
import { Phase, type PhaseEnd } from './phase.ts';
import type { PoolLane } from './pool-lane.ts';
import { RawLevels } from './raw-levels.ts';
import type { Openers } from './services.ts';
import type { Tidier } from './tidier.ts';
import type { Traffic } from './traffic.ts';
import type { Turns } from './turns.ts';
import type { Version } from './version.ts';
import { FileSystem } from './volume/file-system.ts';
import type { Volume } from './volume/volume.ts';

/** What all environments of a sandbox share. */
export interface EnvironmentHost {
  /** `modules`: what the guest will be given by `preload`. */
  readonly openGuest: (
    settings: GuestSettings,
    calls: SandboxCalls,
    memoryLimitMiB: number,
    modules: Version['modules'],
  ) => Guest;
  readonly pool: PoolLane;
  /** To make an isolate. */
  readonly turns: Turns;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly random: (byteCount: number) => ArrayBuffer;
  readonly residentBytes: () => number;
  /** CPU time of the main thread. */
  readonly threadCpuMs: (age: 'recent' | 'now') => number;
  readonly sendLog: (head: LogHead, body: Uint8Array) => void;
  readonly sendAnswer: (head: AnswerChunkHead, body: Uint8Array) => void;
  readonly sendOverrun: (head: OverrunHead) => void;
  readonly sendRequest: (head: GuestRequestHead, body: Uint8Array | undefined) => void;
  readonly openers: Openers;
  readonly tidier: Pick<Tidier, 'note' | 'forget'>;
  /** Runs the callback in a later task. */
  readonly defer: (callback: () => void) => void;
}

export interface Answer<Reply> {
  readonly reply: Reply;
  /** JSON text of the guest, or what it wrote as its answer; '' for none. */
  readonly body: string | Uint8Array;
}

type Loaded =
  | { readonly kind: 'loaded'; readonly value: LoadedBundle | undefined }
  | { readonly kind: 'failed'; readonly end: PhaseEnd };

/** The environment was destroyed while this ran. */
export class EnvironmentGoneError extends Error {
  override readonly name = 'EnvironmentGoneError';
}

function goneError({ environmentId }: CreateHead): EnvironmentGoneError {
  return new EnvironmentGoneError(`environment ${environmentId} was destroyed`);
}

export class Environment {
  readonly version: Version;
  readonly volume: Volume;
  readonly #head: CreateHead;
  readonly #host: EnvironmentHost;
  readonly #output: Output;
  readonly #limitBook = new LimitBook();
  readonly #bounds: GuestBounds;
  #state: EnvironmentState;
  #incarnation: Incarnation | undefined;
  /** How many there have been. */
  #incarnations = 0;
  #memoryPeakBytes = 0;
  /** Of the invocation, and of an init inside it. Undefined: unknown. */
  #cpuMs: number | undefined = 0;
  /** For how long compiling the bundle held this thread at most, until an invocation has told it. */
  #loadMs = 0;
  /** Settles when a running init phase has ended. */
  #started: Promise<unknown> = Promise.resolve();
  #tidying: Promise<void> | undefined;
  /** The invocation whose handler runs, and what it has written of its answer, if it writes one. */
  #handled: InvokeHead | undefined;
  #answerWriter: AnswerWriter | undefined;

  constructor(head: CreateHead, version: Version, volume: Volume, host: EnvironmentHost) {
    this.version = version;
    this.volume = volume;
    this.#head = head;
    this.#host = host;
    this.#state = initialState(head.init);
    this.#bounds = { limits: version.limits, note: this.#limitBook.note };
    const { environmentId } = head;
    const { logFormat, logLevel } = version.definition.settings;
    const rawLevels = logFormat === 'JSON' ? { rawLevels: new RawLevels(logLevel) } : {};
    const { sendLog: send, defer } = host;
    this.#output = new Output({ environmentId, bounds: this.#bounds, ...rawLevels, send, defer });
  }

  get state(): EnvironmentState {
    return this.#state;
  }

  /** Its guest runs on a thread of the pool at this moment. */
  get isRunning(): boolean {
    return this.#incarnation?.isRunning === true;
  }

  /** Called once, first. */
  create(): Promise<Answer<CreateReply>> {
    const created = this.#create();
    // Whoever invokes waits for the end, not for success: the state says how it went.
    this.#started = created.catch(() => {});
    return created;
  }

  async #create(): Promise<Answer<CreateReply>> {
    const { clock, traffic, turns } = this.#host;
    using _underWay = traffic.enter(this.version);
    // An init that is owed belongs to an invocation, which would open an isolate of its own meanwhile.
    const turn = this.#state.phase === 'starting' ? turns.next() : undefined;
    if (turn !== undefined) await this.#wait(turn);
    const fromMs = clock.nowMs();
    this.#output.begin(undefined);
    this.#open();
    const isolateMs = clock.nowMs() - fromMs;
    if (this.#head.init === 'deferred') return { reply: { init: { status: 'deferred' }, isolateMs }, body: '' };

    const { report, body, isDone } = await this.#init(clock.nowMs() + this.#head.initTimeoutMs);
    this.#change({ type: isDone ? 'init-succeeded' : 'init-failed' });
    this.#output.finish();
    return { reply: { init: report, isolateMs, ...this.#met() }, body };
  }

  /** @throws EnvironmentGoneError when it was destroyed meanwhile */
  async #wait(turn: Promise<void>): Promise<void> {
    await turn;
    if (this.#state.phase === 'disposed') throw goneError(this.#head);
  }

  /** @param event JSON text */
  async invoke(head: InvokeHead, event: string): Promise<Answer<InvokeReply>> {
    if (this.#state.phase === 'starting') await this.#started;
    if (this.#tidying !== undefined) await this.#tidying;
    const { clock, traffic } = this.#host;
    using _underWay = traffic.enter(this.version);
    const fromMs = clock.nowMs();
    const deadlineMs = fromMs + head.timeoutMs;
    const deadlineEpochMs = clock.epochMs() + head.timeoutMs;
    this.#change({ type: 'invoked', requestId: head.requestId });
    this.#output.begin(head.requestId);
    this.#cpuMs = 0;

    const init = this.#owesInit() ? await this.#init(deadlineMs) : undefined;
    if (init !== undefined) {
      this.#change({ type: init.isDone ? 'init-succeeded' : 'init-failed' });
      if (!init.isDone) {
        const longestSliceMs = Math.max(init.longestSliceMs, this.#takeLoadMs());
        const times = { durationMs: clock.nowMs() - fromMs, freezeMs: 0, longestSliceMs };
        return this.#answer({ ...times, init: init.report, outcome: suppressedInitOutcome(init.report) }, init.body);
      }
    }

    this.#handled = head;
    this.#answerWriter = undefined;
    const handled = await this.#handle(guestContext(head, deadlineEpochMs), event, deadlineMs);
    const { end, settledMs } = handled;
    const longestSliceMs = Math.max(handled.longestSliceMs, this.#takeLoadMs());
    const { outcome, body } = judge(end, this.#bounds, this.#answerWriter);
    this.#answerWriter = undefined;
    this.#settleAccounts(head.requestId, end);
    const nowMs = clock.nowMs();
    const reply = { outcome, durationMs: nowMs - fromMs, freezeMs: nowMs - settledMs, longestSliceMs };
    if (init === undefined) return this.#answer(reply, body);
    const longestMs = Math.max(longestSliceMs, init.longestSliceMs);
    return this.#answer({ ...reply, longestSliceMs: longestMs, init: init.report }, body);
  }

  /** What the host sent for a guest of this environment. */
  receive({ incarnation, service, event }: GuestEventHead, body: Uint8Array): void {
    if (incarnation === this.#incarnations) this.#incarnation?.services.receive(service, event, body);
  }

  /** Whoever reads a streamed answer has taken some of it. */
  credit({ requestId, bytes }: AnswerCreditHead): void {
    const writer = this.#answerWriter;
    if (writer instanceof StreamedAnswer && writer.requestId === requestId && this.#handled !== undefined) {
      writer.credit(bytes);
    }
  }

  /** Between two invocations; the next one waits for it. */
  async tidy(): Promise<void> {
    const guest = this.#incarnation?.guest;
    if (this.#state.phase !== 'ready' || guest === undefined || guest.isDisposed) return;
    if (guest.memory().heapTotalBytes > limits.tidyHeapBytesMax) return;
    this.#tidying = guest.tidy();
    await this.#tidying;
    this.#tidying = undefined;
  }

  /** Ends whatever runs. The volume is detached, and its owner's again. */
  dispose(): void {
    this.#change({ type: 'disposed' });
    this.#host.tidier.forget(this);
    this.#discard();
  }

  /** From the event to the freeze. */
  async #handle(context: GuestContext, event: string, deadlineMs: number) {
    const incarnation = this.#incarnation;
    invariant(incarnation !== undefined, 'an environment that owes no init has an isolate');
    const kind: PhaseKind = incarnation.invocations === 0 ? 'first' : 'later';
    const lane = this.#laneFor(kind);
    incarnation.invocations += 1;
    incarnation.beginPhase('invoke', deadlineMs);
    const phase = this.#phase(incarnation, lane, deadlineMs);
    const args = [event, JSON.stringify(context), incarnation.gate.thaw()];
    const end = await phase.settle({ name: 'invoke', args });
    const settledMs = this.#host.clock.nowMs();
    this.#handled = undefined;
    if (this.#answerWriter instanceof StreamedAnswer) this.#answerWriter.end();
    if (incarnation.gate.hasImmediates) await phase.drain();
    incarnation.endPhase();
    this.#addCpu(incarnation);
    const { longestSliceMs } = phase;
    this.version.record({ kind, lane, longestSliceMs, isClean: incarnation.ended === undefined });
    return { end, settledMs, longestSliceMs };
  }

  async #init(deadlineMs: number) {
    const { clock } = this.#host;
    const fromMs = clock.nowMs();
    const incarnation = this.#incarnation ?? this.#open();
    // What making the isolate took is not the function's.
    incarnation.takeCpuMs();
    const lane = this.#laneFor('init');
    incarnation.beginPhase('init', deadlineMs);
    const phase = this.#phase(incarnation, lane, deadlineMs);
    const bundle = this.#loadMeasured(incarnation);
    const ran: PhaseEnd =
      bundle.kind === 'loaded' ? await phase.settle({ name: 'init', args: [bundle.value] }) : bundle.end;
    // Of an init that was done and whose isolate went down in the same slice nothing is left: it is that end that counts.
    const end = isInitDone(ran) ? (incarnation.ended ?? ran) : ran;
    incarnation.endPhase();
    this.#addCpu(incarnation);
    const { longestSliceMs } = phase;
    this.version.record({ kind: 'init', lane, longestSliceMs, isClean: incarnation.ended === undefined });
    const isDone = isInitDone(end);
    this.#noteMemory(end);
    // A failed runtime process ends, and init runs again in a new one (B3.3).
    if (!isDone) this.#discard();
    const report = initReport(end, clock.nowMs() - fromMs);
    return { report, body: initErrorOf(end, this.#bounds), isDone, longestSliceMs };
  }

  /** The neighbours wait for it as for a slice on this thread, and nothing ends it. */
  #loadMeasured(incarnation: Incarnation): Loaded {
    const { clock, threadCpuMs } = this.#host;
    const fromMs = clock.nowMs();
    const fromCpuMs = threadCpuMs('recent');
    const loaded = this.#load(incarnation);
    const heldMs = clock.nowMs() - fromMs;
    // Time without the processor is not the function's, as for slices.
    if (heldMs > limits.shortSliceMsMax) {
      this.#loadMs = Math.max(this.#loadMs, Math.min(heldMs, threadCpuMs('now') - fromCpuMs));
    }
    return loaded;
  }

  #takeLoadMs(): number {
    const loadMs = this.#loadMs;
    this.#loadMs = 0;
    return loadMs;
  }

  /** Compiles the bundle. Its script is one function expression, so running it runs nothing of the user's. */
  #load(incarnation: Incarnation): Loaded {
    const bundle = this.version.bundle();
    if (bundle === undefined) return { kind: 'loaded', value: undefined };
    try {
      const { modules, ids } = this.version.modules;
      incarnation.guest.preload(modules, ids);
      return { kind: 'loaded', value: incarnation.guest.load(bundle, this.version.codeCache) };
    } catch (error) {
      // What the bundler let through and V8 refuses, or a bundle that does not fit into the function's memory.
      if (!incarnation.guest.isDisposed)
        return { kind: 'failed', end: { kind: 'settled', settled: syntaxError(error) } };
      incarnation.end({ kind: 'out-of-memory' });
      return { kind: 'failed', end: { kind: 'out-of-memory' } };
    }
  }

  #open(): Incarnation {
    const { openGuest, clock, random, residentBytes, openers } = this.#host;
    const { settings } = this.version.definition;
    const { environmentId, logStreamName, initializationType, bindings } = this.#head;
    const { timers, errorChars } = this.#bounds.limits;
    this.#incarnations += 1;
    const incarnation = this.#incarnations;
    const files = new FileSystem({ volume: this.volume, packageFiles: this.version.files, bounds: this.#bounds });
    try {
      this.#incarnation = new Incarnation({
        openGuest: (guestSettings, calls) => openGuest(guestSettings, calls, settings.memorySize, this.version.modules),
        settings: {
          ...settings,
          logStreamName,
          initializationType,
          limits: { timers, errorChars },
          ...(bindings !== undefined && { bindings }),
        },
        files,
        output: this.#output,
        bounds: this.#bounds,
        positions: this.version.positions,
        clock,
        random,
        residentBytes,
        openers,
        answer: () => this.#openAnswer(),
        request: (service, request, body) =>
          this.#host.sendRequest({ environmentId, incarnation, service, request }, body),
      });
      return this.#incarnation;
    } catch (error) {
      files.close();
      throw error;
    }
  }

  /** Where the running handler writes to. Made when it does so first. */
  #openAnswer(): AnswerWriter | undefined {
    const head = this.#handled;
    if (head === undefined) return undefined;
    const { responseBytes, responseStreamBytes } = this.#bounds.limits;
    this.#answerWriter ??=
      head.answer === undefined
        ? new WholeAnswer(responseBytes)
        : new StreamedAnswer({
            environmentId: this.#head.environmentId,
            requestId: head.requestId,
            bytesMax: responseStreamBytes,
            send: this.#host.sendAnswer,
            onTooLarge: () => this.#incarnation?.settleAnswer(),
          });
    return this.#answerWriter;
  }

  #phase(incarnation: Incarnation, lane: 'main' | 'pool', deadlineMs: number): Phase {
    const { pool, traffic, clock, defer } = this.#host;
    const nextTask = (): Promise<void> => new Promise((resolve) => defer(resolve));
    const cpuMs = lane === 'main' ? this.#host.threadCpuMs : (): number => incarnation.cpuMs;
    const isAlone = (): boolean => traffic.isAlone(this.version);
    const { cpuTimeMs } = this.#bounds.limits;
    const { environmentId } = this.#head;
    const onOverrun = (limit: LimitHit): void => this.#host.sendOverrun({ environmentId, limit });
    return new Phase({ incarnation, lane, isAlone, pool, clock, deadlineMs, nextTask, cpuMs, cpuTimeMs, onOverrun });
  }

  /** CPU time is watched from the main thread, so a guest with a limit of it must not hold that. */
  #laneFor(kind: PhaseKind): Lane {
    return this.#bounds.limits.cpuTimeMs < limits.cpuTimeMsDefault ? 'pool' : this.version.laneFor(kind);
  }

  #addCpu(incarnation: Incarnation): void {
    const cpuMs = incarnation.takeCpuMs();
    this.#cpuMs = cpuMs === undefined || this.#cpuMs === undefined ? undefined : this.#cpuMs + cpuMs;
  }

  /** The state after an invocation, its memory, and whether its isolate may go on. */
  #settleAccounts(requestId: string, end: PhaseEnd): void {
    this.#noteMemory(end);
    const isFatal = end.kind === 'settled' && end.settled.kind === settleKinds.fatal;
    const isKept = this.#incarnation !== undefined && this.#incarnation.ended === undefined && !isFatal;
    this.#change({ type: 'answered', requestId, isolate: isKept ? 'kept' : 'reset' });
    if (!isKept) this.#discard();
    else if (end.kind === 'settled' && end.settled.kind === settleKinds.answer) {
      this.version.noteModules(this.#incarnation?.guest.askedOnPool ?? []);
      if (this.#incarnation?.invocations === 1) this.#host.tidier.note(this);
      this.#makeCodeCache();
    }
  }

  /** Once for each version, when its lazy functions are compiled and nothing runs: what V8 compiled is worth keeping. */
  #makeCodeCache(): void {
    const { version } = this;
    if (version.codeCacheState !== 'missing') return;
    if ((version.definition.bundle?.bytes ?? 0) < limits.codeCacheBytesMin) {
      version.codeCacheState = 'unneeded';
      return;
    }
    version.codeCacheState = 'planned';
    this.#host.defer(() => {
      const bundle = version.bundle();
      // Asking a guest that runs on the pool would block this thread until its slice ends.
      if (bundle === undefined || this.#state.phase !== 'ready' || this.#incarnation === undefined) {
        version.codeCacheState = 'missing';
        return;
      }
      version.codeCache = this.#incarnation.guest.codeCache(bundle);
      version.codeCacheState = 'made';
    });
  }

  #discard(): void {
    this.#incarnation?.end({ kind: 'discarded' });
    this.#incarnation = undefined;
  }

  #owesInit(): boolean {
    return this.#state.phase === 'busy' && this.#state.step === 'init';
  }

  #change(event: EnvironmentEvent): void {
    if (this.#state.phase === 'disposed') {
      if (event.type === 'disposed') return;
      throw goneError(this.#head);
    }
    this.#state = transition(this.#state, event);
  }

  #answer(reply: Omit<InvokeReply, 'memoryPeakBytes'>, body: string | Uint8Array): Answer<InvokeReply> {
    this.#output.finish();
    const all = { ...reply, memoryPeakBytes: this.#memoryPeakBytes };
    const met = this.#met();
    if (met === nothingMet && this.#cpuMs !== undefined) return { reply: { ...all, cpuMs: this.#cpuMs }, body };
    return { reply: { ...all, ...(this.#cpuMs !== undefined && { cpuMs: this.#cpuMs }), ...met }, body };
  }

  #met(): { readonly logBytesDropped?: number; readonly limits?: readonly LimitHit[] } {
    const { droppedBytes } = this.#output;
    const hits = this.#limitBook.take();
    if (droppedBytes === 0 && hits === undefined) return nothingMet;
    return {
      ...(droppedBytes === 0 ? {} : { logBytesDropped: droppedBytes }),
      ...(hits === undefined ? {} : { limits: hits }),
    };
  }

  /**
   * The most that was in use when someone looked (E1.6). A look costs 3 microseconds, so after the first invocations, where
   * memory grows, it is taken now and then.
   */
  #noteMemory(end: PhaseEnd): void {
    if (end.kind === 'out-of-memory') {
      this.#memoryPeakBytes = Math.max(
        this.#memoryPeakBytes,
        this.version.definition.settings.memorySize * 1024 * 1024,
      );
    }
    const incarnation = this.#incarnation;
    if (incarnation === undefined || incarnation.ended !== undefined) return;
    const { invocations } = incarnation;
    if (invocations > memoryLooksAtFirst && invocations % memoryLookInterval !== 0) return;
    const { heapUsedBytes, externalBytes } = incarnation.guest.memory();
    this.#memoryPeakBytes = Math.max(this.#memoryPeakBytes, heapUsedBytes + externalBytes + incarnation.uncountedBytes);
  }
}

/** As nearly always: one object for all answers. */
const nothingMet = {};

const memoryLooksAtFirst = 4;
const memoryLookInterval = 16;

function guestContext(head: InvokeHead, deadlineEpochMs: number): GuestContext {
  const { requestId, invokedFunctionArn, traceId, clientContextJson, cognitoIdentityJson } = head;
  const context = { requestId, deadlineEpochMs, invokedFunctionArn };
  if (traceId === undefined && clientContextJson === undefined && cognitoIdentityJson === undefined) return context;
  return {
    ...context,
    ...(traceId === undefined ? {} : { traceId }),
    ...(clientContextJson === undefined ? {} : { clientContextJson }),
    ...(cognitoIdentityJson === undefined ? {} : { cognitoIdentityJson }),
  };
}

function isInitDone(end: PhaseEnd): boolean {
  return end.kind === 'settled' && end.settled.kind === settleKinds.initDone;
}

function initReport(end: PhaseEnd, durationMs: number): InitReport {
  switch (end.kind) {
    case 'settled':
      return isInitDone(end)
        ? { status: 'success', durationMs }
        : { status: 'error', durationMs, errorType: end.settled.errorType };
    case 'timeout':
    case 'killed':
    case 'out-of-memory':
      return { status: end.kind, durationMs };
    case 'exit':
      return { status: 'exit', durationMs, code: end.code };
    case 'discarded':
      throw new EnvironmentGoneError('the environment was destroyed during init');
    default:
      return end satisfies never;
  }
}

/** Our runtime cuts messages and stacks, so a longer error was not made by it. */
function initErrorOf(end: PhaseEnd, { note }: GuestBounds): string {
  if (end.kind !== 'settled') return '';
  const { text } = end.settled;
  const payloadBytes = textBytes(text, limits.errorPayloadBytesMax);
  if (payloadBytes <= limits.errorPayloadBytesMax) return text;
  note('error-size', limits.errorPayloadBytesMax, payloadBytes);
  return '';
}

/** How an invocation ends whose init failed inside it (B3.5). */
function suppressedInitOutcome(report: InitReport): InvokeReply['outcome'] {
  switch (report.status) {
    case 'error':
      return { kind: 'init-error', errorType: report.errorType };
    case 'exit':
      return { kind: 'exit', code: report.code };
    case 'timeout':
    case 'killed':
    case 'out-of-memory':
      return { kind: report.status };
    case 'deferred':
    case 'success':
      throw new InvariantError(`an init that is ${report.status} did not fail`);
    default:
      return report satisfies never;
  }
}

function judge(
  end: PhaseEnd,
  bounds: GuestBounds,
  writer: AnswerWriter | undefined,
): { readonly outcome: InvokeReply['outcome']; readonly body: string | Uint8Array } {
  switch (end.kind) {
    case 'settled':
      return end.settled.kind === settleKinds.answer && writer?.isBegun === true
        ? judgeWritten(writer, bounds)
        : judgeSettled(end.settled, bounds);
    case 'timeout':
    case 'killed':
    case 'out-of-memory':
      return { outcome: { kind: end.kind }, body: '' };
    case 'exit':
      return { outcome: { kind: 'exit', code: end.code }, body: '' };
    case 'discarded':
      throw new EnvironmentGoneError('the environment was destroyed during an invocation');
    default:
      return end satisfies never;
  }
}

/** Its bytes are what the handler wrote, whatever else it answered with. */
function judgeWritten(writer: AnswerWriter, { limits: most, note }: GuestBounds): ReturnType<typeof judge> {
  const isStreamed = writer instanceof StreamedAnswer;
  if (writer.isTooLarge) {
    if (isStreamed) note('response-stream-bytes', most.responseStreamBytes, writer.size);
    else note('response-bytes', most.responseBytes, writer.size);
    return { outcome: { kind: 'response-too-large', payloadBytes: writer.size }, body: '' };
  }
  return { outcome: { kind: 'success' }, body: writer instanceof WholeAnswer ? writer.take() : '' };
}

function judgeSettled(
  { kind, text, errorType }: Settled,
  { limits: most, note }: GuestBounds,
): ReturnType<typeof judge> {
  const payloadBytes = textBytes(text, most.responseBytes);
  // Our runtime cuts messages and stacks, so a longer error was not made by it.
  if (kind !== settleKinds.answer && payloadBytes > limits.errorPayloadBytesMax) {
    note('error-size', limits.errorPayloadBytesMax, payloadBytes, 'ended');
    return { outcome: { kind: 'response-too-large', payloadBytes }, body: '' };
  }
  if (payloadBytes > most.responseBytes) {
    note('response-bytes', most.responseBytes, payloadBytes);
    return { outcome: { kind: 'response-too-large', payloadBytes }, body: '' };
  }
  if (kind === settleKinds.answer) return { outcome: { kind: 'success' }, body: text };
  return { outcome: { kind: kind === settleKinds.fatal ? 'fatal' : 'error', errorType }, body: text };
}

/** Exact only where it matters: near the limit. A UTF-16 unit makes at most three bytes. */
function textBytes(text: string, bytesMax: number): number {
  return text.length * 3 <= Math.min(bytesMax, limits.errorPayloadBytesMax) ? text.length : Buffer.byteLength(text);
}

/** As the guest reports what its own parser refuses (LAMBDA.md A2). */
function syntaxError(error: unknown): Settled {
  const errorType = 'Runtime.UserCodeSyntaxError';
  const message = error instanceof Error ? `${error.name}: ${error.message}` : 'SyntaxError';
  const errorMessage = message.slice(0, limits.errorMessageCharsMax);
  return { kind: settleKinds.initError, text: JSON.stringify({ errorType, errorMessage, trace: [] }), errorType };
}
