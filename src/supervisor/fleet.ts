/**
 * Starts sandboxes and hands them out: blank spares are kept ready, as many as `spares.ts` says; starts that fail again and again are
 * held back. Which environments live in which sandbox is the engine's business, and the end of each sandbox is its own.
 */
import { availableParallelism } from 'node:os';
import { abortable } from '../base/abortable.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import type { GuestLimits } from '../model/guest-limits.ts';
import { type HardeningReport, isAtLeast } from '../model/hardening.ts';
import { type HardeningDemand, hardeningDemand, hardeningRefusal, missingFor } from '../model/hardening-demand.ts';
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
import {
  afterStart,
  afterTaken,
  type Demand,
  demandEndsMs,
  noDemand,
  sparesWanted,
  startsAtOnce,
  startsNow,
} from './spares.ts';

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
  /** Blank sandboxes that are kept ready at most. Default: `limits.sparesMaxDefault`. */
  readonly sparesMax?: number;
  /** For simulations. Default: a real child. */
  readonly launch?: SandboxOptions['launch'];
}

export function createFleet(options: FleetOptions): SandboxFleet {
  return new Fleet(options);
}

/** What a process was when it ended decides who is told. */
type Stage = { readonly kind: 'starting' | 'blank' } | { readonly kind: 'assigned'; readonly trustDomain: string };

/** A caller who has no sandbox yet. */
interface Waiter {
  readonly resolve: (sandbox: SandboxProcess) => void;
  readonly reject: (error: unknown) => void;
  /** Starts that failed while it was the first to wait. */
  failures: number;
}

