/**
 * What a guest may use beside its files: services of the sandbox process. A call is a number for the service, a number for the
 * operation and a few plain values; operations and their values are listed with each service. Nothing else crosses.
 *
 * `ask` is answered at once. `start` is answered later, if at all, by events that carry the same id: each event is a slice
 * of its own, delivered while the environment runs and kept while it is frozen. Ids are whole numbers that the guest chooses,
 * unique within a service as long as events may come for them.
 */
export const services = {
  /** Sockets, through the host's egress gate. `bridge/network.ts` */
  network: 1,
  /** TLS over a socket of `network`, or over bytes that the guest carries itself. `bridge/tls.ts` */
  tls: 2,
  /** Hashing, ciphers, signatures, keys. `bridge/crypto.ts` */
  crypto: 3,
  /** zlib, brotli, zstd. `bridge/zlib.ts` */
  zlib: 4,
  /** Functions of the embedder. `bridge/bindings.ts` */
  bindings: 5,
  /** Text encodings and domains, by ICU. `bridge/text.ts` */
  text: 6,
  /** An answer that is written while its handler runs. `bridge/answer.ts` */
  answer: 7,
} as const;
export type ServiceName = keyof typeof services;

export type BridgeValue = number | string | ArrayBuffer | undefined;

/** Plain values, or a failure: an array whose first element is `failureMarker`, then what the service lists. */
export type BridgeReply = BridgeValue | readonly BridgeValue[];

export const failureMarker = '!';

/** Operations are small whole numbers; each takes at most this many values. */
export const operationMax = 255;
export const serviceValuesMax = 6;
