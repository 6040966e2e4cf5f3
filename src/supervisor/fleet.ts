/**
 * Starts sandboxes and hands them out: one blank spare is kept ready, starts that fail again and again are held back. Which
 * environments live in which sandbox is the engine's business, and the end of each sandbox is its own.
 */
import pLimit from 'p-limit';
import { abortable } from '../base/abortable.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type { GuestLimits } from '../model/guest-limits.ts';
import { type HardeningReport, isAtLeast } from '../model/hardening.ts';
import {
  type HardeningDemand,
  hardeningDemand,
  hardeningRefusal,
  missingFor,
  soundLevel,
} from '../model/hardening-demand.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import {
  afterCrash,
  type CrashHistory,
  cleanHistory,
  domainPolicy,
  isForgotten,
  retryAfterMs,
  startPolicy,
} from './crash-loop.ts';
import { describeCause } from './exit-cause.ts';
import type { Jail } from './jail.ts';
import { sandboxMainPath } from './launch.ts';
import { type ExitCause, type SandboxFleet, SandboxGoneError, type SandboxHandle } from './sandbox-port.ts';
import { type SandboxOptions, SandboxProcess } from './sandbox-process.ts';
import type { NextUser } from './sandbox-users.ts';

export interface FleetOptions {
  /** Node for the sandboxes: the very binary that the runtime was built with. */
  readonly nodePath: string;
  readonly runtime: SandboxFleet['runtime'] & { readonly directory: string };
  /** Of every guest, where stricter than the defaults. */
  readonly guestLimits?: Partial<GuestLimits>;
  readonly observe: Observe;
  readonly clock: Clock;
  /** Default: `auto`. */
  readonly hardening?: HardeningDemand;
  /** Absent: sandboxes are not jailed. */
  readonly jail?: Jail;
  readonly controlGroups?: SandboxOptions['controlGroups'];
  /** Asked for each sandbox. */
  readonly nextUser?: NextUser;
  /** The program that a sandbox runs. Default: this installation's own. */
  readonly mainPath?: string;
  /** For simulations. Default: a real child. */
  readonly launch?: SandboxOptions['launch'];
}

export function createFleet(options: FleetOptions): SandboxFleet {
  return new Fleet(options);
}

/** What a process was when it ended decides who is told. */
type Stage = { readonly kind: 'starting' | 'blank' } | { readonly kind: 'assigned'; readonly trustDomain: string };

