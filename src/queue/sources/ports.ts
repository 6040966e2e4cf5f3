/** What pollers need of the rest of the engine. It is little on purpose: a queue knows functions by name only. */
import type { InvokeResult } from '../../model/invocation.ts';
import type { GiveUpCondition } from './failure-record.ts';
import type { Checkpoint } from './shard-progress.ts';

/** A function as a mapping names it. */
export interface MappedFunction {
  readonly functionName: string;
  readonly qualifier?: string;
}

export interface FunctionPort {
  /** Invokes synchronously. @throws EngineError when it did not run: throttled, deleted, a platform failure, too large an event */
  invoke(target: MappedFunction, payload: Uint8Array): Promise<InvokeResult>;
  /** Its role, and the ARN with the qualifier that was named. @throws EngineError ResourceNotFoundException */
  describe(target: MappedFunction): { readonly role: string; readonly arn: string };
}

/** Where it is told which records were given up. */
export interface FailureDestinations {
  /** @throws EngineError InvalidParameterValueException for an ARN that nothing can be sent to */
  check(destinationArn: string): void;
  /** Resolves when the note is kept, and will be sent. @throws EngineError when it cannot be kept now */
  send(note: FailureNote): Promise<void>;
}

export interface FailureNote {
  readonly destinationArn: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly requestId: string;
  readonly condition: GiveUpCondition;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Checkpoints of all mappings. Whatever is saved is durable when the promise resolves; what is saved in one turn is saved together. */
export interface CheckpointStore {
  /** By shard. `isEnded`: the shard is closed and everything in it is handled. */
  load(uuid: string): ReadonlyMap<string, StoredCheckpoint>;
  save(uuid: string, shardId: string, checkpoint: StoredCheckpoint): Promise<void>;
}

export interface StoredCheckpoint extends Checkpoint {
  readonly isEnded: boolean;
}
