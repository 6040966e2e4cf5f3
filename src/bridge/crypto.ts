/**
 * What a guest asks of the sandbox's cryptography, one number for each operation. Most take `(head, bytes)`: the head is a JSON
 * object, the bytes are its byte strings, packed; members of the head refer to them by number. They answer `[head, bytes]` in the
 * same form. Packed is: how many, the length of each, then the contents; numbers are 32 bits, little-endian.
 *
 * A failure is `[failureMarker, JSON]` of a `CryptoFailure`. An operation that takes long is answered with a number, a ticket:
 * `wait(ticket)` answers the same ticket until the result is there. Started instead of asked, every operation ends with one
 * event of `cryptoEvents`.
 */
export const cryptoOperations = {
  /** wait(ticket: number) -> the ticket, or what the operation answers */
  wait: 1,

  /** Streams in one call: { data, ... } with the members of `streamOpen` and `streamFinish` -> what the latter answers */
  streamWhole: 2,
  /** { kind, algorithm, ... } -> { id }: a hash, hmac, mac, sign, verify or cipher, which is fed in pieces */
  streamOpen: 3,
  /** streamUpdate(id: number, bytes: ArrayBuffer) -> ArrayBuffer, empty for what answers only at its end */
  streamUpdate: 4,
  /** { id, outputLength? } -> { id } */
  streamCopy: 5,
  /** { id, ... } -> [result, ...]; the id is free then */
  streamFinish: 6,
  /** { id, autoPadding? , authTag?, aad?, plaintextLength? } -> { done: boolean }: settings of a cipher */
  cipherSet: 7,
  /** { algorithm } -> { size }: whether there is such a digest, or a failure */
  digestInfo: 8,

  /** { algorithm, password, salt, iterations, length } -> [key] */
  pbkdf2: 16,
  /** { password, salt, length, N, r, p, maxmem } -> [key] */
  scrypt: 17,
  /** { algorithm, key, salt, info, length } -> [key] */
  hkdf: 18,
  /** { type, message, nonce, parallelism, length, memory, passes, secret?, associatedData? } -> [key] */
  argon2: 19,

  /**
   * Keys. The guest numbers its asymmetric keys; `key` below is an object of its number (`id`), with `type` and `der` (PKCS #8 or
   * SPKI) when the service had forgotten it, or, of a key that is used once only, of what it is made of: `format`, `data` or
   * `jwk`, `encoding`, `passphrase`, `asymmetricKeyType`, `namedCurve`. Secret keys are their bytes.
   */
  /** { id, type, key } -> { asymmetricKeyType, details } [der] */
  keyImport: 24,
  /** { key, format, encoding?, cipher?, passphrase?, pointType? } -> { text? | jwk? } [bytes?] */
  keyExport: 25,
  /** { key } -> { isValid }: whether the parts of a key on an elliptic curve belong together */
  keyCheck: 26,
  /** { type, ... } -> { asymmetricKeyType, publicDetails, privateDetails } [spki, pkcs8] */
  keyPair: 27,
  /** { algorithm?, data, key, ... } -> [signature]; { ..., signature } -> { isValid } */
  sign: 32,
  verify: 33,
  /** { publicKey, privateKey } -> [secret] */
  agree: 36,
  /** { key } -> [sharedKey, ciphertext]; { key, ciphertext } -> [sharedKey] */
  encapsulate: 37,
  decapsulate: 38,
  /** { way, key, data, padding?, oaepHash?, oaepLabel? } -> [data] */
  rsa: 40,
  /** { algorithm, keyLength?, ivLength? } -> { info? } */
  cipherInfo: 41,
  /** { algorithm, key, iv?, isEncrypting, data, ... } -> [data, tag?]: a whole message */
  cipher: 42,
  /** { bits, isSafe, add?, remainder? } -> [prime]; { candidate, checks } -> { isPrime } */
  prime: 48,
  primeCheck: 49,
  /** Elliptic curve and finite field Diffie-Hellman with the state in the guest: see `services/crypto/agreements.ts` */
  ecdh: 52,
  dh: 53,
  /** { data } -> { ... } [raw, ...]: see `services/crypto/certificates.ts` */
  certificate: 56,
  certificateCheck: 57,
  spkac: 58,
} as const;

/** One message with its lists of lengths; below `bridgeBytesMax`. */
export const cryptoMessageBytesMax = 15 * 1024 * 1024;
/** `bridgeBytesMax`: nothing is around the bytes of an update. */
export const cryptoUpdateBytesMax = 16 * 1024 * 1024;

export const cryptoEvents = {
  /** (head, bytes) */
  done: 1,
  /** (JSON of a `CryptoFailure`) */
  failed: 2,
} as const;

/** An error as it crosses: the guest makes one of its own of it. */
export interface CryptoFailure {
  readonly type: 'Error' | 'TypeError' | 'RangeError';
  readonly message: string;
  readonly code?: string;
  /** OpenSSL's. */
  readonly library?: string;
  readonly function?: string;
  readonly reason?: string;
  readonly opensslErrorStack?: readonly string[];
  /** A key or stream that the service has forgotten. A key is sent again, with all that makes it. */
  readonly isGone?: boolean;
}
