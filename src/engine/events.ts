/**
 * Asynchronous invocations of one engine: joins the event queue with registry, scheduler and invocations. The store is opened when there
 * is something in it, or the first event comes: an engine that is never sent one does not pay for it.
 */
import { availableParallelism } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { FunctionReference, FunctionRegistry } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import type { InvokeResult } from '../model/invocation.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import type { EventAnswer, EventDelivery, EventFunctions, EventSettings } from '../queue/delivery.ts';
import { type AcceptInput, EventQueue, type EventQueueStats } from '../queue/event-queue.ts';
import type { NewRecord } from '../queue/event-store.ts';
import type { Targets } from '../queue/target.ts';
import type { EventStorage } from '../store/event-storage.ts';
import type { ValidOptions } from './engine-options.ts';

export interface EventsParts {
  readonly clock: Clock;
  readonly observe: Observe | undefined;
  readonly registry: FunctionRegistry;
  readonly storage: EventStorage;
  readonly limits: ValidOptions['limits'];
  readonly asyncDelayScale: number;
  readonly targets: Targets;
  readonly mayRecur: EventFunctions['mayRecur'];
  /** Runs a delivery as an invocation. @throws EngineError */
  readonly deliver: (event: EventDelivery) => Promise<InvokeResult>;
}

export class Events {
  readonly #parts: EventsParts;
  readonly #reserves: Map<string, number>;
  #queue: EventQueue | undefined;
  #isStopped = false;

  constructor(parts: EventsParts) {
    this.#parts = parts;
    this.#reserves = new Map(parts.registry.concurrency.all());
    if (parts.storage.isThere) this.#open();
  }

  /** @throws EngineError */
  accept(event: AcceptInput): Promise<void> {
    return this.#open().accept(event);
  }

  /** Sends a record that is no event's own. Resolves when it is kept. @throws EngineError */
  tell(record: NewRecord): Promise<void> {
    return this.#open().tell(record);
  }

  changed(functionName: string): void {
    this.#queue?.changed(functionName);
  }

  deleted(functionName: string): void {
    this.#reserves.delete(functionName);
    this.#queue?.deleted(functionName);
  }

  reserved(functionName: string, concurrency: number | undefined): void {
    if (concurrency === undefined) this.#reserves.delete(functionName);
    else this.#reserves.set(functionName, concurrency);
    this.#queue?.changed(functionName);
  }

  stats(): EventQueueStats {
    return this.#queue?.stats() ?? noEvents;
  }

  /** Begins no delivery any more. */
  stop(): void {
    this.#isStopped = true;
    this.#queue?.stop();
  }

  /** After `stop`, and after everything that runs has ended. */
  async close(): Promise<void> {
    await this.#queue?.close();
  }

  #open(): EventQueue {
    if (this.#queue !== undefined) return this.#queue;
    if (this.#isStopped) throw new EngineError('EngineClosed', 'The engine is closed.');
    const { clock, observe, registry, storage, limits: given, asyncDelayScale } = this.#parts;
    this.#queue = new EventQueue({
      store: storage.open(),
      clock,
      observe,
      targets: this.#parts.targets,
      delayScale: asyncDelayScale,
      limits: {
        ...given,
        deliveriesMax: Math.max(1, Math.floor(given.concurrency * limits.asyncShareOfEngine)),
        memoryMiBMax: given.memoryBudgetMiB * limits.asyncShareOfEngine,
        cores: availableParallelism(),
      },
      functions: {
        has: (functionName) => isThere(registry, reference(functionName, undefined)),
        settings: (functionName, qualifier) => this.#settings(reference(functionName, qualifier)),
        reserved: (functionName) => this.#reserves.get(functionName),
        mayRecur: this.#parts.mayRecur,
        deliver: (event) => this.#deliver(event),
      },
    });
    return this.#queue;
  }

  #settings(named: FunctionReference): EventSettings | undefined {
    const { registry } = this.#parts;
    if (!isThere(registry, named)) return undefined;
    const { configuration } = registry.get(named);
    const config = registry.eventInvokeConfigs.find(named.functionName, named.qualifier);
    return {
      retriesMax: config?.maximumRetryAttempts ?? limits.asyncRetriesMax,
      ageMsMax: (config?.maximumEventAgeInSeconds ?? limits.asyncEventAgeSecondsMax) * 1000,
      memoryMiB: configuration.memorySize,
      onSuccess: config?.onSuccess,
      onFailure: config?.onFailure,
      deadLetter: configuration.deadLetter,
    };
  }

  async #deliver(event: EventDelivery): Promise<EventAnswer> {
    const { payload, functionError, executedVersion = '$LATEST', report } = await this.#parts.deliver(event);
    return {
      payload,
      executedVersion,
      isError: functionError !== undefined,
      durationMs: report?.durationMs ?? 0,
      cpuMs: report?.cpuMs,
    };
  }
}

function reference(functionName: string, qualifier: string | undefined): FunctionReference {
  return { functionName, qualifier: qualifier ?? '$LATEST', qualified: qualifier !== undefined };
}

function isThere(registry: FunctionRegistry, named: FunctionReference): boolean {
  try {
    registry.get(named);
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ResourceNotFoundException') return false;
    throw error;
  }
}

const noEvents: EventQueueStats = Object.freeze({
  queued: 0,
  queuedBytes: 0,
  underWay: 0,
  oldestAgeMs: 0,
  accepted: 0,
  succeeded: 0,
  failed: 0,
  retried: 0,
  throttled: 0,
  dropped: 0,
  recordsDelivered: 0,
  recordsFailed: 0,
});
