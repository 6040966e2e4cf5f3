/**
 * The service `bindings`: functions of the embedder that a guest may call. The sandbox passes texts and bytes on and counts
 * them; what they mean is `binding-values.ts`, which the host and the guest read and write.
 *
 * The guest listens with one id for all events and names the call in the first value. A call has *channels*, for the streams and
 * signals in its arguments (the guest's) and in its result (the host's), each side counting its own from 0.
 *
 * Flow: of each stream at most `bindingStreamWindowBytes` are under way, a chunk counting `chunkCost`; `credit` gives back what the
 * reader took. Large results wait until `taken` says that there is room.
 */

/** Of `start`; the id is the one that the guest listens with. */
export const bindingOperations = {
  /** call, function, channels, text, bytes */
  call: 1,
  /** call, channel of the guest, text or undefined, bytes: the next value, or bytes as they are when there is no text */
  chunk: 2,
  /** call, channel of the guest */
  end: 3,
  /** call, channel of the guest, text, bytes: the source failed */
  fail: 4,
  /** call, channel of the host, cost */
  credit: 5,
  /** call, channel of the host, text, bytes: nobody reads it any more */
  cancel: 6,
  /** call, channel of the guest, text, bytes: the signal was aborted */
  abort: 7,
  /** call: its large result has arrived */
  taken: 8,
} as const;

export const bindingEvents = {
  /** call, `settledFlags`, text, bytes */
  settled: 1,
  /** As the operations, with the channels of the host for the guest's. */
  chunk: 2,
  end: 3,
  fail: 4,
  credit: 5,
  cancel: 6,
  abort: 7,
  /** call: nothing of it is open any more. */
  closed: 8,
} as const;

export const settledFlags = {
  failed: 1,
  /** The guest has to say `taken`. */
  large: 2,
  /** Channels are open: `closed` follows. */
  open: 4,
} as const;

/** What the host says of a function's bindings, as JSON text in the settings of its environments. */
export interface BindingsDescription {
  readonly tree: BindingNode;
  readonly limits: {
    readonly depthMax: number;
    readonly valuesMax: number;
    readonly messageBytesMax: number;
    readonly callsMax: number;
    readonly argumentBytesAtOnceMax: number;
    readonly channelsPerCallMax: number;
    readonly chunkBytesMax: number;
    readonly streamWindowBytes: number;
  };
}

/** A number: the function of this index. A string: a constant, as text of `binding-values.ts`. */
export type BindingNode = number | string | { readonly [name: string]: BindingNode };

/** A stream of tiny values must not fill the guest's inbox. */
export const chunkCostMin = 1_024;

export function chunkCost(textUnits: number, byteLength: number): number {
  const cost = textUnits + byteLength;
  if (cost < chunkCostMin) return chunkCostMin;
  return cost;
}

/** Errors of calls, as `code` in the guest. */
export const bindingErrorCodes = {
  /** An argument is of a kind that cannot be sent. */
  argument: 'ERR_BINDING_ARGUMENT',
  argumentsTooLarge: 'ERR_BINDING_ARGUMENTS_TOO_LARGE',
  /** The host function returned what cannot be sent. */
  result: 'ERR_BINDING_RESULT',
  resultTooLarge: 'ERR_BINDING_RESULT_TOO_LARGE',
  timeout: 'ERR_BINDING_TIMEOUT',
  /** Too much at once. */
  limit: 'ERR_BINDING_LIMIT',
  /** The engine has no bindings for this function. */
  notGiven: 'ERR_BINDINGS_NOT_GIVEN',
} as const;
export type BindingErrorCode = (typeof bindingErrorCodes)[keyof typeof bindingErrorCodes];

/** The text of an error that the platform itself gives as the outcome of a call. */
export function errorValueText(name: string, message: string, code: BindingErrorCode): string {
  return JSON.stringify(['e', name, message, { code }]);
}
