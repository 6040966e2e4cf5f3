/**
 * Limits of one guest that an embedder may make stricter: for all functions, and for one of them. Each is between 1 and its default:
 * the host holds the defaults also against a sandbox that was taken over, so none can be raised. They travel with a version's definition.
 */
import { shownValue } from '../base/shown-value.ts';
import { EngineError } from './errors.ts';
import { limits } from './limits.ts';

export interface GuestLimits {
  /** CPU time of one init or one invocation. */
  readonly cpuTimeMs: number;
  /** Of an event. The host refuses a longer one before anything runs. */
  readonly eventBytes: number;
  /** Printed in one init or one invocation. */
  readonly logBytes: number;
  readonly logLines: number;
  /** Of one record of the console. */
  readonly logLineBytes: number;
  readonly responseBytes: number;
  /** Of one that is written while the handler runs. */
  readonly responseStreamBytes: number;
  /** Characters of an error's message and of its type; its stack may have twice as many. */
  readonly errorChars: number;
  /** Files, directories and links in `/tmp`. */
  readonly tmpInodes: number;
  /** Their names, link targets and block maps. */
  readonly tmpMetadataBytes: number;
  readonly openFiles: number;
  /** Connections and lookups. */
  readonly openConnections: number;
  /** zlib, brotli and zstd. */
  readonly openCodecs: number;
  /** What they use beside the guest's own memory. */
  readonly codecMemoryBytes: number;
  /** Hashes, ciphers, TLS sessions and text decoders, each. */
  readonly openStreams: number;
  /** Timers and immediates that wait, those included that keep nothing alive. */
  readonly timers: number;
  /** Calls of bindings, and operations of cryptography, that have not ended. */
  readonly bridgeCalls: number;
  /** Bytes of their arguments, and of what waits for a codec. */
  readonly bridgeBytes: number;
}

/** A default that covers several kinds is the largest of them; each kind has its own maximum beside it. */
export const guestLimitsDefault: GuestLimits = Object.freeze({
  cpuTimeMs: limits.cpuTimeMsDefault,
  eventBytes: limits.requestPayloadBytesMax,
  logBytes: limits.logBytesPerInvocationMax,
  logLines: limits.logLinesPerInvocationMax,
  logLineBytes: limits.logLineBytesMax,
  responseBytes: limits.responsePayloadBytesMax,
  responseStreamBytes: limits.responseStreamBytesMax,
  errorChars: limits.errorMessageCharsMax,
  tmpInodes: limits.tmpInodesMax,
  tmpMetadataBytes: limits.tmpMetadataBytesMax,
  openFiles: limits.openFilesMax,
  openConnections: limits.networkIdsMax,
  openCodecs: limits.zlibCodecsMax,
  codecMemoryBytes: limits.zlibMemoryBytesMax,
  openStreams: limits.cryptoStreamsMax,
  timers: limits.timersMax,
  bridgeCalls: limits.cryptoOperationsStartedMax,
  bridgeBytes: limits.zlibWaitingBytesMax,
});

export const guestLimitNames = Object.keys(guestLimitsDefault) as readonly (keyof GuestLimits)[];

/** Those of an engine's options: only the ones that are stricter than the default. @throws EngineError InvalidParameterValueException */
export function engineGuestLimits(given: Readonly<Record<string, unknown>>): Partial<GuestLimits> {
  const stricter = guestLimitNames.flatMap((name): [string, number][] => {
    const value = given[name];
    if (value === undefined) return [];
    const most = guestLimitsDefault[name];
    if (!isWithin(value, most)) {
      throw invalidLimit(`limits.${name} must be a whole number from 1 to ${most}, received ${shownValue(value)}`);
    }
    return value === most ? [] : [[name, value]];
  });
  return Object.freeze(Object.fromEntries(stricter));
}

/** Those of one function, each at most what the engine allows every function. @throws EngineError InvalidParameterValueException */
export function functionGuestLimits(given: unknown, engine: GuestLimits): Partial<GuestLimits> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidLimit(`limits of a function must be an object, received ${shownValue(given)}`);
  }
  const chosen = Object.entries(given).flatMap(([name, value]): [string, number][] => {
    if (value === undefined) return [];
    const known = guestLimitNames.find((each) => each === name);
    if (known === undefined) {
      const names = guestLimitNames.join(', ');
      throw invalidLimit(`A function has no limit ${JSON.stringify(name)} of its own; it may have ${names}.`);
    }
    const most = engine[known];
    if (isWithin(value, most)) return [[known, value]];
    throw invalidLimit(
      `limits.${known} of a function must be a whole number from 1 to the engine's limits.${known}, which is ${most}; received ${shownValue(value)}`,
    );
  });
  return Object.fromEntries(chosen);
}

/** The stricter of two for each name. An engine may have become stricter since a function was stored. */
export function strictest(engine: Partial<GuestLimits>, own: Partial<GuestLimits> = {}): Partial<GuestLimits> {
  const chosen = guestLimitNames.flatMap((name): [string, number][] => {
    const value = Math.min(engine[name] ?? guestLimitsDefault[name], own[name] ?? guestLimitsDefault[name]);
    return value === guestLimitsDefault[name] ? [] : [[name, value]];
  });
  return Object.fromEntries(chosen);
}

/** `logBytes=10000 timers=50`, as a tag's value has it. @throws EngineError InvalidParameterValueException */
export function splitGuestLimits(text: string): Readonly<Record<string, number>> {
  const pairs = text.split(/[\s,]+/).filter((each) => each !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^(\w+)=(\d+)$/.exec(pair) ?? [];
      if (name !== undefined && value !== undefined) return [name, Number(value)];
      throw invalidLimit(`a limit must be NAME=NUMBER, such as logBytes=10000, received ${JSON.stringify(pair)}`);
    }),
  );
}

function isWithin(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most;
}

function invalidLimit(message: string): EngineError {
  return new EngineError('InvalidParameterValueException', message);
}
