/** Certificates as Node's native side gives them to `internal/tls/common`. */
import type { CoreContext } from '../../context.ts';

const { JSONParse, ObjectSetPrototypeOf } = primordials;

type Certificate = Record<string, unknown>;

interface BufferModule {
  readonly Buffer: { from(text: string, encoding: string): Uint8Array };
}

/** @param json of `certificateJson` in the sandbox */
export function certificateFrom(json: string, library: CoreContext['library']): Certificate | undefined {
  if (json === '') return undefined;
  const { Buffer } = library.require<BufferModule>('buffer');
  const list = JSONParse(json) as (Certificate | true)[];
  for (let at = 0; at < list.length; at++) {
    const each = list[at];
    if (each === undefined || each === true) continue;
    for (const name in each) {
      const value = each[name];
      // JSON has no undefined, and certificates have no null.
      if (value === null) each[name] = undefined;
      else if (name === 'raw' || name === 'pubkey') each[name] = Buffer.from(`${value}`, 'base64');
      else if ((name === 'subject' || name === 'issuer') && typeof value === 'object' && value !== null) {
        ObjectSetPrototypeOf(value, null);
      }
    }
    const next = list[at + 1];
    if (next !== undefined) each.issuerCertificate = next === true ? each : next;
  }
  const first = list[0];
  return first === true ? undefined : first;
}
