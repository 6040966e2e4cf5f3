/**
 * What a peer is to the benchmark. A driver runs in a process of its own (`driver-process.ts`), which is also where all timers are:
 * around `call`, never inside a function or on the other side of a connection.
 */
import type { Phase } from '../measure.ts';

/** What a scenario needs of a peer; a peer that lacks it says why. */
export type Feature =
  /** Functions with an environment each, made at the first call. */
  | 'cold start'
  | 'warm call'
  /** A connection over HTTP that is spoken to from another process. */
  | 'http'
  /** `require` of Node's modules. */
  | 'modules'
  /** A place for files. */
  | 'files'
  /** Ends a function that does not end by itself. */
  | 'time limit'
  /** Names that are looked up at each call. */
  | 'registry'
  /** Gives back an environment that nobody called for a while. */
  | 'eviction'
  /** A process beside the caller's own that can be killed, and is replaced. */
  | 'process'
  /** Processes whose memory can be counted by environment. */
  | 'memory';

export interface FunctionInput {
  readonly name: string;
  readonly source: string;
  /** At most this long; Lambda's default when absent. */
  readonly timeoutMs?: number;
}

export interface Answer {
  /** JSON text. Absent from a floor that runs no function: there is nothing to compare. */
  readonly payload?: string;
  /** Where the time of a first call went, as far as the peer lets one see it. */
  readonly phases?: readonly Phase[];
  readonly isCold?: boolean;
}

export interface OpenOptions {
  /** Environments that will be held at once. */
  readonly environments: number;
  /** Environments are given back when nobody called them for so long. */
  readonly idleMs?: number;
  /** A directory of this driver's own; it is removed afterwards. */
  readonly directory: string;
}

export interface RunningPeer extends AsyncDisposable {
  /** Makes functions known; runs nothing of them. */
  deploy(functions: readonly FunctionInput[]): Promise<void>;
  /** @throws Error when the function failed, was ended, or could not be run */
  call(name: string, payload: string): Promise<Answer>;
  /** Forgets a function and gives back what it holds, where the peer can. */
  remove(name: string): Promise<void>;
  /** Ends what runs a function with SIGKILL, as the kernel does when memory is out, and tells the peer nothing. */
  kill?(name: string): Promise<void>;
}

export interface Driver {
  readonly name: string;
  readonly about: string;
  /** Of what runs the functions; undefined when it is not installed. */
  version(): string | undefined;
  /** What it cannot do, with the reason. */
  readonly lacks: { readonly [Name in Feature]?: string };
  /** A lower bound to compare with, not something to run functions in: only in scenarios that name it. */
  readonly isFloor?: true;
  /** Whether each environment is a process of its own: what one leaves behind is then nothing to the next. */
  readonly environmentIsProcess?: true;
  open(options: OpenOptions): Promise<RunningPeer>;
}
