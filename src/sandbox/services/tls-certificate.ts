/** Certificates of a session as JSON for `TLSSocket.getPeerCertificate` in the guest. */
import type { TLSSocket } from 'node:tls';
import type { BridgeValue } from '../../bridge/services.ts';

type Certificate = Readonly<Record<string, unknown>> & { readonly issuerCertificate?: Certificate };

/**
 * A list: the certificate, then its issuers when they are asked for, and `true` at the end when the last is its own issuer. Bytes
 * are Base64; `infoAccess` is the text that Node's native side gives.
 *
 * @param which 0 our own, 1 the peer's, 2 the peer's with its issuers
 */
export function certificateJson(socket: TLSSocket, which: BridgeValue): string {
  const isDetailed = which === 2;
  const leaf = (which === 0 ? socket.getCertificate() : socket.getPeerCertificate(isDetailed)) as Certificate | null;
  if (leaf === null || Object.keys(leaf).length === 0) return '';
  const list: unknown[] = [];
  const seen = new Set<Certificate>();
  for (let each: Certificate | undefined = leaf; each !== undefined; each = each.issuerCertificate) {
    if (seen.has(each)) {
      list.push(true);
      break;
    }
    seen.add(each);
    list.push(plain(each));
    if (!isDetailed) break;
  }
  return JSON.stringify(list);
}

function plain(certificate: Certificate): object {
  return Object.fromEntries(
    Object.entries(certificate)
      .filter(([name]) => name !== 'issuerCertificate')
      .map(([name, value]) => {
        if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('base64')];
        return [name, name === 'infoAccess' ? infoAccessText(value) : (value ?? null)];
      }),
  );
}

/** The inverse of what Node's library makes of it. */
function infoAccessText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value as Readonly<Record<string, readonly string[]>>)
    .flatMap(([name, each]) => each.map((text) => `${name}:${/["\n\\]/.test(text) ? JSON.stringify(text) : text}`))
    .join('\n');
}
