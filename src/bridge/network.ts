/**
 * The service `network` (see `services.ts`): connections and names through the host's egress gate. It opens no socket that
 * listens and none to a path; what a guest connects to in itself stays in the guest.
 *
 * Flow: the sandbox emits at most `socketWindowBytes` of `data` beyond what `credit` gave back, the guest has at most as much of
 * `write` beyond what `written` confirmed. More is not sent on: the connection fails.
 */

/** All are started, with the id under which their events come. */
export const networkOperations = {
  /** hostname, family (0, 4, 6). Ends with `lookedUp` or `failed`. */
  lookup: 1,
  /** name, one of `dnsTypes`. Ends with `resolved` or `failed`. */
  resolve: 2,
  /** A literal IP address, port. `connected` or `failed` follow. */
  connect: 3,
  /** Bytes, at most `socketChunkBytesMax`. */
  write: 4,
  end: 5,
  /** 1 to reset. Nothing comes for this id any more. */
  close: 6,
  /** How many bytes of `data` the guest took. */
  credit: 7,
  /** Server name: the host speaks TLS on this connection. */
  secure: 8,
} as const;

export const networkEvents = {
  /** JSON: `[[address, family], …]`. */
  lookedUp: 1,
  /** JSON, as `dns.promises.resolve` gives it. */
  resolved: 2,
  /** Local address, its port, remote address, its port, and whether the host speaks TLS (1). */
  connected: 3,
  /** Bytes. */
  data: 4,
  /** The other end sent all it had. */
  ended: 5,
  /** How many bytes the host has sent on. */
  written: 6,
  /** All was sent, and the end of it, after `end`. */
  shutdown: 7,
  /** Protocol of ALPN, of TLS, cipher. */
  secured: 8,
  /** Node's code, system call, reason when it was refused. The last event of its id. */
  failed: 9,
} as const;
