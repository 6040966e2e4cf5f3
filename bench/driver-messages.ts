/** What the run asks of a driver's process. Both ends are this program, so nothing is checked. */
import type { FunctionInput } from './drivers/driver.ts';
import type { Batch, Calls, OpenLoop, OpenLoopBatch } from './measure.ts';

export type Command =
  | {
      readonly type: 'open';
      readonly peer: string;
      readonly environments: number;
      readonly idleMs?: number;
      readonly directory: string;
    }
  | { readonly type: 'deploy'; readonly functions: readonly FunctionInput[] }
  /** Collects the garbage of the driver's own process: what deploying left there is part of no environment. */
  | { readonly type: 'collect garbage' }
  | { readonly type: 'remove'; readonly names: readonly string[] }
  | { readonly type: 'in turn' | 'at once'; readonly calls: Calls }
  | { readonly type: 'throughput'; readonly calls: Calls; readonly inFlight: number; readonly durationMs: number }
  | { readonly type: 'open loop'; readonly loop: OpenLoop; readonly neighbours?: Neighbours }
  | { readonly type: 'recovery'; readonly name: string; readonly payload: string; readonly answer: string }
  | { readonly type: 'overruns'; readonly name: string; readonly limitMs: number; readonly count: number };

/** Functions that are called again and again beside an open loop, from a moment of it on. */
export interface Neighbours {
  readonly names: readonly string[];
  readonly fromMs: number;
}

export type Reply<Type extends Command['type']> = Type extends 'open loop'
  ? OpenLoopBatch
  : Type extends 'open' | 'deploy' | 'collect garbage' | 'remove'
    ? undefined
    : Batch;

export interface Request {
  readonly id: number;
  readonly command: Command;
}

export type Response =
  | { readonly id: number; readonly reply: Batch | undefined }
  | { readonly id: number; readonly error: string };