class Fleet implements SandboxFleet {
  readonly runtime: SandboxFleet['runtime'];
  readonly #options: FleetOptions;
  /** Everything that is not reaped yet. */
  readonly #processes = new Map<SandboxProcess, Stage>();
  readonly #starts = new Set<Promise<SandboxProcess>>();
  /** More starts at once would only make each of them late. */
  readonly #startTurn = pLimit(limits.sandboxStartsAtOnceMax);
  /** Blank, ready or still starting; whoever comes next takes it. */
  #spare: Promise<SandboxProcess> | undefined;
  #spareRetry: Disposable | undefined;
  /** Starts and blank sandboxes: it is clean again when one was of use. */
  #startHistory: CrashHistory = cleanHistory;
  readonly #domainHistories = new Map<string, CrashHistory>();
  #hardening: HardeningReport | undefined;
  #lastNumber = 0;
  #closed: Promise<void> | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { directory: _, ...runtime } = options.runtime;
    this.runtime = runtime;
  }

  async acquire(trustDomain: string, signal?: AbortSignal): Promise<SandboxHandle> {
    this.#requireOpen();
    this.#requireCalm(this.#domainHistories.get(trustDomain), `sandboxes of trust domain ${trustDomain} crash`);
    const taken = this.#takeBlank();
    try {
      const sandbox = await abortable(taken, signal);
      sandbox.assign(trustDomain);
      this.#processes.set(sandbox, { kind: 'assigned', trustDomain });
      this.#startHistory = cleanHistory;
      return sandbox;
    } catch (error) {
      // The caller has left. What it asked for is as good as any: it becomes the spare, or goes.
      if (signal?.aborted === true) void taken.then((sandbox) => this.#giveBack(sandbox)).catch(() => {});
      throw error;
    } finally {
      this.warm();
    }
  }

  get hardening(): HardeningReport | undefined {
    return this.#hardening;
  }

  async ready(): Promise<void> {
    this.#giveBack(await this.#takeBlank());
  }

  warm(): void {
    if (this.#closed !== undefined || this.#spare !== undefined) return;
    const waitMs = retryAfterMs(this.#startHistory, this.#options.clock.nowMs());
    if (waitMs > 0) {
      this.#spareRetry ??= this.#options.clock.after(waitMs, () => {
        this.#spareRetry = undefined;
        this.warm();
      });
      return;
    }
    this.#keepSpare(this.#start());
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#spareRetry?.[Symbol.dispose]();
    await this.#killAll();
    // A start that was under way has made its process only now; it ends it by itself.
    await Promise.allSettled(this.#starts);
    await this.#killAll();
  }

  async #killAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((sandbox) => sandbox.kill(closing)));
  }

  /** The spare, or else a new sandbox; tries again a few times. */
  async #takeBlank(): Promise<SandboxProcess> {
    let failure: unknown;
    for (let attempt = 0; attempt < limits.sandboxStartAttemptsMax; attempt += 1) {
      this.#requireOpen();
      const spare = this.#spare;
      this.#spare = undefined;
      if (spare === undefined) this.#requireCalm(this.#startHistory, 'sandboxes do not start');
      try {
        const sandbox = await (spare ?? this.#start());
        if (sandbox.isBlank()) return sandbox;
        failure = new Error('it ended before it was used');
      } catch (error) {
        // The next one would be jailed no better.
        if (error instanceof EngineError && error.code === 'HardeningUnavailable') throw error;
        // SandboxGoneError, or the system's error of a spawn. The history has it; perhaps the next one starts.
        failure = error;
      }
    }
    this.#requireOpen();
    throw new EngineError(
      'SandboxStartFailed',
      `a sandbox did not start in ${limits.sandboxStartAttemptsMax} attempts: ${reasonOf(failure)}`,
      { cause: failure },
    );
  }

  #giveBack(sandbox: SandboxProcess): void {
    if (this.#spare === undefined && this.#closed === undefined) this.#keepSpare(Promise.resolve(sandbox));
    else void sandbox.kill({ kind: 'retired', reason: 'nobody needed it any more' });
  }

  #keepSpare(spare: Promise<SandboxProcess>): void {
    this.#spare = spare;
    spare
      .then((sandbox) => sandbox.exited)
      // It did not start: the history has it, and whoever takes it meanwhile is told.
      .catch(() => {})
      .then(() => {
        if (this.#spare !== spare) return;
        this.#spare = undefined;
        this.warm();
      });
  }

  /** Resolves when it is blank and answers. */
  #start(): Promise<SandboxProcess> {
    const start = this.#startTurn(async () => {
      try {
        return await this.#startNow();
      } catch (error) {
        if (this.#closed === undefined) this.#noteStartFailure(reasonOf(error));
        throw error;
      }
    });
    this.#starts.add(start);
    const forget = () => this.#starts.delete(start);
    start.then(forget, forget);
    return start;
  }

  async #startNow(): Promise<SandboxProcess> {
    this.#requireOpen();
    const { nodePath, runtime, clock, observe, mainPath = sandboxMainPath } = this.#options;
    this.#lastNumber += 1;
    const sandboxId = `sandbox-${this.#lastNumber}`;
    const { launch, jail, controlGroups, nextUser, guestLimits = {} } = this.#options;
    const userId = nextUser?.();
    const made = { sandboxId, nodePath, mainPath, runtime, guestLimits, clock, observe };
    const confined = { ...(controlGroups && { controlGroups }), ...(userId !== undefined && { userId }) };
    const how = { ...(launch && { launch }), ...(jail && { jail }), ...confined };
    const sandbox = await SandboxProcess.start({ ...made, ...how });
    this.#processes.set(sandbox, { kind: 'starting' });
    void sandbox.exited.then((cause) => this.#ended(sandbox, cause));
    if (this.#closed !== undefined) await sandbox.kill(closing);
    await sandbox.ready();
    await this.#requireJailed(sandbox);
    this.#processes.set(sandbox, { kind: 'blank' });
    return sandbox;
  }

  /** Ends a sandbox that is jailed less than demanded, before anything of anybody reaches it. @throws EngineError */
  async #requireJailed(sandbox: SandboxProcess): Promise<void> {
    const { hardening: demand = hardeningDemand('auto'), observe } = this.#options;
    const { hardening: report } = sandbox;
    const isWeakest = this.#hardening === undefined || !isAtLeast(report.level, this.#hardening.level);
    if (isWeakest) this.#hardening = report;
    const refusal = hardeningRefusal(report, demand);
    if (refusal !== undefined) {
      await sandbox.kill({ kind: 'killed', reason: 'hardening', detail: refusal });
      throw new EngineError('HardeningUnavailable', refusal);
    }
    if (!isWeakest || demand.jail === 'off' || isAtLeast(report.level, soundLevel)) return;
    observe({ type: 'hardening.less', level: report.level, missing: missingFor(report, soundLevel) });
  }

  #ended(sandbox: SandboxProcess, cause: ExitCause): void {
    const stage = this.#processes.get(sandbox);
    this.#processes.delete(sandbox);
    if (stage === undefined || this.#closed !== undefined) return;
    switch (stage.kind) {
      case 'starting':
        // Its start fails, and counts there.
        return;
      case 'blank':
        if (cause.kind !== 'retired') this.#noteStartFailure(describeCause(cause));
        return;
      case 'assigned':
        // A kill is ours and works as intended, and a stranger's says nothing of the domain; only what its own doing may be is a loop.
        if (cause.kind === 'crashed' && cause.by === undefined)
          this.#noteDomainCrash(stage.trustDomain, describeCause(cause));
        return;
      default:
        stage satisfies never;
    }
  }

  #noteStartFailure(reason: string): void {
    const nowMs = this.#options.clock.nowMs();
    const before = this.#startHistory;
    this.#startHistory = afterCrash(before, nowMs, reason, startPolicy);
    this.#announce(before, this.#startHistory, `sandboxes do not start: ${reason}`, nowMs);
  }

  #noteDomainCrash(trustDomain: string, reason: string): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [domain, history] of this.#domainHistories) {
      if (isForgotten(history, nowMs, domainPolicy.windowMs)) this.#domainHistories.delete(domain);
    }
    const before = this.#domainHistories.get(trustDomain) ?? cleanHistory;
    const after = afterCrash(before, nowMs, reason, domainPolicy);
    this.#domainHistories.set(trustDomain, after);
    this.#announce(before, after, `sandboxes of trust domain ${trustDomain} crash: ${reason}`, nowMs);
  }

  #announce(before: CrashHistory, after: CrashHistory, reason: string, nowMs: number): void {
    if (after.blockedUntilMs === before.blockedUntilMs) return;
    this.#options.observe({ type: 'sandbox.unavailable', reason, retryAfterMs: retryAfterMs(after, nowMs) });
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw new EngineError('EngineClosed', 'the engine is closed');
  }

  #requireCalm(history: CrashHistory | undefined, problem: string): void {
    if (history === undefined) return;
    const waitMs = Math.ceil(retryAfterMs(history, this.#options.clock.nowMs()));
    if (waitMs === 0) return;
    throw new EngineError('SandboxStartFailed', `${problem}: ${history.lastCause}; next try in ${waitMs} ms`);
  }
}

const closing: ExitCause = { kind: 'killed', reason: 'closing', detail: 'the engine was closed' };

function reasonOf(error: unknown): string {
  return error instanceof SandboxGoneError ? describeCause(error.exitCause) : errorMessage(error);
}
