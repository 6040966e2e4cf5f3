/**
 * `process.env`: a snapshot of the environment's variables. Values become strings when they are set, as in Node.
 */
const { ObjectCreate, Proxy, ReflectDefineProperty, String } = primordials;

export function createEnvironment(variables: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const values = ObjectCreate(Object.prototype) as Record<string, string>;
  for (const name in variables) values[name] = variables[name] ?? '';
  return new Proxy(values, {
    // @ts-expect-error the handler's traps must not come from a prototype that the user owns
    __proto__: null,
    set(target, name, value: unknown) {
      return setVariable(target, name, value);
    },
    defineProperty(target, name, descriptor) {
      const { configurable, writable, enumerable } = descriptor;
      if (!('value' in descriptor) || !configurable || !writable || !enumerable) {
        throw invalidDescriptor('get' in descriptor || 'set' in descriptor);
      }
      return setVariable(target, name, descriptor.value);
    },
  });
}

function setVariable(target: object, name: string | symbol, value: unknown): boolean {
  if (typeof name === 'symbol' || typeof value === 'symbol') {
    throw new TypeError('Cannot convert a Symbol value to a string');
  }
  return ReflectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: String(value),
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

function invalidDescriptor(isAccessor: boolean): Error {
  const error = new TypeError(
    isAccessor
      ? "'process.env' does not accept an accessor(getter/setter) descriptor"
      : "'process.env' only accepts a configurable, writable, and enumerable data descriptor",
  );
  return Object.assign(error, { code: 'ERR_INVALID_OBJECT_DEFINE_PROPERTY' });
}
