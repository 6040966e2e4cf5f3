/**
 * Limits of one guest that an embedder may make stricter. Each is between 1 and its default: the host holds the defaults also
 * against a sandbox that was taken over, so none can be raised. They travel with a version's definition.
 */
import { limits } from './limits.ts';

export interface GuestLimits {
  /** CPU time of one init or one invocation. */
  readonly cpuTimeMs: number;
  /** Printed in one init or one invocation. */
  readonly logBytes: number;
  readonly logLines: number;
  readonly responseBytes: number;
  /** Characters of an error's message and of its type; its stack may have twice as many. */
  readonly errorChars: number;
  /** Files, directories and links in `/tmp`. */
  readonly tmpInodes: number;
  readonly openFiles: number;
  /** Connections and lookups. */
  readonly openConnections: number;
  /** zlib, brotli and zstd. */
  readonly openCodecs: number;
  /** Hashes, ciphers, TLS sessions and text decoders, each. */
  readonly openStreams: number;
  /** Timers that keep the event loop alive, and immediates. */
  readonly timers: number;
  /** Calls of bindings, and operations of cryptography, that have not ended. */
  readonly bridgeCalls: number;
  /** Bytes of their arguments. */
  readonly bridgeBytes: number;
}

/** A default that covers several kinds is the largest of them; each kind has its own maximum beside it. */
export const guestLimitsDefault: GuestLimits = Object.freeze({
  cpuTimeMs: limits.cpuTimeMsDefault,
  logBytes: limits.logBytesPerInvocationMax,
  logLines: limits.logLinesPerInvocationMax,
  responseBytes: limits.responsePayloadBytesMax,
  errorChars: limits.errorMessageCharsMax,
  tmpInodes: limits.tmpInodesMax,
  openFiles: limits.openFilesMax,
  openConnections: limits.networkIdsMax,
  openCodecs: limits.zlibCodecsMax,
  openStreams: limits.cryptoStreamsMax,
  timers: limits.timersMax,
  bridgeCalls: limits.cryptoOperationsStartedMax,
  bridgeBytes: limits.cryptoBytesStartedMax,
});

export const guestLimitNames = Object.keys(guestLimitsDefault) as readonly (keyof GuestLimits)[];
