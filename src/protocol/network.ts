/**
 * What guests ask of the host's network, and what they are told: the requests and events of the service `network`. The sandbox
 * opens no socket itself; bytes of a connection are the bodies of `write` and `data`. Nothing here is TLS: the sandbox process
 * speaks it over these bytes, but for connections to which the host adds credentials (`secure`).
 *
 * Flow: the host sends at most `socketWindowBytes` of `data` beyond what `credit` has given back, which the sandbox does as
 * the guest takes it. The sandbox has at most `socketWindowBytes` of `write` beyond what `written` has confirmed. More is a
 * protocol error.
 *
 * Ids: those of lookups, queries and connections rise; each is higher than all before it in this incarnation, so none is used
 * twice. At most `networkIdsMax` are open at once: from the request to `lookedUp`, `resolved` or `failed`, or, of a connection,
 * until `close` or `failed`. What comes for an id that is closed is late and dropped, on both sides. A connection whose
 * two ends are both through (`ended`, `shutdown`) still takes its `close`.
 *
 * Names: the guest looks names up (`lookup`) and connects to addresses, as Node does. The host remembers which allowed name gave
 * which address and judges a `connect` by that, on the very address that it connects to.
 */

export type NetworkRequest =
  | { readonly kind: 'lookup'; readonly id: number; readonly hostname: string; readonly family: 0 | 4 | 6 }
  /** Other records than addresses: MX, TXT, SRV and so on; `name` is as the guest gave it. */
  | { readonly kind: 'resolve'; readonly id: number; readonly name: string; readonly type: DnsType }
  /** `address` is a literal IP. */
  | { readonly kind: 'connect'; readonly id: number; readonly address: string; readonly port: number }
  /** Body: bytes, at most `socketChunkBytesMax`. */
  | { readonly kind: 'write'; readonly id: number }
  /** No more writes: FIN once all is written. */
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number; readonly reset: boolean }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  /** Only after `connected` with `hostSpeaksTls`: the host makes the handshake, with its own trust, and adds credentials. */
  | { readonly kind: 'secure'; readonly id: number; readonly servername: string };

export const dnsTypes = [
  'A',
  'AAAA',
  'ANY',
  'CAA',
  'CNAME',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'TLSA',
  'TXT',
  'REVERSE',
] as const;
export type DnsType = (typeof dnsTypes)[number];

export type NetworkEvent =
  | {
      readonly kind: 'lookedUp';
      readonly id: number;
      readonly addresses: readonly { readonly address: string; readonly family: 4 | 6 }[];
    }
  /**
   * What `dns.promises.resolve` gives, as JSON text; for A and AAAA with `ttl: true`, for REVERSE what `reverse` gives. Addresses
   * that the function may not reach are left out.
   */
  | { readonly kind: 'resolved'; readonly id: number; readonly records: string }
  | {
      readonly kind: 'connected';
      readonly id: number;
      readonly local: SocketAddress;
      readonly remote: SocketAddress;
      /** Credentials are added on this connection: the sandbox must ask with `secure` instead of speaking TLS itself. */
      readonly hostSpeaksTls: boolean;
    }
  | { readonly kind: 'data'; readonly id: number }
  /** FIN of the other end. */
  | { readonly kind: 'ended'; readonly id: number }
  | { readonly kind: 'written'; readonly id: number; readonly bytes: number }
  /** FIN of ours was sent, after `end`. */
  | { readonly kind: 'shutdown'; readonly id: number }
  | {
      readonly kind: 'secured';
      readonly id: number;
      readonly alpnProtocol: string;
      readonly protocol: string;
      readonly cipher: string;
    }
  /**
   * The lookup or connection failed, or broke; nothing else comes for this id. `code` is Node's (`ECONNREFUSED`, `ENOTFOUND`,
   * `ETIMEDOUT`); `EACCES` with a `reason` when the policy or a limit of the function refused it.
   */
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: string;
      readonly syscall: string;
      readonly reason?: string;
    };

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}
