import type { HardeningLevel, HardeningReport } from './hardening.ts';
import type { InvocationReport } from './invocation.ts';
import type { LimitHit } from './limit-reason.ts';

/**
 * Everything that parts of the engine report, for `telemetry/` to turn into lines. Names and fields of `platform.*` are
 * those of Lambda's Telemetry API (LAMBDA.md E3.6). No event carries a payload or an environment variable.
 */
export type PlatformEvent =
  | (OfEnvironment & {
      readonly type: 'platform.initStart';
      readonly initializationType: 'on-demand' | 'provisioned-concurrency';
      readonly runtime: string;
      readonly phase: 'init' | 'invoke';
    })
  | (OfEnvironment & {
      readonly type: 'platform.initReport';
      readonly initializationType: 'on-demand' | 'provisioned-concurrency';
      readonly phase: 'init' | 'invoke';
      readonly status: 'success' | 'error' | 'timeout';
      readonly errorType?: string;
      readonly durationMs: number;
    })
  | (OfInvocation & { readonly type: 'platform.start' })
  | (OfInvocation & {
      readonly type: 'platform.runtimeDone';
      readonly status: 'success' | 'failure' | 'error' | 'timeout';
      readonly errorType?: string;
      readonly durationMs: number;
      readonly producedBytes: number;
    })
  | (OfInvocation & {
      readonly type: 'platform.report';
      readonly status: 'success' | 'failure' | 'error' | 'timeout';
      readonly errorType?: string;
      readonly traceId?: string;
      readonly report: InvocationReport;
    })
  /** Text of the platform inside a function's log: a timeout, an exit (B4.4, B5.3). */
  | (OfInvocation & { readonly type: 'platform.fault'; readonly text: string })
  /** Output of the function. `text` is guest text, already cut to limits; `line` is a formatted record, `raw` is stdout or stderr. */
  | (OfEnvironment & {
      readonly type: 'function';
      readonly requestId?: string;
      readonly kind: 'line' | 'raw';
      readonly text: string;
    })
  /** A limit ended, cut or refused something of an invocation. */
  | (OfInvocation & LimitHit & { readonly type: 'invocation.limit' })
  | {
      readonly type: 'platform.logsDropped';
      readonly functionName: string;
      readonly environmentId: string;
      readonly droppedBytes: number;
    }
  | {
      readonly type: 'sandbox.started';
      readonly sandboxId: string;
      readonly pid: number;
      readonly startMs: number;
      readonly hardening: HardeningReport;
    }
  | { readonly type: 'sandbox.exited'; readonly sandboxId: string; readonly cause: string; readonly wanted: boolean }
  /** Sandboxes run although they are jailed less than strangers' code should be (`hardening: 'auto'`). Once for each level. */
  | { readonly type: 'hardening.less'; readonly level: HardeningLevel; readonly missing: string }
  | { readonly type: 'sandbox.protocolError'; readonly sandboxId: string; readonly message: string }
  /** It sends more than an honest one can, and was not read for so long since this was last told. Those functions run in it. */
  | {
      readonly type: 'sandbox.heldBack';
      readonly sandboxId: string;
      readonly heldMs: number;
      readonly functionNames: readonly string[];
    }
  | { readonly type: 'sandbox.unavailable'; readonly reason: string; readonly retryAfterMs: number }
  /** Sandboxes are started one by one, which takes ten times as long, until a template comes to life. */
  | { readonly type: 'template.unavailable'; readonly reason: string; readonly retryAfterMs: number }
  | {
      readonly type: 'runtime.build';
      readonly stage: 'native' | 'started' | 'library' | 'snapshot' | 'verified' | 'ready' | 'degraded';
      readonly detail: string;
      readonly elapsedMs: number;
    }
  /** Guests of this engine have less, because this machine lacks something: why the native module could not be built. */
  | { readonly type: 'runtime.less'; readonly missing: string }
  | {
      readonly type: 'environment.removed';
      readonly functionName: string;
      readonly environmentId: string;
      readonly reason: string;
    }
  | (OfGuestNetwork & NetworkPeer & { readonly type: 'network.connected' })
  | (OfGuestNetwork &
      NetworkPeer & {
        readonly type: 'network.closed';
        /** By the function, to the function. */
        readonly bytesSent: number;
        readonly bytesReceived: number;
        readonly durationMs: number;
      })
  | (OfGuestNetwork & {
      readonly type: 'network.refused';
      readonly operation: 'lookup' | 'resolve' | 'connect' | 'request';
      readonly reason: string;
      /** As the function gave it. */
      readonly name?: string;
      readonly address?: string;
      readonly port?: number;
      /** Refusals since the last one told, which came too fast to tell each. */
      readonly untoldRefusals?: number;
    })
  /** A directory that is watched as a bucket cannot be watched whole, or an event of one of its objects is lost. */
  | { readonly type: 'bucket.problem'; readonly bucket: string; readonly key?: string; readonly problem: string }
  /** An instant of a schedule whose event nobody, or that target, will get. */
  | {
      readonly type: 'schedule.lost';
      readonly schedule: string;
      /** ISO 8601. */
      readonly instant: string;
      readonly reason: string;
      /** ARN of the function; absent: all. */
      readonly target?: string;
    }
  /** Of the log that the engine keeps: what the disk did not take. */
  | { readonly type: 'logs.lost'; readonly events: number; readonly bytes: number; readonly reason: string }
  /** An asynchronous event waits for another delivery. */
  | (OfAsyncEvent & {
      readonly type: 'async.retry';
      /** Deliveries so far. */
      readonly attempts: number;
      readonly delayMs: number;
      readonly reason: string;
    })
  /** An asynchronous event ended without success; `condition` as in the record for a destination. */
  | (OfAsyncEvent & { readonly type: 'async.failed'; readonly condition: string; readonly attempts: number })
  /** Asynchronous events that nobody will ever deliver. */
  | {
      readonly type: 'async.dropped';
      readonly functionName: string;
      readonly events: number;
      readonly reason: string;
      /** Of a single one. */
      readonly requestId?: string;
    }
  /** A destination or dead-letter target did not take the record of an invocation; it is tried again unless it was given up. */
  | (OfAsyncEvent & {
      readonly type: 'destination.failed';
      readonly kind: 'destination' | 'dead-letter';
      readonly target: string;
      readonly reason: string;
      readonly isGivenUp: boolean;
    })
  /** The queue of asynchronous events could not be read or written. It goes on trying. */
  | { readonly type: 'async.fault'; readonly reason: string }
  | { readonly type: 'invocation.throttled'; readonly functionName: string; readonly reason: string }
  /** Records of a stream that a mapping will not try again. */
  | (OfMapping & {
      readonly type: 'source.gaveUp';
      readonly shardId: string;
      readonly condition: string;
      readonly records: number;
      readonly destination?: string;
    })
  /** A stream cannot be read, or a failure destination does not take what it is sent. The mapping goes on trying. */
  | (OfMapping & { readonly type: 'source.problem'; readonly problem: string })
  /** It has sandboxes of its own from now on. */
  | { readonly type: 'function.secluded'; readonly functionName: string; readonly reason: string }
  /** Its invocations are refused for a while. */
  | {
      readonly type: 'function.suspended';
      readonly functionName: string;
      readonly reason: string;
      readonly retryAfterMs: number;
    };

/** The other end of a connection of a function. */
export interface NetworkPeer {
  readonly address: string;
  readonly port: number;
  /** That led the function to the address, if any did. */
  readonly name?: string;
  /** Of `network.allow`. */
  readonly rule: string;
  /** Whether the host adds headers to requests. */
  readonly withCredentials: boolean;
}

interface OfMapping {
  readonly functionName: string;
  readonly eventSourceArn: string;
}

interface OfGuestNetwork {
  readonly functionName: string;
  readonly version: string;
  readonly environmentId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

interface OfEnvironment {
  readonly functionName: string;
  readonly version: string;
  readonly environmentId: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly logFormat: 'Text' | 'JSON';
  readonly systemLogLevel?: 'DEBUG' | 'INFO' | 'WARN';
  /** Milliseconds since the epoch. */
  readonly time: number;
}

interface OfAsyncEvent {
  readonly functionName: string;
  readonly requestId: string;
}

interface OfInvocation extends OfEnvironment {
  readonly requestId: string;
}

/** Parts do not log: they tell an observer. It must not throw and must not wait. */
export type Observe = (event: PlatformEvent) => void;
