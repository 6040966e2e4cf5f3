/**
 * The border between a sandbox process and an isolate. Data and shapes only: `sandbox/` implements one side, `runtimes/`
 * the other. Across it go numbers, bounded strings and exact-size ArrayBuffers, nothing else; no promise, no error object,
 * no function but the ones named here, ever.
 *
 * Start: the runtime script (restored from a snapshot, or evaluated) leaves one global function, `__isothermBoot`. The
 * sandbox calls it once with `HostCalls`; it deletes itself and returns `GuestCalls`. Nothing of a function is known to the guest until
 * `boot`, the first of them that is called, and before it nothing calls the host.
 *
 * Loop: the isolate has no event loop of its own. Every call into it (a *slice*) runs under the deadline on one of two
 * lanes, the sandbox's main thread or a pool thread; microtasks drain when the slice returns, never before. A slice returns
 * a `LoopState`. What changes afterwards, in microtasks, the guest reports with `wake`. The sandbox then calls `turn` until
 * nothing is due, and `loopEmpty` when nothing keeps the loop alive.
 */

import type { NativeFunctions } from './native-module.ts';
import type { BridgeReply, BridgeValue } from './services.ts';

/** Bits of a LoopState; the delay until the next timer rides above them. */
export const loopBits = {
  /** process.nextTick callbacks wait (queued from a microtask). */
  ticks: 1,
  /** Immediates, or finished file operations, wait: call `turn` at once. */
  immediates: 2,
  /** Something referenced keeps the loop alive: a timer, an immediate or a pending operation. */
  alive: 4,
  /** Init is done unless microtasks bring a rejection or work: what was loaded left nothing to wait for. Spares a turn of its own. */
  initDone: 8,
} as const;

/**
 * `bits + 16 * (delayMs + 1)`; a multiple of 0 above the bits means no timer. Delays are whole milliseconds, at most 2^31.
 * Encoded in one double because a number crosses the border in a few hundred nanoseconds and an object does not.
 */
export type LoopState = number;

export function encodeLoopState(bits: number, delayMs: number | undefined): LoopState {
  return bits + (delayMs === undefined ? 0 : 16 * (Math.max(0, Math.ceil(delayMs)) + 1));
}

export function decodeLoopState(state: LoopState): { readonly bits: number; readonly delayMs: number | undefined } {
  const above = Math.floor(state / 16);
  return { bits: state % 16, delayMs: above === 0 ? undefined : above - 1 };
}

/** How the guest ends an init or an invocation: exactly one `settle` for each `init` and each `invoke`; for an init
 * that is done a LoopState can say it. */
export const settleKinds = {
  /** Handler found; `text` is empty. */
  initDone: 0,
  /** `text` is the error JSON, `errorType` its type. */
  initError: 1,
  /** `text` is the answer's JSON. */
  answer: 2,
  /** `text` is the error JSON. The environment stays usable. */
  error: 3,
  /** `text` is the error JSON; the runtime then exits (A7.6, A7.7): the environment is not reused. */
  fatal: 4,
} as const;
export type SettleKind = (typeof settleKinds)[keyof typeof settleKinds];

export const logStreams = {
  stdout: 1,
  stderr: 2,
  /** One formatted record of the runtime (E2.1, E3.1), without its final newline. */ record: 3,
} as const;

/** Limits that the runtime holds by itself: only it knows its timers, what a thrown value says, and memory that V8 does not count. */
export const runtimeLimits = { timers: 1, errorSize: 2, uncountedMemory: 3 } as const;

/** What the sandbox gives to the guest. Synchronous; they never throw and never return an object but an ArrayBuffer or an array of primitives. */
export interface HostCalls {
  log(stream: number, text: string): void;
  settle(kind: number, text: string, errorType: string): void;
  /** The loop changed outside a slice. */
  wake(state: LoopState): void;
  /** Bytes of WebAssembly's memories and of resizable buffers, which V8 does not count, when they changed. */
  uncounted(bytes: number): void;
  /** The runtime met one of `runtimeLimits`, and found or was asked for so much. */
  limit(limit: number, found: number): void;
  /** Ends the environment. Does not return: the isolate is terminated. */
  exit(code: number): void;
  /**
   * Compiles a module of Node's library (or one of ours) with its code cache and hands the factory to the guest through
   * `GuestCalls.receive`, before returning. False: there is no such module. What Node's library has as WebAssembly comes compiled
   * too: the one object that crosses, into the guest only, and it is ours.
   */
  loadBuiltin(id: string): boolean;
  /** Undefined when the machine has none. */
  nativeModule(): NativeFunctions | undefined;
  /** Monotonic nanoseconds since the environment began. */
  hrtime(): number;
  /** Cryptographically random bytes, at most 65,536. */
  random(byteCount: number): ArrayBuffer;
  /** Position in the bundle to `file:line:column` of the user's source, or '' when unknown. Both 1-based, as V8 prints them. */
  mapPosition(line: number, column: number): string;
  /** Unicode domain to ASCII, '' when invalid (`url.domainToASCII`). */
  domainToAscii(domain: string): string;
  /** Bytes: heap used, heap total, external, array buffers, RSS of the environment (`process.memoryUsage`). */
  memoryUsage(): number[];
  /** Microseconds of CPU time of the environment. */
  cpuTime(): number;
  /** One file operation; see `bridge/fs.ts`. Synchronous also for the callback and promise forms, which the guest completes in a later turn. */
  fs(operation: number, a?: FsValue, b?: FsValue, c?: FsValue, d?: FsValue): FsReply;
  /** One operation of a service, answered at once. See `bridge/services.ts`. */
  ask(service: number, operation: number, ...values: BridgeValue[]): BridgeReply;
  /** Begins an operation of a service; what comes of it arrives as events with this id. */
  start(service: number, operation: number, id: number, ...values: BridgeValue[]): void;
}

