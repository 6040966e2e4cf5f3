/**
 * `http2`: its names and numbers, which HTTP clients read while they are loaded, and one error for whoever would speak it. Guests
 * have no HTTP/2: what can do both negotiates HTTP/1.1.
 */
const { Error, ObjectDefineProperty, Symbol } = primordials;

/** What the builder read from Node's own. */
export interface Http2Data {
  readonly constants: object;
  readonly defaultSettings: object;
}

const refusedFunctions = [
  'connect',
  'createServer',
  'createSecureServer',
  'getPackedSettings',
  'getUnpackedSettings',
  'performServerHandshake',
  'Http2ServerRequest',
  'Http2ServerResponse',
];

export function createHttp2({ constants, defaultSettings }: Http2Data): object {
  const http2: Record<string, unknown> = {
    constants,
    getDefaultSettings: () => ({ ...defaultSettings }),
    sensitiveHeaders: Symbol('sensitiveHeaders'),
  };
  for (let at = 0; at < refusedFunctions.length; at++) {
    const name = refusedFunctions[at] ?? '';
    http2[name] = refused(name);
  }
  return http2;
}

/** Throws whether it is called or constructed; `instanceof` says no. */
function refused(name: string): AnyFunction {
  function refusedFunction(): never {
    const error: Error & { code?: string } = new Error(`isotherm does not offer HTTP/2: http2.${name} cannot be used`);
    error.code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
    throw error;
  }
  ObjectDefineProperty(refusedFunction, 'name', {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: name,
    configurable: true,
  });
  return refusedFunction;
}
