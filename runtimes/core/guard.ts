/**
 * Puts functions of ours in front of V8's. A constructor stays itself behind a proxy (its name, prototype, statics and subclasses,
 * and what it prints are V8's), and the way round it, `prototype.constructor`, leads to the proxy too.
 */
const { ObjectGetOwnPropertyDescriptor, Proxy, ReflectApply, ReflectDefineProperty, ReflectGet } = primordials;

/** Stands in for `new Real(...args)`. */
export type Construct = (Real: never, args: readonly unknown[], newTarget: never) => object;

/** @param call stands in for calling it without `new`; V8's does else */
export function guardConstructor(holder: object, name: string, construct: Construct, call?: () => unknown): void {
  const real: unknown = ReflectGet(holder, name);
  if (typeof real !== 'function') return;
  const guarded = new Proxy(real, {
    // @ts-expect-error traps are looked up through the prototype, which the user will own
    __proto__: null,
    construct: construct as never,
    ...(call === undefined ? {} : { apply: call }),
  });
  redefine(holder, name, guarded);
  const prototype: unknown = ReflectGet(real, 'prototype');
  if (typeof prototype === 'object' && prototype !== null) redefine(prototype, 'constructor', guarded);
}

/** @param method called with the arguments and the receiver of V8's */
export function replaceMethod(holder: object, name: string, method: (...args: never[]) => unknown): void {
  const real: unknown = ReflectGet(holder, name);
  if (typeof real !== 'function') return;
  redefine(
    holder,
    name,
    new Proxy(real, {
      // @ts-expect-error as above
      __proto__: null,
      apply: (_real, receiver, args) => ReflectApply(method, receiver, args),
    }),
  );
}

/** Gives it to Node's library, too, which took V8's before. */
export function shareReplacement(primordial: string, value: unknown): void {
  redefine(primordials, primordial, value);
}

/** As it was, with another value. */
export function redefine(holder: object, name: string, value: unknown): void {
  const found = ObjectGetOwnPropertyDescriptor(holder, name);
  ReflectDefineProperty(holder, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user will own
    __proto__: null,
    value,
    enumerable: found?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
}
