/** The user's handler: a function of unknown habits. */
export type Handler = (...args: unknown[]) => unknown;

export function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

export interface Thenable {
  then(onFulfilled: (value: unknown) => void, onRejected: (reason: unknown) => void): unknown;
}

/** Anything with a `then` counts (LAMBDA.md A3.2). Throws what reading `then` throws. */
export function isThenable(value: unknown): value is Thenable {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('then' in value)) return false;
  return typeof value.then === 'function';
}

/** How Lambda tells an async function: by the name of its constructor (A3.13). A plain function that returns a promise is none. */
export function isAsyncFunction(handler: Handler): boolean {
  try {
    return handler.constructor.name === 'AsyncFunction';
  } catch {
    // The user put a getter or a Proxy there.
    return false;
  }
}
