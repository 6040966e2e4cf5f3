/**
 * Rejected promises that nobody has handled. Where there is the native module, V8 tells of them here, and they are kept until the
 * slice has ended: isolated-vm holds them weakly, and one that was collected by then would never be reported.
 */
import type { RejectionReason } from './core-api.ts';
import { Fifo } from './fifo.ts';

const { Error, FunctionPrototypeSymbolHasInstance, SafeWeakMap, String } = primordials;

interface Rejection {
  readonly promise: object;
  readonly reason: unknown;
  isHandled: boolean;
}

export class Rejections {
  readonly #waiting = new Fifo<Rejection>();
  readonly #byPromise = new SafeWeakMap<object, Rejection>();
  #count = 0;

  /** @returns how many there are that nobody has handled */
  note(isNew: boolean, promise: object, reason: unknown): number {
    if (isNew) {
      const rejection = { promise, reason, isHandled: false };
      this.#waiting.push(rejection);
      this.#byPromise.set(promise, rejection);
      this.#count += 1;
    } else {
      const rejection = this.#byPromise.get(promise);
      if (rejection !== undefined && !rejection.isHandled) {
        rejection.isHandled = true;
        this.#count -= 1;
      }
    }
    // Handled ones need not be kept until somebody asks.
    while (this.#waiting.first?.isHandled === true) this.#waiting.shift();
    return this.#count;
  }

  /** The next one that is still not handled, for the handler loop. */
  take(): RejectionReason | undefined {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.isHandled) continue;
      // Handled later, it is not counted twice.
      next.isHandled = true;
      this.#count -= 1;
      return described(next);
    }
    return undefined;
  }
}

/** What the user's getters throw is not said. */
function described({ promise, reason }: Rejection): RejectionReason {
  const own = { reason, promise };
  try {
    if (!FunctionPrototypeSymbolHasInstance(Error, reason)) {
      return { isError: false, name: '', message: String(reason), stack: '', own };
    }
    const { name, message, stack } = reason as Error;
    return { isError: true, name: String(name), message: String(message), stack: String(stack), own };
  } catch {
    return { isError: false, name: '', message: '', stack: '', own };
  }
}
