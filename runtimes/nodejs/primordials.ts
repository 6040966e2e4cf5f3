/**
 * Built-ins that the handler loops use after user code has started, captured while no user code exists: a function that
 * replaces `JSON.stringify` or `String.prototype.slice` must break itself only. Nothing here reads a clock or draws chance,
 * because this file runs while the snapshot is built.
 *
 * What V8 installs only after a snapshot was restored (`Error.isError`) is captured at boot, where it is used.
 */

export const { apply, defineProperty, deleteProperty, get: getProperty, set: setProperty } = Reflect;
export const { assign, keys: keysOf } = Object;
export const { parse, stringify } = JSON;
export const { now } = Date;
export const { floor, min } = Math;
export const encodeUri = encodeURI;
export const { for: symbolFor } = Symbol;

const BuiltinDate = Date;
const BuiltinError = Error;
const BuiltinPromise = Promise;
const BuiltinString = String;
const BuiltinSyntaxError = SyntaxError;
const BuiltinUint8Array = Uint8Array;

export { BuiltinDate, BuiltinError, BuiltinPromise, BuiltinSyntaxError, BuiltinUint8Array };

/** A method as a function of its receiver. Reflect.apply reads the arguments by index: no iterator that a user can replace. */
function uncurryThis<Self, Args extends readonly unknown[], Result>(
  method: (this: Self, ...args: Args) => Result,
): (self: Self, ...args: Args) => Result {
  return (self, ...args) => apply(method, self, args);
}

export const isoString: (date: Date) => string = uncurryThis(Date.prototype.toISOString);
export const charCodeAt: (text: string, at: number) => number = uncurryThis(String.prototype.charCodeAt);
export const indexOf: (text: string, search: string, from?: number) => number = uncurryThis(String.prototype.indexOf);
export const lastIndexOf: (text: string, search: string) => number = uncurryThis(String.prototype.lastIndexOf);
export const slice: (text: string, start: number, end?: number) => string = uncurryThis(String.prototype.slice);
export const startsWith: (text: string, start: string) => boolean = uncurryThis(String.prototype.startsWith);

/** Of their own, exact in size: what crosses the border. */
export function bytesFrom(bytes: Uint8Array, from: number, size: number): ArrayBuffer {
  const copy = new BuiltinUint8Array(size);
  setBytes(copy, new BuiltinUint8Array(bufferOf(bytes), offsetOf(bytes) + from, size));
  return bufferOf(copy) as ArrayBuffer;
}

const bytesPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);

function getter<Value>(name: string): (bytes: Uint8Array) => Value {
  const { get } = Object.getOwnPropertyDescriptor(bytesPrototype, name) as { get(this: Uint8Array): Value };
  return uncurryThis(get);
}

export const bytesLength = getter<number>('byteLength');
const bufferOf = getter<ArrayBufferLike>('buffer');
const offsetOf = getter<number>('byteOffset');
const setBytes: (target: Uint8Array, source: Uint8Array) => void = uncurryThis(Uint8Array.prototype.set);

export const push: <Item>(items: Item[], item: Item) => number = uncurryThis(Array.prototype.push);
export const forEach: <Item>(items: readonly Item[], visit: (item: Item) => void) => void = uncurryThis(
  Array.prototype.forEach,
);

const then: (promise: Promise<unknown>, onFulfilled: undefined, onRejected: () => void) => unknown = uncurryThis(
  Promise.prototype.then,
);
const { reject } = Promise;

/** A rejected promise that counts as handled. */
export function rejectedPromise(reason: unknown): Promise<never> {
  const promise: Promise<never> = apply(reject, BuiltinPromise, [reason]);
  then(promise, undefined, () => {});
  return promise;
}

const hasInstance: (type: unknown, value: unknown) => boolean = uncurryThis(Function.prototype[Symbol.hasInstance]);

/** `value instanceof type`, whatever a user may have put on the type. A Proxy's trap may make it throw. */
export function isInstance(type: unknown, value: unknown): boolean {
  return hasInstance(type, value);
}

export const asNumber: (value: string | number) => number = Number;

/** `String(value)`. Throws what the value's own `toString` throws. */
export function asString(value: unknown): string {
  return BuiltinString(value);
}
