/**
 * What the guest owes the platform: one answer for each init and each invocation. An answer is accepted from the call that
 * it belongs to, once, while that call is the running one. A callback of an earlier invocation that fires now finds its
 * own debt closed; it can never answer for the invocation that runs.
 */
import { runtimeLimits, type SettleKind, settleKinds } from '../../src/bridge/contract.ts';
import type { Core } from '../core/core-api.ts';
import { type ErrorDialect, type ErrorReport, errorJson, platformErrorType, takeLongestCut } from './error-json.ts';

export interface Debt {
  readonly phase: 'init' | 'invoke';
  /** Whether an answer is still owed. */
  readonly isOpen: boolean;
  initDone(): void;
  answer(json: string): void;
  /** Reported by the function; the environment stays usable. During init: the init error. */
  fail(report: ErrorReport): void;
  /** Like `fail`, but the runtime is about to exit (LAMBDA.md A7.6, A7.7). */
  failFatally(report: ErrorReport): void;
  /** `fail` with a payload of another form. */
  failWith(kind: 'error' | 'fatal', json: string, errorType: string): void;
}

export class Settlement {
  readonly #settle: Core['host']['settle'];
  readonly #limit: Core['host']['limit'];
  readonly #dialect: ErrorDialect;
  #running: Debt | undefined;

  constructor(core: Core, dialect: ErrorDialect) {
    this.#settle = core.host.settle;
    this.#limit = core.host.limit;
    this.#dialect = dialect;
  }

  /** The debt of the init or invocation that runs now. */
  get running(): Debt | undefined {
    return this.#running;
  }

  /**
   * For an error that nobody caught. Work that was frozen may fail before this loop has heard of the invocation it then belongs
   * to (B2.4), so it is reported also when no debt is known here; the platform knows whether one is open.
   */
  failFatally(report: ErrorReport): void {
    if (this.#running !== undefined) this.#running.failFatally(report);
    else this.#settleError(settleKinds.fatal, errorJson(report, this.#dialect), platformErrorType(report));
  }

  #settleError(kind: SettleKind, text: string, errorType: string): void {
    const found = takeLongestCut();
    if (found > 0) this.#limit(runtimeLimits.errorSize, found);
    this.#settle(kind, text, errorType);
  }

  open(phase: Debt['phase']): Debt {
    const pay = (kind: SettleKind, text: string, errorType: string): void => {
      if (this.#running !== debt) return;
      this.#running = undefined;
      if (kind === settleKinds.answer || kind === settleKinds.initDone) this.#settle(kind, text, errorType);
      else this.#settleError(kind, text, errorType);
    };
    const isOpen = (): boolean => this.#running === debt;
    const payError = (kind: SettleKind, report: ErrorReport): void =>
      pay(kind, errorJson(report, this.#dialect), platformErrorType(report));
    const errorKind = phase === 'init' ? settleKinds.initError : settleKinds.error;
    const fatalKind = phase === 'init' ? settleKinds.initError : settleKinds.fatal;
    const debt: Debt = {
      phase,
      get isOpen() {
        return isOpen();
      },
      initDone: () => pay(settleKinds.initDone, '', ''),
      answer: (json) => pay(settleKinds.answer, json, ''),
      fail: (report) => payError(errorKind, report),
      failFatally: (report) => payError(fatalKind, report),
      failWith: (kind, json, errorType) => pay(kind === 'fatal' ? fatalKind : errorKind, json, errorType),
    };
    this.#running = debt;
    return debt;
  }
}
