/**
 * The ways in which a callback-era handler ends its invocation: `callback`, `context.done`, `succeed` and `fail`
 * (LAMBDA.md A3.5 to A3.10). They share one latch that closes *after* the first call returned, so a call that throws (the result
 * cannot be serialised) leaves it open. Calls of an earlier invocation change nothing here but the log.
 */
import type { Core } from '../core/core-api.ts';
import type { Log } from './log.ts';

export interface CompletionPorts {
  readonly core: Core;
  readonly log: Log;
  /** Whether this is still the invocation that runs. */
  isRunning(): boolean;
  /** @throws when the result cannot be serialised */
  answer(result: unknown): void;
  fail(error: unknown): void;
  /** The loop is empty and no method was called. */
  loopEmpty(): void;
}

const alreadyReported =
  'Invocation has already been reported as done. Cannot call complete more than once per invocation.';

export class Completion {
  readonly #ports: CompletionPorts;
  /** What an empty loop leads to; nothing after a method was called that does not wait for it. */
  #onLoopEmpty: (() => void) | undefined;
  #isFinished = false;
  #isReported = false;
  #waitsForEmptyLoop = true;

  constructor(ports: CompletionPorts) {
    this.#ports = ports;
    this.#onLoopEmpty = () => ports.loopEmpty();
  }

  /** `callback(error, result)`: success waits for the empty loop unless the function said otherwise (A3.6, A3.7). */
  readonly callback = (error?: unknown, result?: unknown): void => {
    this.#once(() => {
      this.#onLoopEmpty = undefined;
      if (isGiven(error)) this.#fail(error);
      else if (!this.#waitsForEmptyLoop) this.#complete(result);
      else this.#completeWhenLoopIsEmpty(result);
    });
  };

  readonly done = (error?: unknown, result?: unknown): void => {
    this.#once(() => {
      this.#onLoopEmpty = undefined;
      if (isGiven(error)) this.#fail(error);
      else this.#complete(result);
    });
  };

  readonly succeed = (result?: unknown): void => this.done(null, result);

  readonly fail = (error?: unknown): void => this.done(isGiven(error) ? error : 'handled');

  /** What the context object offers of this: an accessor pair, so that assigning to it is heard (A3.7), and three methods. */
  contextMembers(): object {
    const waits = (): boolean => this.#waitsForEmptyLoop;
    const setWaits = (value: boolean): void => {
      this.#waitsForEmptyLoop = value;
    };
    return {
      get callbackWaitsForEmptyEventLoop() {
        return waits();
      },
      set callbackWaitsForEmptyEventLoop(value: boolean) {
        setWaits(value);
      },
      succeed: this.succeed,
      fail: this.fail,
      done: this.done,
    };
  }

  /** Runs what an empty loop leads to, if anything does. */
  loopEmpty(): boolean {
    if (this.#onLoopEmpty === undefined) return false;
    this.#onLoopEmpty();
    return true;
  }

  /** The runtime itself answered; a method that is called later only gets a line in the log (A3.10). */
  markReported(): void {
    this.#isReported = true;
  }

  #once(work: () => void): void {
    if (this.#isFinished) return;
    work();
    this.#isFinished = true;
  }

  #completeWhenLoopIsEmpty(result: unknown): void {
    // Of an earlier invocation: the loop that would have to be empty is another's now.
    if (!this.#ports.isRunning()) {
      this.#complete(result);
      return;
    }
    this.#onLoopEmpty = () => {
      this.#onLoopEmpty = undefined;
      // The result is serialised only then: what changed in it meanwhile counts.
      this.#ports.core.setImmediate(() => this.#complete(result));
    };
  }

  #complete(result: unknown): void {
    if (this.#isReported) {
      this.#ports.log.write('ERROR', [alreadyReported]);
      return;
    }
    this.#isReported = true;
    this.#ports.answer(result);
  }

  #fail(error: unknown): void {
    this.#ports.log.error('Invoke Error', error);
    this.#ports.fail(error);
  }
}

/** `false`, `0` and `''` are errors too (A3.5). */
function isGiven(error: unknown): boolean {
  return error !== undefined && error !== null;
}
