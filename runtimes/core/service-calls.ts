/**
 * The guest's end of the services (see `src/bridge/services.ts`): bindings ask and start operations here and are told the events
 * that belong to them. What an event means, and whether a pending operation keeps the loop alive, is their business.
 */
import type { HostCalls } from '../../src/bridge/contract.ts';
import { type BridgeReply, type BridgeValue, type ServiceName, services } from '../../src/bridge/services.ts';

/** Called within a slice of its own; ticks and microtasks drain afterwards. */
export type EventHandler = (kind: number, values: readonly BridgeValue[]) => void;

export interface ServiceCallsHost {
  readonly host: Pick<HostCalls, 'ask' | 'start'>;
}

export class ServiceCalls {
  readonly #context: ServiceCallsHost;
  /** By service and id. */
  readonly #handlers: Record<number, Record<number, EventHandler | undefined> | undefined> = {
    // @ts-expect-error a null prototype
    __proto__: null,
  };
  #latestId = 0;

  constructor(context: ServiceCallsHost) {
    this.#context = context;
  }

  ask(
    service: ServiceName,
    operation: number,
    a?: BridgeValue,
    b?: BridgeValue,
    c?: BridgeValue,
    d?: BridgeValue,
    e?: BridgeValue,
    f?: BridgeValue,
  ): BridgeReply {
    return this.#context.host.ask(services[service], operation, a, b, c, d, e, f);
  }

  /** Events for `id` go to `handler` until `forget`. */
  listen(service: ServiceName, handler: EventHandler): number {
    this.#latestId += 1;
    const number = services[service];
    let handlers = this.#handlers[number];
    if (handlers === undefined) {
      handlers = { __proto__: null } as Record<number, EventHandler | undefined>;
      this.#handlers[number] = handlers;
    }
    handlers[this.#latestId] = handler;
    return this.#latestId;
  }

  forget(service: ServiceName, id: number): void {
    const handlers = this.#handlers[services[service]];
    if (handlers !== undefined) delete handlers[id];
  }

  /** @param id of `listen` */
  start(
    service: ServiceName,
    operation: number,
    id: number,
    a?: BridgeValue,
    b?: BridgeValue,
    c?: BridgeValue,
    d?: BridgeValue,
    e?: BridgeValue,
    f?: BridgeValue,
  ): void {
    this.#context.host.start(services[service], operation, id, a, b, c, d, e, f);
  }

  /** One that nobody listens to any more is late, and dropped. */
  deliver(service: number, id: number, kind: number, values: readonly BridgeValue[]): void {
    const handler = this.#handlers[service]?.[id];
    if (handler !== undefined) handler(kind, values);
  }
}
