/**
 * The border between the host and a sandbox process: the heads of all frames. Data only; `frame.ts` has the wire format,
 * `decode.ts` checks what arrives. A head is small JSON that the sandbox process (never a guest) wrote; a body is opaque bytes.
 * A *call* has a call id and gets exactly one reply with the same id; a *notice* has id 0 and gets none.
 */
import type { GuestSettings, InitializationType } from '../bridge/contract.ts';
import type { GuestLimits } from '../model/guest-limits.ts';
import type { HardeningReport } from '../model/hardening.ts';
import type { LimitHit } from '../model/limit-reason.ts';

/** Bumped on any change of meaning. A sandbox with another version is killed at once. */
export const protocolVersion = 5;

export const frameTypes = {
  // sandbox -> host
  hello: 1,
  reply: 2,
  log: 3,
  guestRequest: 4,
  overrun: 5,
  answerChunk: 6,
  // host -> sandbox
  define: 16,
  create: 17,
  invoke: 18,
  destroy: 19,
  ping: 20,
  guestEvent: 21,
  answerCredit: 22,
} as const;
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

/** Where bytes lie in the sandbox's package store: an unlinked file that the host writes and the sandbox inherited read-only. */
export interface StoreRange {
  readonly offset: number;
  readonly bytes: number;
}

/** First frame of a sandbox, once its runtime is loaded. The host answers nothing; anything else first is a protocol error. */
export interface HelloHead {
  readonly protocol: number;
  readonly pid: number;
  readonly node: string;
  readonly v8: string;
  readonly isolatedVm: string;
  /** Key of the runtime it loaded (see supervisor/runtime-cache). */
  readonly runtimeKey: string;
  /** `snapshot`, or `code-cache` when there is none. */
  readonly runtimeKind: 'snapshot' | 'code-cache';
  /** How far it is jailed from here on. */
  readonly hardening: HardeningReport;
}

/** Makes a function version known to the sandbox. Call; reply `{}`. Sent once for each version and sandbox. */
export interface DefineHead {
  readonly versionKey: string;
  /** Everything but what belongs to the environment. */
  readonly settings: Omit<GuestSettings, 'logStreamName' | 'initializationType' | 'clockOriginEpochMs'>;
  /** The bundle's text, UTF-8. Absent when the entry is an error. */
  readonly bundle?: StoreRange;
  readonly sourceMap?: StoreRange;
  /** Files of `/var/task`: JSON array of `[path relative to /var/task, mode, offset, bytes]`, in the store itself because it can be large. */
  readonly fileIndex: StoreRange;
  /** The same for `/opt`: layers. */
  readonly optIndex?: StoreRange;
  readonly ephemeralStorageMiB: number;
  /** Stricter than the defaults. */
  readonly limits?: Partial<GuestLimits>;
}

/**
 * Makes an environment and, unless `init` is `deferred`, runs its init phase. Call; reply CreateReply, whose body is the init
 * error JSON if init failed. A failed init leaves the environment in place: the next invoke runs init again (B3.3, B3.5).
 */
export interface CreateHead {
  readonly environmentId: string;
  readonly versionKey: string;
  readonly logStreamName: string;
  readonly initializationType: InitializationType;
  readonly init: 'now' | 'deferred';
  readonly initTimeoutMs: number;
  /** Environment of the same version whose `/tmp` this one takes over (B4.6, B5.6). It must have been destroyed with `keepVolume`. */
  readonly inheritsFrom?: string;
  /** Of the host functions that this environment may call: JSON text of `BindingsDescription`. */
  readonly bindings?: string;
}

export interface CreateReply {
  readonly init: InitReport;
  readonly isolateMs: number;
  /** Bytes of output that were over a limit and are lost. Absent: none. */
  readonly logBytesDropped?: number;
  /** Limits that were met, as the sandbox saw it. Absent: none. */
  readonly limits?: readonly LimitHit[];
}

export type InitReport =
  | { readonly status: 'deferred' }
  | { readonly status: 'success'; readonly durationMs: number }
  | { readonly status: 'error'; readonly durationMs: number; readonly errorType: string }
  | { readonly status: 'timeout'; readonly durationMs: number }
  | { readonly status: 'exit'; readonly durationMs: number; readonly code: number }
  | { readonly status: 'out-of-memory' | 'killed'; readonly durationMs: number };

/**
 * Runs one invocation; body: the event's JSON text. If the environment's init is owed (deferred, or it failed), init runs
 * first, inside the same time budget. Call; reply InvokeReply, whose body is the payload. May be sent right behind `create`.
 */
