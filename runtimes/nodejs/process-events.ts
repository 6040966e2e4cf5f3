/**
 * What happens to a Node process that nobody saved: uncaught exceptions, unhandled rejections, an empty loop, exit. The user's
 * listeners on `process` are asked as Node asks them; what Lambda's runtimes do on top is in the models.
 */
import type { Core, RejectionReason } from '../core/core-api.ts';
import { isError } from './error-json.ts';
import type { Log } from './log.ts';
import {
  apply,
  asNumber,
  BuiltinError,
  defineProperty,
  floor,
  getProperty,
  rejectedPromise,
  setProperty,
} from './primordials.ts';
import type { Debt } from './settlement.ts';

type Origin = 'uncaughtException' | 'unhandledRejection';

/** Node's exit status when nothing but an unsettled top-level await is left. */
const unsettledAwaitStatus = 13;

export class ProcessEvents {
  readonly #core: Core;
  readonly #log: Log;
  readonly #version: unknown;
  /** Whose `beforeExit` was emitted last: Node emits it once and ends when that brought no work. */
  #beforeExitOf: Debt | undefined;

  constructor(core: Core, log: Log) {
    this.#core = core;
    this.#log = log;
    this.#version = getProperty(core.process, 'version');
  }

  /** Node's way with an error that nobody caught: the user's listeners, else the end. */
  uncaughtException(error: unknown, origin: Origin = 'uncaughtException'): void {
    if (this.isHandled(error, origin)) return;
    this.#printUncaught(error);
    this.exit(1);
  }

  /** Node's default since 15: the user's listeners, else an uncaught exception. */
  unhandledRejection(reason: RejectionReason): void {
    const value = reasonValue(reason);
    if (this.isRejectionHandled(value, reason.own?.promise)) return;
    this.uncaughtException(isError(value) ? value : this.#rejectionError(reason.message), 'unhandledRejection');
  }

  /** Whether a listener of the user took the error. */
  isHandled(error: unknown, origin: Origin = 'uncaughtException'): boolean {
    try {
      return this.#emit('uncaughtException', error, origin);
    } catch (thrown) {
      // A listener threw; Node ends with a status of its own for it.
      this.#printUncaught(thrown);
      this.exit(7);
      return true;
    }
  }

  isRejectionHandled(reason: unknown, promise?: object): boolean {
    try {
      return this.#emit('unhandledRejection', reason, promise ?? rejectedPromise(reason));
    } catch (thrown) {
      // A listener threw: an uncaught exception of its own.
      this.uncaughtException(thrown);
      return true;
    }
  }

  /** Nothing is left to do and an answer is still owed. */
  loopEmpty(debt: Debt): void {
    const status = debt.phase === 'init' ? unsettledAwaitStatus : this.#exitStatus();
    if (this.beforeExit(debt, status)) return;
    if (debt.phase === 'init') this.#log.raw('stderr', 'Warning: Detected unsettled top-level await\n');
    this.exit(status);
  }

  /** Whether listeners were asked now, and so may have given the loop something to do. */
  beforeExit(debt: Debt, status = this.#exitStatus()): boolean {
    if (this.#beforeExitOf === debt) return false;
    this.#beforeExitOf = debt;
    const isAsked = this.#emit('beforeExit', status);
    // What they did shows only when microtasks have run: with this the loop turns once more and is found empty again, or not. Node does
    // not turn, so that a timer that keeps nothing alive is not run however late it is.
    if (isAsked) this.#core.turnWithoutTimers();
    return isAsked;
  }

  /** Does not return inside a sandbox. Whatever the user has done to `process`, the runtime ends. */
  exit(status: number): void {
    let final = status;
    try {
      const { process } = this.#core;
      const isSet = setProperty(process, 'exitCode', status);
      setProperty(process, '_exiting', true);
      this.#emit('exit', status);
      if (isSet) final = this.#exitStatus();
    } catch (thrown) {
      // Node prints what an exit listener throws, and still ends.
      this.#printUncaught(thrown);
    }
    this.#core.exit(final);
  }

  /** Without Node's `events` loaded there can be no listener, and asking would load it. */
  #emit(event: string, ...args: unknown[]): boolean {
    const { process } = this.#core;
    if (getProperty(process, '_events') === undefined || process.listenerCount(event) === 0) return false;
    const emit: unknown = getProperty(process, 'emit');
    if (typeof emit !== 'function') return false;
    return apply(emit as typeof process.emit, process, [event, args[0], args[1]]);
  }

  #exitStatus(): number {
    const code = asNumber(this.#core.process.exitCode ?? 0);
    return code === floor(code) ? code & 255 : 1;
  }

  #printUncaught(error: unknown): void {
    const heading = isError(error) ? '' : 'Uncaught:\n';
    this.#log.raw('stderr', `${heading}${this.#inspected(error)}\n\nNode.js ${this.#version}\n`);
  }

  #inspected(error: unknown): string {
    try {
      return this.#core.format(isError(error) ? '%s' : '%O', error);
    } catch {
      // An inspector or a getter of the user threw.
      return '[object that cannot be inspected]';
    }
  }

  #rejectionError(message: string): unknown {
    const { codes } = this.#core.builtin('internal/errors') as {
      codes: Record<string, new (reason: unknown) => Error>;
    };
    const UnhandledRejection = codes.ERR_UNHANDLED_REJECTION;
    return UnhandledRejection === undefined ? new BuiltinError(message) : new UnhandledRejection(message);
  }
}

/** The rejected value as far as it came back across the border: a copy of an error, or a text. */
export function reasonValue({ isError: wasError, name, message, stack, own }: RejectionReason): unknown {
  if (own !== undefined) return own.reason;
  if (!wasError) return message;
  const error = new BuiltinError(message);
  const hidden = { configurable: true, writable: true };
  defineProperty(error, 'name', { ...hidden, value: name === '' ? 'Error' : name });
  defineProperty(error, 'stack', { ...hidden, value: stack });
  return error;
}
