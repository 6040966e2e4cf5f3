/** An event queue over a real store in memory, whose functions do what a test says, on a clock that a test moves. */

import { EngineError } from '../../src/model/errors.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import type { EventAnswer, EventDelivery, EventSettings } from '../../src/queue/delivery.ts';
import { type AcceptInput, EventQueue, type EventQueueLimits } from '../../src/queue/event-queue.ts';
import type { EventStore } from '../../src/queue/event-store.ts';
import { type DestinationMap, Targets } from '../../src/queue/target.ts';
import { eventStorage } from '../../src/store/event-storage.ts';
import { createFakeClock, type FakeClock } from '../fixtures/fake-clock.ts';

export interface WorldOptions {
  readonly limits?: Partial<EventQueueLimits>;
  readonly destinations?: DestinationMap;
  readonly destinationDirectory?: string;
  /** Default: in memory. */
  readonly directory?: string | undefined;
  readonly clock?: FakeClock;
}

export const settings: EventSettings = { retriesMax: 2, ageMsMax: 21_600_000, memoryMiB: 128 };

export class QueueWorld {
  readonly clock: FakeClock;
  readonly store: EventStore;
  readonly queue: EventQueue;
  readonly told: PlatformEvent[] = [];
  readonly deliveries: EventDelivery[] = [];
  readonly settings = new Map<string, EventSettings>();
  /** Functions that may be invoked in a row without end. */
  readonly recurring = new Set<string>();
  readonly reserves = new Map<string, number>();
  readonly #directory: string | undefined;
  onDeliver: (delivery: EventDelivery) => EventAnswer | Promise<EventAnswer> = () => answer();

  constructor({
    limits,
    destinations = {},
    destinationDirectory,
    directory,
    clock = createFakeClock(),
  }: WorldOptions = {}) {
    this.clock = clock;
    this.#directory = directory;
    this.store = eventStorage(directory).open();
    for (const name of ['f', 'g']) this.settings.set(name, settings);
    this.queue = new EventQueue({
      store: this.store,
      clock,
      observe: (event) => this.told.push(event),
      delayScale: 1,
      targets: new Targets(destinations, destinationDirectory),
      limits: {
        asyncEvents: 10_000,
        asyncEventsPerFunction: 10_000,
        asyncBytes: 1_000_000,
        asyncBytesPerFunction: 1_000_000,
        deliveriesMax: 100,
        memoryMiBMax: 100_000,
        cores: 4,
        ...limits,
      },
      functions: {
        has: (functionName) => this.settings.has(functionName),
        mayRecur: (functionName) => this.recurring.has(functionName),
        settings: (functionName, qualifier) =>
          this.settings.get(qualifier === undefined ? functionName : `${functionName}:${qualifier}`),
        reserved: (functionName) => this.reserves.get(functionName),
        deliver: async (delivery) => {
          this.deliveries.push(delivery);
          return this.onDeliver(delivery);
        },
      },
    });
  }

  accept(requestId: string, more: Partial<AcceptInput> = {}): Promise<void> {
    return this.queue.accept({
      functionName: 'f',
      qualifier: undefined,
      requestId,
      details: {},
      payload: Buffer.from('{}'),
      ...more,
    });
  }

  /** Until nothing happens any more without time passing. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 30; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(0);
    }
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  delivered(): readonly string[] {
    return this.deliveries.map(({ requestId }) => requestId);
  }

  /** As the process would that is killed now: what was written stays, and what runs ends unheard. */
  restarted(options: Omit<WorldOptions, 'clock'> = {}): QueueWorld {
    this.queue.stop();
    this.store.close();
    return new QueueWorld({ directory: this.#directory, ...options, clock: this.clock });
  }
}

export function answer(more: Partial<EventAnswer> = {}): EventAnswer {
  return { executedVersion: '$LATEST', isError: false, payload: Buffer.from('1'), durationMs: 1, cpuMs: 0, ...more };
}

export const failed = (): EventAnswer => answer({ isError: true, payload: Buffer.from('{"errorMessage":"no"}') });

export function throttled(): never {
  throw new EngineError('TooManyRequestsException', 'Rate Exceeded.', {
    throttleReason: 'ConcurrentInvocationLimitExceeded',
  });
}

export const never = new Promise<never>(() => undefined);
