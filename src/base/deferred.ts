/** A promise together with the functions that settle it. Settling twice is harmless: the first time counts. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

/** Use it only where the answer arrives as an event; everything else is an async function. */
export function deferred<Value>(): Deferred<Value> {
  return Promise.withResolvers<Value>();
}
