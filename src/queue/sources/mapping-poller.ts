/**
 * Runs one mapping: opens its stream, finds its shards, also new ones, and has a poller for each. A poison batch holds up its own
 * shard only. It changes no mapping; `mappings.ts` starts and stops it.
 */
import { randomUUID } from 'node:crypto';
import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { EngineError } from '../../model/errors.ts';
import type { EventSourceMapping } from '../../model/event-source-mapping.ts';
import { limits } from '../../model/limits.ts';
import type { Observe } from '../../model/platform-event.ts';
import { parseEventPattern } from './event-pattern.ts';
import { failureRecord } from './failure-record.ts';
import { pause } from './pause.ts';
import type { CheckpointStore, FailureDestinations, FunctionPort, StoredCheckpoint } from './ports.ts';
import { type GivenUp, type ShardPolicy, ShardPoller } from './shard-poller.ts';
import { type EventSource, SourceError, type StartingPosition } from './source.ts';

export interface MappingPollerParts {
  readonly clock: Clock;
  readonly mapping: EventSourceMapping;
  readonly functions: FunctionPort;
  readonly destinations: FailureDestinations;
  readonly checkpoints: CheckpointStore;
  readonly observe: Observe | undefined;
  readonly delayScale: number;
  open(signal: AbortSignal): Promise<EventSource>;
  told(result: 'ok' | { readonly problem: string }): void;
}

export class MappingPoller {
  readonly #parts: MappingPollerParts;
  readonly #stopping = new AbortController();
  readonly #shards = new Map<string, ShardPoller>();
  readonly #positioned = Promise.withResolvers<void>();
  readonly #running: Promise<void>;

  constructor(parts: MappingPollerParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  /** Resolves when the shards that there are have a position: what is put from then on is read, also with LATEST. Or when stopped. */
  get positioned(): Promise<void> {
    return this.#positioned.promise;
  }

  /** Begins nothing more; resolves when what was under way has ended and is stored. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await using source = await this.#parts.open(signal);
        failures = 0;
        await this.#poll(source, signal);
      } catch (error) {
        if (signal.aborted) break;
        failures = await this.#afterFault(error, failures);
      }
    }
    this.#positioned.resolve();
  }

  async #poll(source: EventSource, signal: AbortSignal): Promise<void> {
    try {
      for (let failures = 0; !signal.aborted; ) {
        try {
          await this.#startShards(source, signal);
          failures = 0;
          this.#positioned.resolve();
          await pause(this.#parts.clock, limits.sourceShardsIntervalMs * this.#parts.delayScale, signal);
        } catch (error) {
          if (signal.aborted) break;
          failures = await this.#afterFault(error, failures);
        }
      }
    } finally {
      // Before the source is closed, and also when something unforeseen ends this.
      await Promise.all([...this.#shards.values()].map((shard) => shard.stop()));
      this.#shards.clear();
    }
  }

  async #startShards(source: EventSource, signal: AbortSignal): Promise<void> {
    const { mapping, checkpoints } = this.#parts;
    const stored = checkpoints.load(mapping.uuid);
    // A shard that comes later has nothing in it that was there before the mapping.
    const position = stored.size === 0 ? startingPosition(mapping) : fromTheStart;
    const found: [shardId: string, checkpoint: StoredCheckpoint][] = [];
    const located: Promise<void>[] = [];
    for (const { shardId } of await source.shards(signal)) {
      if (this.#shards.has(shardId)) continue;
      const known = stored.get(shardId);
      if (known?.isEnded === true) continue;
      const checkpoint = known ?? { after: await source.locate(shardId, position, signal), lanes: [], isEnded: false };
      found.push([shardId, checkpoint]);
    }
    // All or none of the first positions: those of LATEST belong to one moment.
    for (const [shardId, checkpoint] of found) {
      if (!stored.has(shardId)) located.push(checkpoints.save(mapping.uuid, shardId, checkpoint));
    }
    await Promise.all(located);
    if (signal.aborted) return;
    for (const [shardId, checkpoint] of found) {
      this.#shards.set(shardId, this.#shardPoller(source, shardId, checkpoint));
    }
  }

  #shardPoller(source: EventSource, shardId: string, checkpoint: StoredCheckpoint): ShardPoller {
    const { clock, mapping, functions, checkpoints, delayScale, told } = this.#parts;
    const patterns = mapping.filters.map(parseEventPattern);
    return new ShardPoller({
      clock,
      source,
      uuid: mapping.uuid,
      shardId,
      checkpoint,
      checkpoints,
      policy: policyOf(mapping),
      delayScale,
      role: () => this.#describe()?.role ?? '',
      passes: (subject) => patterns.length === 0 || patterns.some((matches) => matches(subject)),
      invoke: (payload) => functions.invoke(mapping, payload),
      giveUp: (records) => this.#giveUp(source, records),
      told,
    });
  }

  /** False: nobody could be told, and the records stay. */
  async #giveUp(source: EventSource, given: GivenUp): Promise<boolean> {
    const { clock, mapping, destinations, observe } = this.#parts;
    const { functionName, onFailure, eventSourceArn } = mapping;
    const { shardId, condition, records } = given;
    if (onFailure !== undefined) {
      const requestId = given.requestId ?? randomUUID();
      const functionArn = this.#describe()?.arn ?? functionName;
      const record = failureRecord({
        ...given,
        requestId,
        functionArn,
        epochMs: clock.epochMs(),
        batchInfoName: source.batchInfoName,
        streamArn: eventSourceArn,
      });
      try {
        await destinations.send({ destinationArn: onFailure, functionName, functionArn, requestId, condition, record });
      } catch (error) {
        // The disk is full, or the engine closes.
        if (!(error instanceof EngineError)) throw error;
        this.#problem(`what was given up cannot be told to ${onFailure}: ${error.message}`);
        return false;
      }
    }
    observe?.({
      type: 'source.gaveUp',
      functionName,
      eventSourceArn,
      shardId,
      condition,
      records: records.length,
      ...(onFailure !== undefined && { destination: onFailure }),
    });
    return true;
  }

