/**
 * The service `text`: what needs ICU's tables, which a guest has no access to. A decoder that is in the middle of a stream is kept
 * by the sandbox under an id that the guest chose; when the stream ends, or breaks, it is forgotten.
 */
export const textOperations = {
  /** id, encoding, bits of `textFlags`, bytes: the text, or a failure when a fatal decoder met what it cannot read. */
  decode: 1,
  /** encoding: 1 when `decode` knows it, else 0. */
  knows: 2,
  /** A domain of ASCII characters, as people read it. */
  domainToUnicode: 3,
} as const;

export const textFlags = {
  fatal: 1,
  ignoreBOM: 2,
  /** More of the same stream will come. */
  stream: 4,
} as const;
