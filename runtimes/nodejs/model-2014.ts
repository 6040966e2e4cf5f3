/**
 * Calling a handler as the first runtime did (LAMBDA.md A1): `function (event, context)`, and only `context.done`, `succeed` or
 * `fail` ends an invocation well. The callback that ends it still runs to its own end; whatever else is pending freezes with
 * the environment. What the handler returns means nothing.
 */
import type { GuestContext } from '../../src/bridge/contract.ts';
import type { RejectionReason } from '../core/core-api.ts';
import { answerJson } from './answer-json.ts';
import { callbackContext, withBindings } from './context.ts';
import { describeError } from './error-json.ts';
import type { Handler } from './handler.ts';
import { parse, slice, stringify } from './primordials.ts';
import { reasonValue } from './process-events.ts';
import type { ModelParts, ProgrammingModel } from './programming-model.ts';
import type { Debt } from './settlement.ts';

/** A1.7: this much of an error is logged, then a remark. */
const loggedErrorCharsMax = 256_000;

export class Model2014 implements ProgrammingModel {
  readonly initErrorPrefix = '';
  readonly #parts: ModelParts;
  #handler: Handler = () => undefined;
  #requestId = '';

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  accept(handler: Handler): void {
    this.#handler = handler;
  }

  invoke(eventJson: string, request: GuestContext, debt: Debt): void {
    this.#requestId = request.requestId;
    const handler = this.#handler;
    try {
      const { core, settings } = this.#parts;
      const context = withBindings(
        callbackContext(settings, request, this.#endings(debt), core.epochMs),
        core,
        settings,
      );
      handler(parse(eventJson), context);
    } catch (error) {
      // Nobody stood above the handler: what it throws ends the process (A1.2).
      this.uncaughtException(error);
    }
  }

  /** A1.3: every callback has finished and none ended the invocation. */
  loopEmpty(debt: Debt): void {
    if (debt.phase === 'init') this.#parts.events.loopEmpty(debt);
    else this.#exitedEarly(debt, 'error');
  }

  uncaughtException(error: unknown): void {
    const { events, settlement } = this.#parts;
    if (events.isHandled(error)) return;
    const debt = settlement.running;
    this.#logError(error);
    if (debt?.phase === 'init') {
      debt.fail(describeError(error, '2014'));
      return;
    }
    if (debt !== undefined) this.#exitedEarly(debt, 'fatal');
    events.exit(1);
  }

  /** Promises came later; until Node 15 an unhandled rejection was a warning only. */
  unhandledRejection(rejection: RejectionReason): void {
    const { events, log } = this.#parts;
    const reason = reasonValue(rejection);
    if (events.isRejectionHandled(reason)) return;
    const text = rejection.stack === '' ? rejection.message : rejection.stack;
    log.raw('stderr', `(node:8) UnhandledPromiseRejectionWarning: ${text}\n`);
  }

  /** One latch for the three (A1.2); an error that is `null` or `undefined` is none (A1.4). */
  #endings(debt: Debt): { done: unknown; succeed: unknown; fail: unknown } {
    const fail = (error: unknown): void => {
      this.#logError(error);
      debt.fail(describeError(error, '2014'));
    };
    const done = (error?: unknown, result?: unknown): void => {
      if (!debt.isOpen) return;
      if (error !== undefined && error !== null) {
        fail(error);
        return;
      }
      try {
        debt.answer(answerJson(result, '2014'));
      } catch (unserialisable) {
        fail(unserialisable);
      }
    };
    return {
      done,
      succeed: (result?: unknown) => done(null, result),
      fail: (error?: unknown) => done(error ?? 'handled'),
    };
  }

  #exitedEarly(debt: Debt, kind: 'error' | 'fatal'): void {
    const text = `RequestId: ${this.#requestId} Process exited before completing request`;
    this.#parts.log.line(text);
    debt.failWith(kind, `{"errorMessage":${stringify(text)}}`, 'Runtime.ExitError');
  }

  #logError(error: unknown): void {
    const report = describeError(error, '2014');
    const text =
      report.kind === 'error' && report.stack !== '' ? report.stack : this.#textOf(error, report.errorMessage);
    const isLong = text.length > loggedErrorCharsMax;
    const shown = isLong ? `${slice(text, 0, loggedErrorCharsMax)}Truncated by Lambda` : text;
    this.#parts.log.write('ERROR', [shown]);
  }

  /** A string is logged whole up to the limit of A1.7, although the payload cuts it earlier. */
  #textOf(error: unknown, message: string): string {
    return typeof error === 'string' ? error : message;
  }
}
