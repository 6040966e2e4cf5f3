/** What a host function may know of the call that it serves. It travels beside the arguments, so that the simple case stays simple. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface BindingContext {
  /** `kv.get` */
  readonly binding: string;
  readonly functionName: string;
  readonly trustDomain: string;
  readonly environmentId: string;
  /** The invocation that the environment runs; absent during init ahead of one, and in frozen work that goes on later. */
  readonly requestId?: string;
  /** Invocations that led to it in a row, each made by a binding that the one before had called: 0 for the first. After 16 no more are made. */
  readonly hops: number;
  /** Aborted when nobody waits for the call any more: its deadline passed, or the environment ended. */
  readonly signal: AbortSignal;
}

const storage = new AsyncLocalStorage<BindingContext>();

/**
 * The context of the guest's call that the running host function serves, also after an `await`.
 *
 * @throws Error outside of a call
 *
 * @example
 * async get(key: string) {
 *   const { trustDomain, signal } = bindingContext();
 *   return store.get(`${trustDomain}/${key}`, { signal });
 * }
 */
export function bindingContext(): BindingContext {
  const context = storage.getStore();
  if (context === undefined) throw new Error('bindingContext() was called outside of a call of a binding');
  return context;
}

/** Undefined outside of a call. */
export function callingContext(): BindingContext | undefined {
  return storage.getStore();
}

export function withContext<Result>(context: BindingContext, run: () => Result): Result {
  return storage.run(context, run);
}
