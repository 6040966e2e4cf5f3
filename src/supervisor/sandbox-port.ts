/**
 * What the engine knows of sandbox processes: a port, so that the engine is tested with scripted sandboxes. `supervisor/`
 * implements it with real children.
 */

import type { InitializationType } from '../bridge/contract.ts';
import type { DeployedVersion } from '../functions/registry.ts';
import type { HardeningReport } from '../model/hardening.ts';
import type { LimitHit } from '../model/limit-reason.ts';
import type { CreateReply, GuestEventHead, GuestRequestHead, InvokeReply } from '../protocol/messages.ts';

/** Why a sandbox process ended. The first cause noted wins; exit codes are noise (SECURITY.md 2.1). */
export type ExitCause =
  | { readonly kind: 'retired'; readonly reason: string }
  | {
      readonly kind: 'killed';
      readonly reason:
        | 'deadline'
        | 'heartbeat'
        | 'memory'
        | 'volumes'
        | 'exertion'
        | 'limit'
        | 'protocol'
        | 'hardening'
        | 'closing';
      readonly detail: string;
      /** Ids of the environments that may be to blame. Absent: none in particular. */
      readonly suspects?: readonly string[];
      /** Of memory, of volumes, or the one that the sandbox could not enforce by itself. */
      readonly limit?: LimitHit;
    }
  /** `by` a stranger: ended by a SIGKILL that neither we nor the sandbox sent. That says nothing of its guests. */
  | { readonly kind: 'crashed'; readonly detail: string; readonly by?: 'stranger' };

/** Every call of a sandbox that ended without answering it fails with this. */
export class SandboxGoneError extends Error {
  override readonly name = 'SandboxGoneError';
  readonly exitCause: ExitCause;

  constructor(exitCause: ExitCause) {
    super(`the sandbox ended: ${exitCause.kind} (${'detail' in exitCause ? exitCause.detail : exitCause.reason})`);
    this.exitCause = exitCause;
  }
}

export interface GuestLog {
  readonly kind: 'line' | 'raw';
  readonly text: string;
}

/** What the host does for the guest of one incarnation: its network, its bindings. */
export interface GuestGateway {
  /** @throws ProtocolError when it makes no sense: the sandbox checked it before it sent it */
  request(service: GuestRequestHead['service'], request: GuestRequestHead['request'], body: Uint8Array): void;
  /** The guest is gone. Nothing is sent afterwards. */
  close(): void;
}

export interface GatewayLink {
  /** Of the invocation that the environment runs now. */
  requestId(): string | undefined;
  /** Dropped when the guest is gone. */
  send(service: GuestEventHead['service'], event: GuestEventHead['event'], body?: Uint8Array): void;
}

export type OpenGateway = (link: GatewayLink) => GuestGateway;

export interface EnvironmentSpec {
  readonly environmentId: string;
  readonly version: DeployedVersion;
  readonly logStreamName: string;
  readonly initializationType: InitializationType;
  readonly init: 'now' | 'deferred';
  readonly initTimeoutMs: number;
  readonly inheritsFrom?: string;
  /** What the guest is told of the host functions that it may call. */
  readonly bindings?: string;
  /** Called when the guest first asks for something of the host. */
  readonly openGateway: OpenGateway;
  /** Output during init. */
  readonly onLog: (log: GuestLog) => void;
}

export interface InvocationSpec {
  readonly environmentId: string;
  readonly requestId: string;
  readonly timeoutMs: number;
  readonly invokedFunctionArn: string;
  readonly traceId?: string;
  readonly clientContextJson?: string;
  readonly cognitoIdentityJson?: string;
  readonly payload: Uint8Array;
  readonly onLog: (log: GuestLog) => void;
  /** Absent: what the function answers comes with the reply, whole. */
  readonly answer?: AnswerSink | undefined;
}

/** Whoever takes an answer while it is written. */
export interface AnswerSink {
  /** Before anything comes. `credit` says how many bytes were taken: so many more may come. */
  open(credit: (bytes: number) => void): void;
  /** The bytes are nobody else's. The content type comes with the first ones. */
  chunk(bytes: Uint8Array, contentType: string | undefined): void;
}

export interface Created {
  readonly reply: CreateReply;
  /** Init error JSON when init failed. */
  readonly body: Uint8Array;
}

export interface Invoked {
  readonly reply: InvokeReply;
  readonly body: Uint8Array;
}

/** The process ended before it had read an invocation, which nobody has run. Why it ended is not known yet. */
export class SandboxUnreadError extends Error {
  override readonly name = 'SandboxUnreadError';
}

/** One running sandbox process of one trust domain. Methods reject with SandboxGoneError when it ends first. */
export interface SandboxHandle {
  readonly sandboxId: string;
  readonly trustDomain: string;
  readonly pid: number;
  /** Defines the version if the sandbox does not know it yet. Calls may be pipelined: `invoke` right behind `create`. */
  create(spec: EnvironmentSpec): Promise<Created>;
  /**
   * Enforces the far deadline: when no answer came within timeoutMs + killGraceMs, the process is killed with cause
   * `deadline` and this rejects. `created` is the unsettled create of the same environment, if any: its time does not count.
   */
  invoke(spec: InvocationSpec, created?: Promise<unknown>): Promise<Invoked>;
  destroy(environmentId: string, keepVolume: boolean): Promise<void>;
  /** Why it should be replaced by a fresh process (age, environments served, memory), if it should. Cheap: ask at will. */
  retirement(): string | undefined;
  /** `create` is refused from now on, with cause `retired`; the process ends when its last environment is destroyed. */
  drain(reason: string): void;
  /** Kills with SIGKILL; resolves when the process is reaped. */
  kill(cause: ExitCause): Promise<void>;
  /** Resolves as soon as nothing can be sent to it any more. What it answered before may still come, until `exited`. */
  readonly unreachable: Promise<void>;
  /** The process is reaped. Settles once, never rejects. */
  readonly exited: Promise<ExitCause>;
  /** Whether its main thread has been inside one guest slice for longer than limits.shortSliceMsMax: better place elsewhere. */
  isBusy(): boolean;
  /** Bytes resident, as last sampled. */
  rssBytes(): number;
  /** For how long its socket was not read because it sent faster than it may (limits.sandboxFramesPerSecondMax). */
  heldBackMs(): number;
}

/** Starts sandboxes; keeps a blank spare; guards against crash loops. */
export interface SandboxFleet {
  /** The spare if one is ready, else a new process. Its trust domain is fixed from here on. */
  acquire(trustDomain: string, signal?: AbortSignal): Promise<SandboxHandle>;
  readonly runtime: {
    readonly kind: 'snapshot' | 'code-cache';
    readonly reason?: string;
    readonly nativeModuleMissing?: string;
    readonly key: string;
  };
  /** Of the least jailed sandbox so far; undefined until the first one is ready. */
  readonly hardening: HardeningReport | undefined;
  /** Resolves when a sandbox is ready that is jailed as demanded. @throws EngineError HardeningUnavailable, SandboxStartFailed */
  ready(): Promise<void>;
  /** Starts a spare if there is none. */
  warm(): void;
  close(): Promise<void>;
}
