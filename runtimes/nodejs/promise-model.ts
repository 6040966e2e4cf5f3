/**
 * Calling a handler as Node 24's runtime does (LAMBDA.md A4): what it returns, or what its promise becomes, is the answer.
 * The runtime adds nothing to Node's own end of a process: an uncaught error ends it.
 */
import type { GuestContext } from '../../src/bridge/contract.ts';
import type { RejectionReason } from '../core/core-api.ts';
import { answerJson } from './answer-json.ts';
import { type AnswerMode, answerMode } from './awslambda.ts';
import { type Checkpoint, checkpoint } from './checkpoint.ts';
import { promiseContext, withBindings } from './context.ts';
import { describeError } from './error-json.ts';
import type { Handler } from './handler.ts';
import { invokeStreaming } from './invoke-streaming.ts';
import { parse } from './primordials.ts';
import type { ModelParts, ProgrammingModel } from './programming-model.ts';
import { RuntimeError } from './runtime-error.ts';
import type { Debt } from './settlement.ts';

const callbackRemoved =
  'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.';

export class PromiseModel implements ProgrammingModel {
  readonly initErrorPrefix = 'Init Error';
  readonly #parts: ModelParts;
  #handler: Handler = () => undefined;
  #mode: AnswerMode = { kind: 'buffered' };

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  accept(handler: Handler): void {
    const mode = answerMode(handler);
    if (mode.kind === 'buffered' && handler.length >= 3) {
      throw new RuntimeError('Runtime.CallbackHandlerDeprecated', callbackRemoved);
    }
    this.#handler = handler;
    this.#mode = mode;
  }

  invoke(eventJson: string, request: GuestContext, debt: Debt): void {
    const answer = { debt, after: checkpoint(this.#parts.core) };
    void this.#call(eventJson, request, answer);
  }

  loopEmpty(debt: Debt): void {
    this.#parts.events.loopEmpty(debt);
  }

  uncaughtException(error: unknown): void {
    this.#parts.events.uncaughtException(error);
  }

  unhandledRejection(reason: RejectionReason): void {
    this.#parts.events.unhandledRejection(reason);
  }

  /** Never rejects. */
  async #call(eventJson: string, request: GuestContext, answer: Answer): Promise<void> {
    try {
      const { core, settings } = this.#parts;
      const context = withBindings(promiseContext(settings, request, core.epochMs), core, settings);
      const event: unknown = parse(eventJson);
      if (this.#mode.kind === 'stream') {
        this.#stream(event, context, this.#mode.highWaterMark, answer);
        return;
      }
      const handler = this.#handler;
      const result = await handler(event, context);
      answer.after(() => this.#succeed(result, answer));
    } catch (error) {
      // Whatever the user threw or rejected with, or a context that could not be parsed (A5.5).
      this.#fail(error, answer);
    }
  }

  #stream(event: unknown, context: object, highWaterMark: number | undefined, answer: Answer): void {
    const { core, answers, log, dialect } = this.#parts;
    invokeStreaming({
      core,
      answers,
      log,
      dialect,
      handler: this.#handler,
      highWaterMark,
      event,
      context,
      onFinish: () => answer.after(() => answer.debt.answer('')),
      onError: (error) => this.#fail(error, answer),
    });
  }

  #succeed(result: unknown, answer: Answer): void {
    try {
      answer.debt.answer(answerJson(result, this.#parts.dialect));
    } catch (error) {
      // JSON cannot express the result (A4.6).
      this.#fail(error, answer);
    }
  }

  #fail(error: unknown, { debt, after }: Answer): void {
    after(() => {
      // The handler of an earlier invocation: nobody waits for it any more.
      if (!debt.isOpen) return;
      this.#parts.log.error('Invoke Error', error);
      debt.fail(describeError(error, this.#parts.dialect));
    });
  }
}

/** Where the outcome of one call goes, and when. */
interface Answer {
  readonly debt: Debt;
  readonly after: Checkpoint;
}
