/**
 * The service `tls`: sessions that the sandbox process keeps with Node's public TLS. A session runs over a connection of the
 * service `network`, whose bytes then do not visit the guest encrypted, or over bytes that the guest carries itself, for
 * connections within the guest and streams of JavaScript.
 *
 * Flow: as for `network`, `socketWindowBytes` each way of plain bytes, and as much each way of encrypted ones that the guest
 * carries.
 */

export const tlsOperations = {
  /** Asked: context as JSON. Nothing, or a failure with the error as JSON: what OpenSSL does not accept is told at once. */
  check: 1,
  /** Asked: names of ciphers, with colons between them. */
  ciphers: 2,
  /** Asked: the certificates that Node trusts, as PEM, behind each other. */
  rootCertificates: 3,
  /** Asked: session, 0 for our own certificate, 1 for the peer's, 2 for the peer's with its issuers. JSON, or ''. */
  certificate: 4,
  /** Asked: session, length, label, context. Bytes, or a failure. */
  keyingMaterial: 5,
  /** Asked: session. Bytes of what it can be resumed with, or nothing. */
  session: 6,
  /** Asked: session, 0 for ours, 1 for the peer's. Bytes of the last Finished message, or nothing. */
  finished: 7,
  /** Session settings as JSON, id of a connection or 0, session to resume. */
  open: 20,
  /** Encrypted bytes that came in. */
  feed: 21,
  /** No more of those. */
  feedEnd: 22,
  /** How many encrypted bytes of `encrypted` the guest sent on. */
  sent: 23,
  /** Plain bytes. */
  write: 24,
  end: 25,
  /** How many plain bytes of `data` the guest took. */
  credit: 26,
  /** 1 to abandon what is not written yet. Nothing comes for this id any more. */
  close: 27,
} as const;

export const tlsEvents = {
  /** JSON: see `SecuredInfo`. */
  secured: 1,
  /** Plain bytes. */
  data: 2,
  /** The peer sent all it had. */
  ended: 3,
  /** How many plain bytes were encrypted and sent on. */
  written: 4,
  /** All was sent, after `end`. */
  shutdown: 5,
  /** Encrypted bytes to send. */
  encrypted: 6,
  /** No more of those. */
  encryptedEnd: 7,
  /** How many of the bytes of `feed` were used. */
  fed: 8,
  /** Bytes of a session that can be resumed. */
  session: 9,
  /** A line for a log of keys. */
  keylog: 10,
  /** Bytes of an OCSP response, or nothing. */
  ocsp: 11,
  /** The session failed: error as JSON. */
  failed: 12,
  /** The connection below it failed: Node's code. */
  broken: 13,
} as const;

/** What `tls.createSecureContext` takes, as far as it can be JSON: bytes are texts in Latin-1. */
export interface ContextSettings {
  readonly secureProtocol?: string;
  /** OpenSSL's numbers. */
  readonly minVersion?: number;
  readonly maxVersion?: number;
  readonly secureOptions?: number;
  readonly ciphers?: string;
  readonly sigalgs?: string;
  readonly ecdhCurve?: string;
  /** PEM, or 'auto'. */
  readonly dhparam?: string;
  /** Instead of those that Node trusts. */
  readonly ca?: readonly string[];
  /** Beside those that Node trusts. */
  readonly extraCa?: readonly string[];
  readonly cert?: readonly string[];
  readonly key?: readonly { readonly pem: string; readonly passphrase?: string }[];
  readonly pfx?: readonly { readonly buf: string; readonly passphrase?: string }[];
  readonly crl?: readonly string[];
  readonly sessionIdContext?: string;
  readonly sessionTimeout?: number;
  readonly ticketKeys?: string;
  readonly allowPartialTrustChain?: boolean;
}

export interface SessionSettings {
  readonly isServer: boolean;
  readonly context: ContextSettings;
  readonly servername?: string;
  /** In the form of the wire, as Latin-1. */
  readonly alpnProtocols?: string;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly requestOCSP?: boolean;
  readonly wantsSession?: boolean;
  readonly wantsKeylog?: boolean;
}

export interface SecuredInfo {
  readonly protocol: string | null;
  readonly cipher: object;
  readonly alpnProtocol: string | false;
  readonly servername: string | false | null;
  readonly isSessionReused: boolean;
  readonly hasPeerCertificate: boolean;
  readonly ephemeralKey: object;
  readonly sharedSigalgs: readonly string[];
  /** Why the peer's certificate is not trusted. */
  readonly verifyError?: TlsError;
}

export interface TlsError {
  readonly message: string;
  readonly name?: string;
  readonly code?: string;
  readonly library?: string;
  readonly reason?: string;
  readonly function?: string;
  readonly opensslErrorStack?: readonly string[];
}
