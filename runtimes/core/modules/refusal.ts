/** The one error for what Node offers and isotherm does not. Its code is Node's own for features of other platforms. */
const { Error, ObjectDefineProperty } = primordials;

/** @param feature as a user names it: `child_process.spawn()` */
export function refusal(feature: string): Error {
  const error = new Error(`${feature} is not offered by isotherm`);
  ObjectDefineProperty(error, 'code', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    configurable: true,
    enumerable: true,
    writable: true,
  });
  return error;
}

/** Throws whether it is called or constructed. */
export function refuses(feature: string, name: string): () => never {
  function refused(): never {
    throw refusal(new.target === undefined ? `${feature}()` : `new ${feature}()`);
  }
  ObjectDefineProperty(refused, 'name', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: name,
    configurable: true,
  });
  return refused;
}
