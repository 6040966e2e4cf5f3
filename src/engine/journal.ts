/**
 * Tells what happens in one invocation, in Lambda's order (LAMBDA.md B3.6, E1.1): init and its report, START, output, END,
 * REPORT. Output that arrives before the order can be known is held back until it is, which is within the same turn. It
 * feeds the observer and the invocation's tail; it times nothing and decides no outcome.
 */
import type { Clock } from '../base/clock.ts';
import type { InitializationType } from '../bridge/contract.ts';
import type { InvocationReport } from '../model/invocation.ts';
import type { Observe, PlatformEvent } from '../model/platform-event.ts';
import type { InitReport } from '../protocol/messages.ts';
import type { GuestLog } from '../supervisor/sandbox-port.ts';
import { linesOf } from '../telemetry/lines.ts';
import { RawLines } from '../telemetry/raw-lines.ts';
import type { Tail } from '../telemetry/tail.ts';
import type { Target } from './target.ts';
import { platformErrorType, type Verdict } from './verdict.ts';

/** Where in the order the journal is. */
type Phase =
  /** The environment is being made. */
  | { readonly name: 'creating'; readonly held: GuestLog[] }
  /** Init runs inside the invocation: only its end will tell whether START comes before its output or after it. */
  | { readonly name: 'init-owed'; readonly held: GuestLog[] }
  | { readonly name: 'started' }
  | { readonly name: 'ended' };

export interface JournalOptions {
  readonly clock: Clock;
  readonly target: Target;
  /** None of an environment that is made ahead. */
  readonly requestId: string;
  /** Default: on-demand. */
  readonly initializationType?: InitializationType;
  readonly environmentId: string;
  readonly logStream: string;
  readonly observe: Observe | undefined;
  readonly tail: Tail | undefined;
  readonly traceId: string | undefined;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #raw = new RawLines();
  #phase: Phase = { name: 'creating', held: [] };

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  initStarted(phase: 'init' | 'invoke'): void {
    const { target, initializationType = 'on-demand' } = this.#options;
    const { runtime } = target.version.configuration;
    this.#emit({ type: 'platform.initStart', ...this.#common(), initializationType, runtime, phase });
  }

  /** Output of init. */
  readonly initLog = (log: GuestLog): void => {
    this.#write(log, undefined);
  };

  /** Output of the invocation, and of an init inside it. */
  readonly log = (log: GuestLog): void => {
    switch (this.#phase.name) {
      case 'creating':
      case 'init-owed':
        this.#phase.held.push(log);
        break;
      case 'started':
        this.#write(log, this.#options.requestId);
        break;
      case 'ended':
        // The engine has given up on the sandbox; what still comes belongs to nobody.
        break;
      default:
        this.#phase satisfies never;
    }
  };

  initReported(phase: 'init' | 'invoke', init: InitReport): void {
    if (init.status === 'deferred') return;
    // An init that failed inside the invocation: nothing else can have printed (B3.6).
    if (phase === 'invoke' && init.status !== 'success') for (const log of this.#release()) this.#write(log, undefined);
    this.#flushRaw(undefined);
    const { status, errorType } = initVerdict(init);
    this.#emit({
      type: 'platform.initReport',
      ...this.#common(),
      initializationType: this.#options.initializationType ?? 'on-demand',
      phase,
      status,
      durationMs: init.durationMs,
      ...(errorType !== undefined && { errorType }),
    });
  }

  /** Init failed or was put off: it runs inside the invocation. */
  owesInit(): void {
    this.#phase = { name: 'init-owed', held: this.#release() };
  }

  /** The handler runs. Harmless when it was told before. */
  start(): void {
    if (this.#phase.name === 'started' || this.#phase.name === 'ended') return;
    const held = this.#release();
    this.#flushRaw(undefined);
    this.#phase = { name: 'started' };
    this.#emit({ ...this.#common(), type: 'platform.start', requestId: this.#options.requestId });
    for (const log of held) this.log(log);
  }

  fault(text: string): void {
    this.start();
    const { requestId } = this.#options;
    this.#flushRaw(requestId);
    this.#emit({ type: 'platform.fault', ...this.#common(), requestId, text });
  }

  /** Output was over a limit. */
  dropped(droppedBytes: number | undefined): void {
    if (droppedBytes === undefined || droppedBytes === 0) return;
    const { functionName, environmentId } = this.#common();
    this.#emit({ type: 'platform.logsDropped', functionName, environmentId, droppedBytes });
  }

  end(verdict: Verdict, report: InvocationReport, producedBytes: number): void {
    this.start();
    const { requestId, traceId } = this.#options;
    this.#flushRaw(requestId);
    const common = this.#common();
    const { durationMs } = report;
    const { status, errorType } = verdict;
    if (report.limits !== undefined) {
      for (const hit of report.limits) this.#emit({ ...common, type: 'invocation.limit', requestId, ...hit });
    }
    const told = errorType === undefined ? common : { ...common, errorType };
    this.#emit({ ...told, type: 'platform.runtimeDone', requestId, status, durationMs, producedBytes });
    const traced = traceId === undefined ? told : { ...told, traceId };
    this.#emit({ ...traced, type: 'platform.report', requestId, status, report });
    this.#phase = { name: 'ended' };
  }

  /** What was held back, once. */
  #release(): GuestLog[] {
    return 'held' in this.#phase ? this.#phase.held.splice(0) : [];
  }

  #write(log: GuestLog, requestId: string | undefined): void {
    if (log.kind === 'raw') {
      this.#output('raw', this.#raw.push(log.text), requestId);
    } else {
      // Keeps the order of the program: half a line written before a record comes before it.
      this.#flushRaw(requestId);
      this.#output('line', log.text, requestId);
    }
  }

  #flushRaw(requestId: string | undefined): void {
    this.#output('raw', this.#raw.flush(), requestId);
  }

  #output(kind: GuestLog['kind'], text: string, requestId: string | undefined): void {
    if (text === '') return;
    this.#emit({ type: 'function', ...this.#common(), ...(requestId !== undefined && { requestId }), kind, text });
  }

  /** Made for each invocation: an object that is spread first, and whose members are always the same, is copied in one go. */
  #common() {
    const { clock, target, environmentId, logStream } = this.#options;
    const { configuration, version } = target.version;
    const { functionName } = configuration;
    const { logFormat, logGroup, systemLogLevel } = configuration.logging;
    const common = { functionName, version, environmentId, logGroup, logStream, logFormat, time: clock.epochMs() };
    return systemLogLevel === undefined ? common : { ...common, systemLogLevel };
  }

  #emit(event: PlatformEvent): void {
    this.#options.observe?.(event);
    // The tail starts at START (E1.8).
    if (this.#phase.name === 'started') this.#options.tail?.append(linesOf(event));
  }
}

function initVerdict(init: Exclude<InitReport, { status: 'deferred' }>): {
  status: 'success' | 'error' | 'timeout';
  errorType?: string;
} {
  switch (init.status) {
    case 'success':
    case 'timeout':
      return { status: init.status };
    case 'error':
      return { status: 'error', errorType: platformErrorType(init.errorType) };
    case 'exit':
      return { status: 'error', errorType: 'Runtime.ExitError' };
    case 'killed':
      return { status: 'error', errorType: 'Runtime.ExitError' };
    case 'out-of-memory':
      return { status: 'error', errorType: 'Runtime.OutOfMemory' };
    default:
      return init satisfies never;
  }
}