export interface InvokeHead {
  readonly environmentId: string;
  readonly requestId: string;
  readonly timeoutMs: number;
  readonly invokedFunctionArn: string;
  readonly traceId?: string;
  readonly clientContextJson?: string;
  readonly cognitoIdentityJson?: string;
  /** What a streaming handler writes is sent at once, in answer chunks, and not kept for the reply. Absent: it is kept. */
  readonly answer?: 'streamed';
}

export interface InvokeReply {
  readonly outcome:
    | { readonly kind: 'success' }
    | { readonly kind: 'error' | 'fatal' | 'init-error'; readonly errorType: string }
    | { readonly kind: 'timeout' }
    | { readonly kind: 'exit'; readonly code: number }
    /** For using too much CPU time: what the kernel does to a process then. */
    | { readonly kind: 'killed' }
    | { readonly kind: 'out-of-memory' }
    /** `payloadBytes`: as far as it was counted, more than `responsePayloadBytesMax`. */
    | { readonly kind: 'response-too-large'; readonly payloadBytes: number };
  /** From delivery of the event until the gate closed (B2.7). */
  readonly durationMs: number;
  readonly freezeMs: number;
  /** Init that ran inside this invocation (suppressed init). */
  readonly init?: InitReport;
  /** Bytes: the most the environment ever used, heap and external (E1.6). */
  readonly memoryPeakBytes: number;
  /** Longest uninterrupted slice, for placement. */
  readonly longestSliceMs: number;
  /** CPU time that the guest used since its last answer. Absent when it ended in a way that leaves it unknown. */
  readonly cpuMs?: number;
  /** Bytes of output that were over a limit and are lost. Absent: none. */
  readonly logBytesDropped?: number;
  /** Limits that were met since the last answer, as the sandbox saw it. Absent: none. */
  readonly limits?: readonly LimitHit[];
}

/** Removes an environment. Call; reply `{}`. With keepVolume its `/tmp` waits for an heir until the sandbox ends or `destroy` is called again without. */
export interface DestroyHead {
  readonly environmentId: string;
  readonly keepVolume: boolean;
}

/** Heartbeat. Call; reply PingReply. */
export interface PingHead {
  readonly sentMs: number;
}

export interface PingReply {
  readonly environments: number;
  readonly rssBytes: number;
  /** Environments whose guest runs at this moment; the others cannot have grown. Absent: none. */
  readonly running?: readonly string[];
}

/**
 * Notice: the guest of this environment was ended for a limit and runs on all the same, as code in V8 does that looks at nothing
 * (SECURITY.md 2.2). Only the end of this process stops it.
 */
export interface OverrunHead {
  readonly environmentId: string;
  readonly limit: LimitHit;
}

/** Notice: output of a guest, in order, before the reply of the call it belongs to. Body: UTF-8 text. */
export interface LogHead {
  readonly environmentId: string;
  /** Absent outside invocations, which is init ahead of one. Output of an init inside an invocation carries its id. */
  readonly requestId?: string;
  /** `line`: formatted records, each ending in a newline. `raw`: bytes of stdout and stderr. */
  readonly kind: 'line' | 'raw';
}

/**
 * Notice: bytes of a streamed answer, in order, before the reply of the invocation. The body is at most `responseStreamChunkBytesMax`
 * long, and no more than `responseStreamWindowBytes` are sent that were not given back. What the reply's body has comes behind them.
 */
export interface AnswerChunkHead {
  readonly environmentId: string;
  readonly requestId: string;
  /** Of the whole answer, with its first chunk. */
  readonly contentType?: string;
}

/** Notice: so many bytes of a streamed answer have been taken, and as many may follow. Late ones are dropped. */
export interface AnswerCreditHead {
  readonly environmentId: string;
  readonly requestId: string;
  readonly bytes: number;
}

/**
 * Notice: a guest asks for something that only the host can do. Body: bytes of it. `incarnation` counts the isolates of the
 * environment; a higher number means that the one before is gone, and with it all that it asked for.
 */
export interface GuestRequestHead {
  readonly environmentId: string;
  readonly incarnation: number;
  readonly service: 'network' | 'bindings';
  /** `protocol/network.ts`, `protocol/bindings.ts`. */
  readonly request: object;
}

/** Notice: what came of it. Late ones, for an environment or incarnation that is gone, are dropped. */
export interface GuestEventHead {
  readonly environmentId: string;
  readonly incarnation: number;
  readonly service: 'network' | 'bindings';
  readonly event: object;
}

/** Reply to a call that could not be carried out: a bug, or an environment that is gone. */
export interface FailedReply {
  readonly failed: string;
}

export interface Frame<Head = unknown> {
  readonly type: FrameType;
  /** 0 for notices. */
  readonly callId: number;
  readonly head: Head;
  readonly body: Uint8Array;
}