  /** Undefined while the function does not exist: its records wait. */
  #describe(): ReturnType<FunctionPort['describe']> | undefined {
    try {
      return this.#parts.functions.describe(this.#parts.mapping);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return undefined;
    }
  }

  /** Counts it and waits. Anything but a fault of the source, or of the store, is a bug. */
  async #afterFault(error: unknown, failures: number): Promise<number> {
    if (!(error instanceof SourceError || error instanceof EngineError)) throw error;
    this.#problem(error.message);
    const isFinal = error instanceof SourceError && error.fault === 'final';
    const delayMs = isFinal ? limits.sourceRetryMsMax : backoffMs(failures, faultLimits);
    await pause(this.#parts.clock, delayMs * this.#parts.delayScale, this.#stopping.signal);
    return failures + 1;
  }

  #problem(problem: string): void {
    const { mapping, observe, told } = this.#parts;
    const { functionName, eventSourceArn } = mapping;
    told({ problem });
    observe?.({ type: 'source.problem', functionName, eventSourceArn, problem });
  }
}

const faultLimits = { minMs: limits.sourceRetryMsMin, maxMs: limits.sourceRetryMsMax };
const fromTheStart: StartingPosition = { type: 'trim-horizon' };

function startingPosition({
  startingPosition: position,
  startingPositionTimestamp,
}: EventSourceMapping): StartingPosition {
  switch (position) {
    case 'TRIM_HORIZON':
      return fromTheStart;
    case 'LATEST':
      return { type: 'latest' };
    case 'AT_TIMESTAMP':
      return { type: 'at-timestamp', epochMs: (startingPositionTimestamp ?? 0) * 1_000 };
    default:
      return position satisfies never;
  }
}

function policyOf(mapping: EventSourceMapping): ShardPolicy {
  const unlimited = (value: number): number => (value < 0 ? Number.POSITIVE_INFINITY : value);
  return {
    batchSize: mapping.batchSize,
    windowMs: mapping.batchingWindowSeconds * 1_000,
    payloadBytesMax: limits.requestPayloadBytesMax,
    lanes: mapping.parallelizationFactor,
    retryAttemptsMax: unlimited(mapping.retryAttemptsMax),
    recordAgeMsMax: unlimited(mapping.recordAgeSecondsMax) * 1_000,
    bisects: mapping.bisectsOnError,
    reportsItemFailures: mapping.reportsItemFailures,
  };
}