export type FsValue = string | number | ArrayBuffer | undefined;
/**
 * `number` (an fd, a count, 0), `string`, `ArrayBuffer`, an array of primitives (stat fields, names), or a failure:
 * an array whose first element is `fsFailureMarker`, then errno (negative, libuv's number; a file's type, in a list of names, is
 * positive) and, for operations that stand for several system calls, the name of the one that failed, otherwise ''.
 */
export const fsFailureMarker = '!';
export type FsReply = number | string | ArrayBuffer | (number | string)[];

/** What the guest gives to the sandbox. Each is called as one slice under a deadline. */
export interface GuestCalls {
  /** Once, first: the environment that this guest is. */
  boot(settingsJson: string): void;
  /** Receives what `loadBuiltin` compiled: `(exports, require, module, process, internalBinding, primordials) => void`. Runs nothing. */
  receive(id: string, factory: unknown): void;
  /**
   * Evaluates the user's code and finds the handler. `load` is the compiled bundle (see `EntryPoint.format`), absent when
   * `settings.entryError` says that it could not be resolved. Settles with initDone or initError, possibly later.
   */
  init(load: unknown): LoopState;
  /**
   * Calls the handler; timers that became due while the guest was frozen run before it, in turns. With `eventsWait` so do the
   * events that came meanwhile: a connection that was closed is found closed by the handler, as after a thaw in Lambda.
   */
  invoke(eventJson: string, contextJson: string, eventsWait: boolean): LoopState;
  /** One turn of the event loop, at most up to the first callback after which microtasks must drain: timers, finished operations, immediates. */
  turn(): LoopState;
  /** What came of an operation of a service. `kind` and the values are the service's. */
  event(service: number, id: number, kind: number, ...values: BridgeValue[]): LoopState;
  /** Nothing referenced is left although an init or invocation has not settled: Node's `beforeExit`. */
  loopEmpty(): LoopState;
  /**
   * The last slice left a rejection that nobody handled. `name` and `stack` are '' when the reason was not an error; without arguments
   * the guest knows of them itself.
   */
  unhandledRejection(isError?: boolean, name?: string, message?: string, stack?: string): LoopState;
}

/** Why an environment is made: for an invocation that waits for it, or ahead of any (LAMBDA.md C7.7). */
export const initializationTypes = ['on-demand', 'provisioned-concurrency'] as const;
export type InitializationType = (typeof initializationTypes)[number];

/** Settings given at boot as JSON. Everything here belongs to one environment and does not change. */
export interface GuestSettings {
  readonly programmingModel: '2014' | 'callback' | 'promise';
  /** `nodejs22.x`; goes into AWS_EXECUTION_ENV. */
  readonly runtime: string;
  readonly handler: string;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly memorySize: number;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly logFormat: 'Text' | 'JSON';
  /** Effective minimum level of application records; TRACE in Text format (E3.3). */
  readonly logLevel: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly initializationType: InitializationType;
  readonly entry: EntryPoint;
  readonly clockOriginEpochMs: number;
  /** Absent: the clocks are real (`model/clock-policy.ts`). */
  readonly clock?: 'coarse' | 'frozen';
  /** What `runtimeLimits` are about. Absent: the defaults. */
  readonly limits?: { readonly timers: number; readonly errorChars: number };
  /** JSON text of `BindingsDescription`; absent when the embedder offers no functions. */
  readonly bindings?: string;
}

/**
 * What deploying found (LAMBDA.md A2). `bundle`: the compiled script's value is
 * `(exports, require, module, __filename, __dirname, importMeta, offerModules) => void` for `cjs`, and the same as an async function for
 * `esm` (top-level await), which fills `exports` with the namespace before its promise settles.
 * `error`: resolution failed; init reports it as is.
 */
export type EntryPoint =
  | {
      readonly kind: 'bundle';
      readonly format: 'cjs' | 'esm';
      /** `/var/task/index.mjs`: the file that the handler string named. */
      readonly file: string;
      /** Dotted path of the export, `handler` or `a.b.handler` (A2.3). */
      readonly exportPath: string;
      /** Its texts say `import(`, where deploying could not resolve it: in code that is evaluated. */
      readonly importsLate?: boolean;
      /** Node's modules that the bundle names. They are brought into the isolate before it runs. */
      readonly builtins?: readonly string[];
    }
  | {
      readonly kind: 'error';
      readonly errorType: string;
      readonly errorMessage: string;
      readonly stack: readonly string[];
    };

/** Per invocation, as JSON. */
export interface GuestContext {
  readonly requestId: string;
  readonly deadlineEpochMs: number;
  readonly invokedFunctionArn: string;
  readonly traceId?: string;
  /** Decoded JSON text of the client context (A5.5). */
  readonly clientContextJson?: string;
  readonly cognitoIdentityJson?: string;
}
