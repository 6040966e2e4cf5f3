/**
 * `http2`: its names and numbers, which HTTP clients read while they are loaded, and one error for whoever would speak it. Guests
 * have no HTTP/2: what can do both negotiates HTTP/1.1.
 */
import { refuses } from './refusal.ts';

const { Symbol } = primordials;

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
    http2[name] = refuses(`http2.${name}`, name);
  }
  return http2;
}
