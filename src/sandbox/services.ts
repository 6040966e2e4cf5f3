/** The services of one incarnation: which there are, opened when first used, closed with it. */
import type { Clock } from '../base/clock.ts';
import { type BridgeReply, type BridgeValue, type ServiceName, services } from '../bridge/services.ts';
import type { GuestEventHead, GuestRequestHead } from '../protocol/messages.ts';
import type { Inbox } from './inbox.ts';
import { defaultBounds, type GuestBounds } from './limit-book.ts';
import type { OpenService, Service, ServiceLink } from './service.ts';
import { openAnswer } from './services/answer.ts';
import { openBindings } from './services/bindings.ts';
import { openCrypto } from './services/crypto/service.ts';
import { openNetwork } from './services/network.ts';
import { openText } from './services/text.ts';
import { openTls } from './services/tls.ts';
import { openZlib } from './services/zlib.ts';

export type Openers = Partial<Record<ServiceName, OpenService>>;

export const openers: Openers = {
  network: openNetwork,
  tls: openTls,
  bindings: openBindings,
  text: openText,
  zlib: openZlib,
  crypto: openCrypto,
  answer: openAnswer,
};

const names = new Map<number, ServiceName>(
  Object.entries(services).map(([name, number]) => [number, name as ServiceName]),
);

export interface ServicesOptions {
  readonly openers: Openers;
  readonly clock: Clock;
  readonly bounds?: GuestBounds;
  readonly inbox: Inbox;
  readonly request: (
    service: GuestRequestHead['service'],
    request: GuestRequestHead['request'],
    body?: Uint8Array,
  ) => void;
  /** Absent: nothing is ever answered. */
  readonly answer?: ServiceLink['answer'];
}

export class Services {
  readonly #options: ServicesOptions;
  readonly #open = new Map<ServiceName, Service>();
  /** Of those that are open: to whom it matters whether the guest is frozen. */
  readonly #freezable: Service[] = [];
  #isClosed = false;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  ask(service: number, operation: number, values: readonly BridgeValue[]): BridgeReply {
    return this.#find(names.get(service))?.ask(operation, values);
  }

  start(service: number, operation: number, id: number, values: readonly BridgeValue[]): void {
    this.#find(names.get(service))?.start(operation, id, values);
  }

  /** Only a service that is open asked for something; what comes for another is late. */
  receive(service: GuestEventHead['service'], event: GuestEventHead['event'], body: Uint8Array): void {
    if (!this.#isClosed) this.#open.get(service)?.receive?.(event, body);
  }

  freeze(): void {
    for (const service of this.#freezable) service.freeze?.();
  }

  thaw(): void {
    for (const service of this.#freezable) service.thaw?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const service of this.#open.values()) service.close();
    this.#open.clear();
    this.#freezable.length = 0;
  }

  #find(name: ServiceName | undefined): Service | undefined {
    if (name === undefined || this.#isClosed) return undefined;
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const service = this.#options.openers[name]?.({
      clock: this.#options.clock,
      bounds: this.#options.bounds ?? defaultBounds,
      emit: (id, kind, ...values) => {
        if (!this.#isClosed) this.#options.inbox.push({ service: services[name], id, kind, values });
      },
      request: (request, body) => {
        if (!this.#isClosed && (name === 'network' || name === 'bindings')) this.#options.request(name, request, body);
      },
      answer: () => this.#options.answer?.(),
      service: (other) => {
        const found = this.#find(other);
        if (found === undefined) throw new Error(`the services have no ${other}`);
        return found;
      },
    });
    if (service !== undefined) this.#open.set(name, service);
    if (service?.freeze !== undefined) this.#freezable.push(service);
    return service;
  }
}
