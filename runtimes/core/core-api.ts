/**
 * What the core of a guest (bindings, Node's library, event loop) and a handler loop know of each other. The core is built
 * into the snapshot; `createHandlerLoop` is called at boot, once, in the restored isolate.
 */
import type { GuestSettings, HostCalls } from '../../src/bridge/contract.ts';
import type { ServiceCalls } from './service-calls.ts';

export interface Core {
  readonly host: HostCalls;
  readonly services: Pick<ServiceCalls, 'ask' | 'listen' | 'forget'>;
  /** What the function's clock says. */
  readonly epochMs: () => number;
  /** Node's primordials: built-ins captured before any user code. Use these, never a global that the user can replace. */
  readonly primordials: Record<string, unknown>;
  /** The guest's `process`, an EventEmitter with `env` filled in. */
  readonly process: GuestProcess;
  /** A module of Node's library, public or internal (`events`, `internal/util/inspect`), loaded at first use. */
  builtin(id: string): unknown;
  /** `util.format` as captured at start. Loads util's inspect at first use. */
  format(...args: unknown[]): string;
  /** `require` for the user's code in `file`: built-ins, then files of `/var/task` and `/opt` by Node's rules (see user-require.ts). */
  createUserRequire(file: string): (id: string) => unknown;
  /** The bundle gives functions that load modules, by file, for `require` of a name that was computed. */
  readonly offerModules: (modules: LateModules) => void;
  /** Node's own setImmediate, captured. */
  setImmediate(callback: () => void): void;
  /** Ends init: one immediate later, or with this slice where nothing else waits. The callback does not run then. */
  endInit(callback: () => void): void;
  /** The event loop turns once more, in which microtasks run and no timer. */
  turnWithoutTimers(): void;
  /** Something is under way that keeps the event loop alive, until `release`. */
  hold(): void;
  release(): void;
  /** Ends the runtime, as process.exit does after its listeners. Does not return. */
  exit(code: number): never;
}

/** Without a prototype. */
export type LateModules = Readonly<Record<string, (() => unknown) | undefined>>;

export interface GuestProcess {
  env: Record<string, string | undefined>;
  exitCode: number | string | null | undefined;
  emit(event: string, ...args: unknown[]): boolean;
  on(event: string, listener: (...args: never[]) => void): unknown;
  listenerCount(event: string): number;
  cwd(): string;
  nextTick(callback: () => void): void;
}

/** A runtime's way to find and call the handler. Methods run inside a slice, with ticks drained by the core afterwards; they may throw nothing. */
export interface HandlerLoop {
  init(load: unknown): void;
  /** An invocation begins. Frozen work that resumes before its handler is called belongs to it (LAMBDA.md B2.3, B2.4). */
  begin(contextJson: string): void;
  /** Calls the handler of the invocation that began last. */
  invoke(eventJson: string): void;
  /** Nothing referenced is left, yet the current init or invocation has not settled (`beforeExit`). */
  loopEmpty(): void;
  /** A callback of the event loop threw and nobody caught it. */
  uncaughtException(error: unknown): void;
  /** A promise was rejected and nobody handled it. The reason is a copy: only strings crossed. */
  unhandledRejection(reason: RejectionReason): void;
}

export interface RejectionReason {
  /** The reason itself, and its promise, where the guest knows them: strings are what crosses from isolated-vm. */
  readonly own?: { readonly reason: unknown; readonly promise: object };
  readonly isError: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export type CreateHandlerLoop = (core: Core, settings: GuestSettings) => HandlerLoop;
