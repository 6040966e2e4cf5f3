/**
 * Calling a handler as the runtimes of Node 18 to 22 do (LAMBDA.md A3): a callback, three methods on the context and a returned
 * promise all end an invocation, and so does an event loop with nothing left in it.
 */
import type { GuestContext } from '../../src/bridge/contract.ts';
import type { RejectionReason } from '../core/core-api.ts';
import { answerJson } from './answer-json.ts';
import { type AnswerMode, answerMode } from './awslambda.ts';
import { Completion } from './completion.ts';
import { callbackContext, withBindings } from './context.ts';
import { describeError } from './error-json.ts';
import { type Handler, isAsyncFunction, isThenable } from './handler.ts';
import { invokeStreaming } from './invoke-streaming.ts';
import { assign, parse } from './primordials.ts';
import { reasonValue } from './process-events.ts';
import type { ModelParts, ProgrammingModel } from './programming-model.ts';
import { RuntimeError } from './runtime-error.ts';
import type { Debt } from './settlement.ts';

/** The texts of A3.13 and A3.16. */
const neverSettled =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';
const callbackWarning =
  'AWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24. An async handler works there and here. Set the environment variable AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING to silence this warning.';

/** Exit statuses of this runtime (A7.6, A7.7). */
const uncaughtStatus = 129;
const unhandledStatus = 128;

export class CallbackModel implements ProgrammingModel {
  // There is no record of its own for init errors: the loader's rejection is an uncaught exception of the runtime.
  readonly initErrorPrefix = 'Uncaught Exception';
  readonly #parts: ModelParts;
  #handler: Handler = () => undefined;
  #isAsync = false;
  #mode: AnswerMode = { kind: 'buffered' };
  #completion: Completion | undefined;

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  accept(handler: Handler): void {
    this.#mode = answerMode(handler);
    this.#isAsync = isAsyncFunction(handler);
    this.#handler = handler;
    const { core, log } = this.#parts;
    if (handler.length !== 3 || this.#isAsync || this.#mode.kind !== 'buffered') return;
    if (core.process.env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING === undefined) log.write('WARN', [callbackWarning]);
  }

  invoke(eventJson: string, request: GuestContext, debt: Debt): void {
    const { core, log, dialect, settings } = this.#parts;
    const completion = new Completion({
      core,
      log,
      isRunning: () => debt.isOpen,
      answer: (result) => debt.answer(answerJson(result, dialect)),
      fail: (error) => debt.fail(describeError(error, dialect)),
      loopEmpty: () => this.#nothingReported(completion, debt),
    });
    this.#completion = completion;
    try {
      const context = withBindings(
        callbackContext(settings, request, completion.contextMembers(), core.epochMs),
        core,
        settings,
      );
      const event: unknown = parse(eventJson);
      if (this.#mode.kind === 'stream') this.#stream(event, context, this.#mode.highWaterMark, completion, debt);
      else this.#call(event, context, completion);
    } catch (error) {
      // Thrown by the handler, or by its input: reported as if given to the callback (A3.4).
      completion.callback(error);
    }
  }

  #call(event: unknown, context: object, completion: Completion): void {
    const handler = this.#handler;
    const result = handler(event, context, completion.callback);
    if (!isThenable(result)) return;
    result.then((value) => {
      try {
        completion.succeed(value);
      } catch (error) {
        // JSON cannot express the value; the latch is still open (A3.2, A3.9).
        completion.fail(error);
      }
    }, completion.fail);
  }

  #stream(
    event: unknown,
    context: object,
    highWaterMark: number | undefined,
    completion: Completion,
    debt: Debt,
  ): void {
    const { core, answers, log, dialect } = this.#parts;
    const handler = this.#handler;
    const onFinish = (): void => {
      completion.markReported();
      debt.answer('');
    };
    invokeStreaming({
      core,
      answers,
      log,
      dialect,
      handler,
      highWaterMark,
      event,
      context,
      onFinish,
      onError: completion.fail,
    });
  }

  loopEmpty(debt: Debt): void {
    const { events } = this.#parts;
    // The runtime's listener was registered before any of the user's.
    if (debt.phase === 'init' || this.#completion?.loopEmpty() !== true) events.loopEmpty(debt);
    else if (debt.isOpen) events.beforeExit(debt);
  }

  /** A3.12, A3.13. */
  #nothingReported(completion: Completion, debt: Debt): void {
    completion.markReported();
    if (!this.#isAsync && this.#mode.kind === 'buffered') {
      debt.answer('null');
      return;
    }
    const error = new RuntimeError('Runtime.NodeJsExit', neverSettled);
    this.#parts.log.error('Invoke Error', error);
    debt.fail(describeError(error, this.#parts.dialect));
  }

  uncaughtException(error: unknown): void {
    this.#end('Uncaught Exception', error, uncaughtStatus);
  }

  unhandledRejection(rejection: RejectionReason): void {
    const reason = reasonValue(rejection);
    const error = new RuntimeError('Runtime.UnhandledPromiseRejection', describeReason(rejection));
    this.#end('Unhandled Promise Rejection', assign(error, { reason, promise: {} }), unhandledStatus);
  }

  /** What the runtime reported before it died is what the caller gets (B5.5). */
  #end(prefix: string, error: unknown, status: number): void {
    const { log, settlement, dialect, events } = this.#parts;
    log.error(prefix, error);
    const phase = settlement.running?.phase;
    settlement.failFatally(describeError(error, dialect));
    // A failed init leaves the environment to the platform, which runs init again (B3.3).
    if (phase !== 'init') events.exit(status);
  }
}

function describeReason({ isError, name, message }: RejectionReason): string {
  if (!isError) return message;
  return message === '' ? name : `${name}: ${message}`;
}
