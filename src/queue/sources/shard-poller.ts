/**
 * Reads one shard for one mapping, has its batches handled, and stores how far that is. The shell around `ShardProgress` and
 * `afterAttempt`, which decide: everything that waits is here. A lane goes on only when its checkpoint is stored, so that a kill
 * repeats at most the batch that was under way in each.
 */
import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-text.ts';
import { EngineError } from '../../model/errors.ts';
import type { InvokeResult } from '../../model/invocation.ts';
import { limits } from '../../model/limits.ts';
import { type AttemptEnding, afterAttempt, type Consequence, type RetryPolicy } from './after-attempt.ts';
import { batchAnswer } from './batch-answer.ts';
import type { GiveUpCondition, LastAnswer } from './failure-record.ts';
import { pause } from './pause.ts';
import type { CheckpointStore, StoredCheckpoint } from './ports.ts';
import { type Batch, type BatchPolicy, ShardProgress } from './shard-progress.ts';
import { type EventSource, SourceError, type SourceRecord } from './source.ts';

export interface ShardPolicy extends Omit<BatchPolicy, 'recordAgeMsMax'>, RetryPolicy {
  readonly recordAgeMsMax: number;
  readonly reportsItemFailures: boolean;
}

/** Records that will not be handled. */
export interface GivenUp {
  readonly shardId: string;
  readonly condition: GiveUpCondition;
  readonly invocations: number;
  readonly requestId: string | undefined;
  readonly answer: LastAnswer | undefined;
  readonly records: readonly { readonly sequence: string; readonly arrivedAtMs: number }[];
}

export interface ShardPollerParts {
  readonly clock: Clock;
  readonly source: EventSource;
  readonly uuid: string;
  readonly shardId: string;
  readonly checkpoint: StoredCheckpoint;
  readonly checkpoints: CheckpointStore;
  readonly policy: ShardPolicy;
  /** How much longer or shorter every back-off is. */
  readonly delayScale: number;
  /** Of the function, as it is now. */
  role(): string;
  /** Whether the filters let it pass. */
  passes(subject: unknown): boolean;
  invoke(payload: Uint8Array): Promise<InvokeResult>;
  /** Resolves to true when nothing more is to be done for them; to false when they have to stay. */
  giveUp(records: GivenUp): Promise<boolean>;
  /** How the last batch, or the last attempt to read, went. */
  told(result: 'ok' | { readonly problem: string }): void;
}

interface Attempted {
  readonly ending: AttemptEnding;
  readonly requestId?: string;
  readonly answer?: LastAnswer;
}

export class ShardPoller {
  readonly #parts: ShardPollerParts;
  readonly #progress: ShardProgress;
  readonly #stopping = new AbortController();
  readonly #timers = new Map<number, Disposable>();
  readonly #running = new Set<Promise<void>>();
  readonly #reading: Promise<void>;
  #isEnded = false;
  #stored: StoredCheckpoint;
  /** Set while the reader waits for records to be handled. */
  #whenRoom: (() => void) | undefined;