class Fleet implements SandboxFleet {
  readonly runtime: SandboxFleet['runtime'];
  readonly #options: FleetOptions;
  /** Everything that is not reaped yet. */
  readonly #processes = new Map<SandboxProcess, Stage>();
  readonly #starts = new Set<Promise<void>>();
  readonly #startsAtOnceMax = startsAtOnce(availableParallelism());
  /** Blank and ready, oldest first. */
  readonly #spares = new Set<SandboxProcess>();
  /** No start is for anybody: what is blank first goes to whoever has waited longest. */
  readonly #waiters = new Set<Waiter>();
  #demand: Demand = noDemand;
  #retry: Disposable | undefined;
  #shrinking: Disposable | undefined;
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
    const { clock } = this.#options;
    this.#demand = afterTaken(this.#demand, clock.nowMs());
    try {
      const sandbox = await this.#takeBlank(signal);
      this.#requireOpen();
      sandbox.assign(trustDomain);
      this.#processes.set(sandbox, { kind: 'assigned', trustDomain });
      this.#startHistory = cleanHistory;
      return sandbox;
    } finally {
      this.warm();
    }
  }

  get hardening(): HardeningReport | undefined {
    return this.#hardening;
  }

  async ready(): Promise<void> {
    this.#hand(await this.#takeBlank());
  }

  warm(): void {
    if (this.#closed !== undefined) return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const waitMs = retryAfterMs(this.#startHistory, nowMs);
    if (waitMs > 0) {
      this.#retry ??= clock.after(waitMs, () => {
        this.#retry = undefined;
        this.warm();
      });
      return;
    }
    const wanted = this.#wanted(nowMs);
    const starts = startsNow({
      waiting: this.#waiters.size,
      ready: this.#spares.size,
      starting: this.#starts.size,
      wanted,
      startsAtOnceMax: this.#startsAtOnceMax,
    });
    for (let started = 0; started < starts; started += 1) this.#start();
    if (this.#spares.size > wanted) this.#shrinkLater(nowMs);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    this.#shrinking?.[Symbol.dispose]();
    for (const waiter of this.#waiters) waiter.reject(closedError());
    await this.#killAll();
    // A start that was under way has made its process only now; it ends it by itself.
    await Promise.allSettled(this.#starts);
    await this.#killAll();
  }

  async #killAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((sandbox) => sandbox.kill(closing)));
  }

  #wanted(nowMs: number): number {
    return sparesWanted(this.#demand, nowMs, this.#options.sparesMax ?? limits.sparesMaxDefault);
  }

  /** A spare, or else what starts next; who leaves is forgotten. @throws EngineError */
  async #takeBlank(signal?: AbortSignal): Promise<SandboxProcess> {
    for (const spare of this.#spares) {
      signal?.throwIfAborted();
      this.#spares.delete(spare);
      if (spare.isBlank()) return spare;
    }
    this.#requireOpen();
    this.#requireCalm(this.#startHistory, 'sandboxes do not start');
    const { promise, resolve, reject } = Promise.withResolvers<SandboxProcess>();
    const waiter: Waiter = { resolve, reject, failures: 0 };
    this.#waiters.add(waiter);
    this.warm();
    try {
      return await abortable(promise, signal);
    } catch (error) {
      // Whoever leaves at the very moment in which it is given one gives it on.
      promise.then((sandbox) => this.#hand(sandbox)).catch(() => {});
      throw error;
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** To who has waited longest, or it is a spare. */
  #hand(sandbox: SandboxProcess): void {
    const [first] = this.#waiters;
    if (!sandbox.isBlank()) {
      // It ended meanwhile, which is noted where it is reaped.
    } else if (first !== undefined) {
      this.#waiters.delete(first);
      first.resolve(sandbox);
    } else {
      this.#spares.add(sandbox);
    }
    this.warm();
  }

  /** Ends what nobody needed while the demand lasted, oldest first. */
  #shrinkLater(nowMs: number): void {
    const { clock } = this.#options;
    const dueMs = Math.max(demandEndsMs(this.#demand) ?? nowMs, nowMs);
    this.#shrinking ??= clock.after(dueMs - nowMs, () => {
      this.#shrinking = undefined;
      const wanted = this.#wanted(clock.nowMs());
      if ((demandEndsMs(this.#demand) ?? 0) > clock.nowMs()) return this.warm();
      for (const spare of this.#spares) {
        if (this.#spares.size <= wanted) break;
        this.#spares.delete(spare);
        void spare.kill({ kind: 'retired', reason: 'nobody needed it any more' });
      }
    });
  }

  #start(): void {
    const start = this.#startNow().then(
      (sandbox) => {
        this.#starts.delete(start);
        this.#hand(sandbox);
      },
      (error: unknown) => {
        this.#starts.delete(start);
        this.#failed(error);
      },
    );
    this.#starts.add(start);
  }

  /** A start failed: whoever has waited longest is told when there were enough of them. */
  #failed(failure: unknown): void {
    if (this.#closed !== undefined) return;
    this.#noteStartFailure(reasonOf(failure));
    const [first] = this.#waiters;
    if (first !== undefined) {
      first.failures += 1;
      const error = this.#verdict(failure, first.failures);
      if (error !== undefined) {
        this.#waiters.delete(first);
        first.reject(error);
      }
    }
    this.#tellBlocked();
    this.warm();
  }

  #verdict(failure: unknown, failures: number): EngineError | undefined {
    // The next one would be jailed no better.
    if (failure instanceof EngineError && failure.code === 'HardeningUnavailable') return failure;
    if (failures < limits.sandboxStartAttemptsMax) return undefined;
    const { sandboxStartAttemptsMax: attempts } = limits;
    const message = `a sandbox did not start in ${attempts} attempts: ${reasonOf(failure)}`;
    return new EngineError('SandboxStartFailed', message, { cause: failure });
  }

  /** While starts are held back nobody waits for one. */
  #tellBlocked(): void {
    try {
      this.#requireCalm(this.#startHistory, 'sandboxes do not start');
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error);
      this.#waiters.clear();
    }
  }

  /** Resolves when it is blank and answers. @throws SandboxGoneError, EngineError, or the system's error of a spawn */
  async #startNow(): Promise<SandboxProcess> {
    this.#requireOpen();
    const { nodePath, runtime, clock, observe, mainPath = sandboxMainPath } = this.#options;
    this.#lastNumber += 1;
    const sandboxId = `sandbox-${this.#lastNumber}`;
    const { launch, jail, controlGroups, nextUser, guestLimits = {} } = this.#options;
    const userId = nextUser?.();
    const isAwaited = this.#waiters.size > 0;
    const made = { sandboxId, nodePath, mainPath, runtime, guestLimits, clock, observe, isAwaited };
    const confined = { ...(controlGroups && { controlGroups }), ...(userId !== undefined && { userId }) };
    const how = { ...(launch && { launch }), ...(jail && { jail }), ...confined };
    const startedMs = clock.nowMs();
    const sandbox = await SandboxProcess.start({ ...made, ...how });
    this.#processes.set(sandbox, { kind: 'starting' });
    void sandbox.exited.then((cause) => this.#ended(sandbox, cause));
    if (this.#closed !== undefined) await sandbox.kill(closing);
    await sandbox.ready();
    await this.#requireJailed(sandbox);
    this.#processes.set(sandbox, { kind: 'blank' });
    this.#demand = afterStart(this.#demand, clock.nowMs() - startedMs);
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
    if (!isWeakest || isAtLeast(report.level, demand.expectedLevel)) return;
    observe({ type: 'hardening.less', level: report.level, missing: missingFor(report, demand.expectedLevel) });
  }

  #ended(sandbox: SandboxProcess, cause: ExitCause): void {
    const stage = this.#processes.get(sandbox);
    this.#processes.delete(sandbox);
    const wasSpare = this.#spares.delete(sandbox);
    if (stage === undefined || this.#closed !== undefined) return;
    switch (stage.kind) {
      case 'starting':
        // Its start fails, and counts there.
        return;
      case 'blank':
        if (cause.kind !== 'retired') this.#noteStartFailure(describeCause(cause));
        if (wasSpare) this.warm();
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
    if (this.#closed !== undefined) throw closedError();
  }

  #requireCalm(history: CrashHistory | undefined, problem: string): void {
    if (history === undefined) return;
    const waitMs = Math.ceil(retryAfterMs(history, this.#options.clock.nowMs()));
    if (waitMs === 0) return;
    throw new EngineError('SandboxStartFailed', `${problem}: ${history.lastCause}; next try in ${waitMs} ms`);
  }
}

const closing: ExitCause = { kind: 'killed', reason: 'closing', detail: 'the engine was closed' };

function closedError(): EngineError {
  return new EngineError('EngineClosed', 'the engine is closed');
}

function reasonOf(error: unknown): string {
  return error instanceof SandboxGoneError ? describeCause(error.exitCause) : errorMessage(error);
}
