import type { LimitHit } from './limit-reason.ts';

/** What a client asks for, and what it gets back. One file, so that the library, the command and the HTTP API agree. */

export type InvocationType = 'RequestResponse' | 'Event' | 'DryRun';

export interface InvokeInput {
  /** Name, partial or full ARN, each optionally with a qualifier (LAMBDA.md C1.2). */
  readonly functionName: string;
  readonly qualifier?: string;
  /** JSON text. Absent or empty means `{}` (C4.5). */
  readonly payload?: string | Uint8Array;
  readonly invocationType?: InvocationType;
  readonly logType?: 'None' | 'Tail';
  /** Base64 of the client context's JSON (C4.1). */
  readonly clientContext?: string;
  /** `{cognitoIdentityId, cognitoIdentityPoolId}` as JSON text (A5.5). */
  readonly cognitoIdentity?: string;
  /** Becomes `_X_AMZN_TRACE_ID` during the invocation (A5.6). */
  readonly traceId?: string;
  /** A UUID of its own, in lower case, of a caller that tells it in the event, too. Default: a new one. */
  readonly requestId?: string;
  /** Aborting stops waiting; the function still runs to its end (C4.15). */
  readonly signal?: AbortSignal;
}

/** Milliseconds spent in each phase, as the engine measured them. Absent phases did not happen. */
export interface Phases {
  /** Waiting for capacity. */
  readonly queuedMs: number;
  /** Deciding and, if need be, starting a sandbox process. */
  readonly placedMs: number;
  /** Host to sandbox and back, less what the sandbox itself reported. */
  readonly sandboxMs: number;
  /** Making the isolate and its context. Cold only. */
  readonly isolateMs?: number;
  /** Evaluating the user's code until the handler is known. Cold only. */
  readonly initMs?: number;
  readonly handlerMs: number;
  /** After the answer, until the event gate was closed. */
  readonly freezeMs: number;
}

/** The figures of the REPORT line, and where the time went. */
export interface InvocationReport {
  readonly durationMs: number;
  readonly billedDurationMs: number;
  /** Only on the first invocation of an environment whose init succeeded ahead of it. */
  readonly initDurationMs?: number;
  readonly memorySizeMB: number;
  readonly maxMemoryUsedMB: number;
  readonly coldStart: boolean;
  readonly environmentId: string;
  /** `Status:` and `Error Type:` of the REPORT line, when the platform ended the invocation (E1.3). */
  readonly status?: 'timeout' | 'error';
  readonly errorType?: string;
  /** CPU time of the guest, with an init inside the invocation. Absent when it was ended from outside, which leaves it unknown. */
  readonly cpuMs?: number;
  /** Limits that ended, cut or refused something, the one that ended the invocation first. Absent: none. See docs/limits.md. */
  readonly limits?: readonly LimitHit[];
  readonly phases: Phases;
}

export interface InvokeResult {
  /** 200 for an answer, 202 for an accepted event, 204 for a dry run (C4.3, C4.4). */
  readonly statusCode: number;
  /** The answer's JSON text as bytes; empty for 202 and 204. */
  readonly payload: Uint8Array;
  /** `Unhandled` when the function failed (C4.3). */
  readonly functionError?: 'Unhandled';
  /** Base64 of the last 4 KB of the log, with logType Tail. */
  readonly logResult?: string;
  readonly executedVersion?: string;
  readonly requestId: string;
  /** Absent for 202 and 204: nothing ran. */
  readonly report?: InvocationReport;
}

/** An invocation whose answer is read while it is written. */
export interface StreamInput extends Omit<InvokeInput, 'invocationType' | 'signal'> {
  readonly invocationType?: 'RequestResponse' | 'DryRun';
  /** Aborting ends the stream with its reason; the function still runs to its end (C4.15). */
  readonly signal?: AbortSignal;
}

/** There as soon as the function has written its first byte, or has ended. */
export interface StreamedResult {
  /** 200; 204 for a dry run. */
  readonly statusCode: 200 | 204;
  readonly requestId: string;
  readonly executedVersion?: string;
  /** What the function said of its answer; `application/json` of a handler that does not stream, and of one that failed. */
  readonly contentType?: string;
  /**
   * The answer. When it ends, the answer is whole: if the function fails, it fails with a FunctionError behind what was written, and
   * with an EngineError if the platform does. Cancel it to let go of the rest.
   */
  readonly stream: ReadableStream<Uint8Array>;
  /** When the invocation has ended, whoever reads. Rejects with an EngineError if the platform failed; needs no one to listen. */
  readonly done: Promise<StreamedEnd>;
}

export interface StreamedEnd {
  /** `Unhandled` when the function failed. */
  readonly functionError?: 'Unhandled';
  /** The error's JSON text as bytes, then. */
  readonly errorPayload?: Uint8Array;
  /** Base64 of the last 4 KB of the log, with logType Tail. */
  readonly logResult?: string;
  /** Absent after a dry run. */
  readonly report?: InvocationReport;
}