  constructor(parts: ShardPollerParts) {
    this.#parts = parts;
    this.#stored = parts.checkpoint;
    const { source, policy } = parts;
    const recordAgeMsMax = Math.min(policy.recordAgeMsMax, source.retentionMs() ?? Number.POSITIVE_INFINITY);
    this.#progress = new ShardProgress({
      policy: { ...policy, recordAgeMsMax },
      checkpoint: parts.checkpoint,
      compare: (one, other) => source.compare(one, other),
    });
    this.#reading = this.#read();
  }

  /** Begins nothing more. Resolves when what was under way has ended and is stored. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#whenRoom?.();
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    await this.#reading;
    await Promise.all(this.#running);
  }

  async #read(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted && !this.#isEnded; ) {
      try {
        await this.#readOnce(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof SourceError)) throw error;
        this.#parts.told({ problem: error.message });
        await this.#pause(error.fault === 'final' ? limits.sourceRetryMsMax : backoffMs(failures, faultLimits));
        failures += 1;
      }
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const { source, shardId, clock, policy } = this.#parts;
    const { records, bytes } = this.#progress.held;
    const recordsMax = Math.min(
      Math.max(2 * policy.batchSize * policy.lanes, limits.sourceHeldRecordsMin),
      limits.sourceHeldRecordsMax,
    );
    if (records >= recordsMax || bytes >= limits.sourceHeldBytesMax) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenRoom = resolve;
      return promise;
    }
    const answer = await source.read({
      shardId,
      after: this.#progress.readAfter,
      recordsMax: Math.min(recordsMax - records, limits.sourceReadRecordsMax),
      bytesMax: limits.sourceReadBytesMax,
      waitMs: limits.sourceReadWaitMs,
      signal,
    });
    if (signal.aborted) return;
    const role = answer.records.length === 0 ? '' : this.#parts.role();
    const queued = answer.records.map((record) => ({ sequence: record.sequence, queued: this.#queued(record, role) }));
    this.#progress.add(queued, answer.after, clock.nowMs());
    this.#isEnded = answer.isEnded;
    for (let lane = 0; lane < policy.lanes; lane += 1) this.#pump(lane);
    // What filters leave out moves the checkpoint too.
    await this.#store();
  }

  #queued(record: SourceRecord, role: string) {
    const { source, shardId } = this.#parts;
    if (!this.#parts.passes(source.filterSubject(record))) return undefined;
    const { sequence, partitionKey, arrivedAtMs } = record;
    return { sequence, partitionKey, arrivedAtMs, text: source.eventRecord(record, { shardId, role }) };
  }

  /** Lets a lane do what it can do now. */
  #pump(lane: number): void {
    const { clock } = this.#parts;
    this.#timers.get(lane)?.[Symbol.dispose]();
    this.#timers.delete(lane);
    if (this.#stopping.signal.aborted) return;
    const step = this.#progress.next(lane, { nowMs: clock.nowMs(), epochMs: clock.epochMs() }, this.#isEnded);
    switch (step.type) {
      case 'idle':
        return;
      case 'wait':
        this.#timers.set(
          lane,
          clock.after(step.untilMs - clock.nowMs(), () => this.#pump(lane)),
        );
        return;
      case 'run':
        this.#begin(lane, this.#run(step.batch));
        return;
      case 'expired':
        this.#begin(lane, this.#expire(step.batch));
        return;
      default:
        step satisfies never;
    }
  }

  #begin(lane: number, work: Promise<void>): void {
    const running = work.then(() => {
      this.#running.delete(running);
      this.#whenRoom?.();
      this.#whenRoom = undefined;
      this.#pump(lane);
    });
    this.#running.add(running);
  }

  async #run(batch: Batch): Promise<void> {
    const attempted = await this.#attempt(batch);
    const { ending, requestId, answer } = attempted;
    const isRun = ending.type === 'handled' || ending.type === 'failed';
    const decided = afterAttempt(batch, ending, this.#parts.policy);
    const records = batch.queued.slice(decided.handled, decided.handled + decided.givenUp);
    const isGivenUp =
      records.length === 0 ||
      (await this.#parts.giveUp({
        shardId: this.#parts.shardId,
        condition: 'RetryAttemptsExhausted',
        invocations: batch.invocations + 1,
        requestId,
        answer,
        records,
      }));
    await this.#settle(batch, isGivenUp ? decided : keptAfterAll(batch, decided), isRun);
  }

  async #expire(batch: Batch): Promise<void> {
    const decided: Consequence = { handled: 0, givenUp: batch.records, parts: [], delayMs: 0 };
    const isGivenUp = await this.#parts.giveUp({
      shardId: this.#parts.shardId,
      condition: 'RecordAgeExceeded',
      // AWS counts finding it out as one more: 1 was recorded for records that were too old before any invocation (D3.8).
      invocations: batch.invocations + 1,
      requestId: undefined,
      answer: undefined,
      records: batch.queued,
    });
    await this.#settle(batch, isGivenUp ? decided : keptAfterAll(batch, decided), false);
  }

  async #attempt(batch: Batch): Promise<Attempted> {
    const payload = Buffer.from(`{"Records":[${batch.queued.map(({ text }) => text).join(',')}]}`);
    let result: InvokeResult;
    try {
      result = await this.#parts.invoke(payload);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#parts.told({ problem: error.message });
      return { ending: { type: error.code === 'RequestEntityTooLargeException' ? 'too-large' : 'not-run' } };
    }
    const ending = this.#ending(batch, result);
    this.#parts.told(ending.type === 'handled' ? 'ok' : { problem: 'Function call failed' });
    return {
      ending,
      requestId: result.requestId,
      answer: {
        statusCode: result.statusCode,
        executedVersion: result.executedVersion ?? '$LATEST',
        functionError: result.functionError ?? null,
      },
    };
  }

  #ending(batch: Batch, { functionError, payload }: InvokeResult): AttemptEnding {
    if (functionError !== undefined) return { type: 'failed', index: 0 };
    if (!this.#parts.policy.reportsItemFailures) return { type: 'handled' };
    const answer = batchAnswer(
      payload,
      batch.queued.map(({ sequence }) => sequence),
    );
    switch (answer.type) {
      case 'all-handled':
        return { type: 'handled' };
      case 'failed-from':
        return { type: 'failed', index: answer.index };
      case 'all-failed':
        return { type: 'failed', index: 0 };
      default:
        return answer satisfies never;
    }
  }

  async #settle(batch: Batch, decided: Consequence, isRun: boolean): Promise<void> {
    const delayMs = decided.delayMs * this.#parts.delayScale;
    this.#progress.settle(batch.lane, { ...decided, delayMs }, this.#parts.clock.nowMs(), isRun);
    if (decided.handled + decided.givenUp > 0) await this.#store();
  }

  /** Tries until it is stored: who went on without would repeat ever more after a restart. */
  async #store(): Promise<void> {
    const { uuid, shardId, checkpoints } = this.#parts;
    for (let failures = 0; ; failures += 1) {
      const checkpoint = this.#progress.checkpoint();
      const isEnded = this.#isEnded && this.#progress.held.records === 0;
      if (isSame(this.#stored, { ...checkpoint, isEnded })) return;
      const before = this.#stored;
      try {
        this.#stored = { ...checkpoint, isEnded };
        await checkpoints.save(uuid, shardId, this.#stored);
        return;
      } catch (error) {
        // A full disk, or the end of the engine: then the last stored checkpoint holds.
        if (!(error instanceof EngineError)) throw error;
        this.#stored = before;
        this.#parts.told({ problem: errorMessage(error) });
        if (this.#stopping.signal.aborted) return;
        await this.#pause(backoffMs(failures, faultLimits));
      }
    }
  }

  async #pause(delayMs: number): Promise<void> {
    await pause(this.#parts.clock, delayMs * this.#parts.delayScale, this.#stopping.signal);
  }
}

const faultLimits = { minMs: limits.sourceRetryMsMin, maxMs: limits.sourceRetryMsMax };

/** What was to be given up stays, and is tried again. */
function keptAfterAll({ retries, refusals }: Batch, { handled, givenUp }: Consequence): Consequence {
  const parts = [{ records: givenUp, retries, refusals: refusals + 1 }];
  return { handled, givenUp: 0, parts, delayMs: backoffMs(refusals, faultLimits) };
}

function isSame(one: StoredCheckpoint, other: StoredCheckpoint): boolean {
  return (
    one.after === other.after &&
    one.isEnded === other.isEnded &&
    one.lanes.length === other.lanes.length &&
    one.lanes.every((position, index) => position === other.lanes[index])
  );
}
