/** The services `network` and `tls` of one incarnation, with a guest and a host that are played here. */
import { networkOperations } from '../../../src/bridge/network.ts';
import { type BridgeReply, type BridgeValue, services as numbers } from '../../../src/bridge/services.ts';
import { type SecuredInfo, type SessionSettings, tlsEvents, tlsOperations } from '../../../src/bridge/tls.ts';
import { limits } from '../../../src/model/limits.ts';
import { Inbox } from '../../../src/sandbox/inbox.ts';
import { openNetwork } from '../../../src/sandbox/services/network.ts';
import { openTls } from '../../../src/sandbox/services/tls.ts';
import { Services } from '../../../src/sandbox/services.ts';
import { createFakeClock } from '../../fixtures/fake-clock.ts';

type Pattern = Partial<SessionSettings>;

/** What was told of one session. */
export interface Told {
  secured?: SecuredInfo;
  text: string;
  bytes: number;
  written: number;
  isEnded: boolean;
  isShut: boolean;
  failed?: { readonly message: string; readonly code?: string };
  broken?: string;
  session?: ArrayBuffer;
}

export class TlsGuest {
  readonly services: Services;
  readonly requests: { readonly request: Record<string, unknown>; readonly body: Uint8Array }[] = [];
  readonly #told = new Map<number, Told>();
  /** Where encrypted bytes of a session go. */
  readonly #routes = new Map<number, (bytes: Uint8Array) => void>();
  /** Whose encrypted bytes a session is fed with. */
  readonly #feeders = new Map<number, number>();
  readonly #ends = new Map<number, () => void>();
  readonly #taken = new Map<number, number>();
  onRequest: ((request: { readonly request: Record<string, unknown>; readonly body: Uint8Array }) => void) | undefined;
  readonly #reads = new Set<number>();
  readonly #inbox: Inbox;
  #latestId = 0;
  #change = Promise.withResolvers<void>();

  constructor() {
    this.#inbox = new Inbox(
      () => this.#deliver(),
      () => {},
    );
    this.services = new Services({
      openers: { network: openNetwork, tls: openTls },
      clock: createFakeClock(),
      inbox: this.#inbox,
      request: (_service, request, body = new Uint8Array(0)) => {
        const one = { request: request as Record<string, unknown>, body: Uint8Array.from(body) };
        this.requests.push(one);
        queueMicrotask(() => this.onRequest?.(one));
        this.#change.resolve();
      },
    });
  }

  start(operation: keyof typeof tlsOperations, id: number, ...values: BridgeValue[]): void {
    this.services.start(numbers.tls, tlsOperations[operation], id, values);
  }

  ask(operation: keyof typeof tlsOperations, ...values: BridgeValue[]): BridgeReply {
    return this.services.ask(numbers.tls, tlsOperations[operation], values);
  }

  open(settings: Pattern, connectionId = 0, session?: ArrayBuffer): number {
    this.#latestId += 1;
    const id = this.#latestId;
    this.#told.set(id, { text: '', bytes: 0, written: 0, isEnded: false, isShut: false });
    this.#reads.add(id);
    this.start('open', id, JSON.stringify({ isServer: false, context: {}, ...settings }), connectionId, session);
    return id;
  }

  /** A client and a server whose encrypted bytes the guest carries from one to the other. */
  pair(client: Pattern, server: Pattern, session?: ArrayBuffer): { client: number; server: number } {
    const serverId = this.open({ isServer: true, ...server });
    const clientId = this.open(client, 0, session);
    this.join(clientId, serverId);
    return { client: clientId, server: serverId };
  }

  join(one: number, other: number): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.route(from, (bytes) => this.start('feed', to, Uint8Array.from(bytes).buffer), 'when-fed');
      this.#feeders.set(to, from);
      this.#ends.set(from, () => this.start('feedEnd', to));
    }
  }

  route(id: number, pass: (bytes: Uint8Array) => void, isSent: 'at-once' | 'when-fed' = 'at-once'): void {
    this.#routes.set(id, (bytes) => {
      pass(bytes);
      if (isSent === 'at-once') this.start('sent', id, bytes.byteLength);
    });
  }

  openRaw(settings: BridgeValue): void {
    this.#latestId += 1;
    this.#told.set(this.#latestId, { text: '', bytes: 0, written: 0, isEnded: false, isShut: false });
    this.start('open', this.#latestId, settings, 0);
  }

  end(id: number): void {
    this.start('end', id);
  }

  /** Given and not taken. */
  takeable(id: number): number {
    const untaken = this.told(id).bytes - (this.#taken.get(id) ?? 0);
    this.#taken.set(id, this.told(id).bytes);
    return untaken;
  }

  told(id: number): Told {
    const told = this.#told.get(id);
    if (told === undefined) throw new Error(`no session ${id}`);
    return told;
  }

  /** From now on the guest takes nothing of a session. */
  stopReading(id: number): void {
    this.#reads.delete(id);
  }

  write(id: number, text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    this.start('write', id, Uint8Array.from(bytes).buffer);
  }

  /** Until what was told satisfies. */
  async until<Result>(find: () => Result | undefined | false): Promise<Result> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      await this.#change.promise;
      this.#change = Promise.withResolvers();
    }
  }

  #deliver(): void {
    for (let event = this.#inbox.shift(); event !== undefined; event = this.#inbox.shift()) {
      if (event.service === numbers.tls) this.#tell(event.id, event.kind, event.values[0]);
    }
    this.#change.resolve();
  }

  #tell(id: number, kind: number, value: BridgeValue): void {
    const told = this.told(id);
    switch (kind) {
      case tlsEvents.secured:
        told.secured = JSON.parse(String(value));
        return;
      case tlsEvents.data: {
        const bytes = value as ArrayBuffer;
        if (told.bytes < limits.socketChunkBytesMax) told.text += Buffer.from(bytes).toString('latin1');
        told.bytes += bytes.byteLength;
        if (this.#reads.has(id)) queueMicrotask(() => this.start('credit', id, bytes.byteLength));
        return;
      }
      case tlsEvents.ended:
        told.isEnded = true;
        return;
      case tlsEvents.written:
        told.written += value as number;
        return;
      case tlsEvents.shutdown:
        told.isShut = true;
        return;
      case tlsEvents.encrypted: {
        const bytes = value as ArrayBuffer;
        queueMicrotask(() => this.#routes.get(id)?.(new Uint8Array(bytes)));
        return;
      }
      case tlsEvents.fed: {
        const feeder = this.#feeders.get(id);
        if (feeder !== undefined) this.start('sent', feeder, value as number);
        return;
      }
      case tlsEvents.encryptedEnd: {
        this.#ends.get(id)?.();
        return;
      }
      case tlsEvents.session:
        told.session = value as ArrayBuffer;
        return;
      case tlsEvents.failed:
        told.failed = JSON.parse(String(value));
        return;
      case tlsEvents.broken:
        told.broken = String(value);
        return;
    }
  }

  /** A connection of the network that the host has made. */
  connect(id: number): void {
    this.services.start(numbers.network, networkOperations.connect, id, ['192.0.2.1', 443]);
    const end = { address: '192.0.2.1', port: 443, family: 4 };
    this.services.receive(
      'network',
      { kind: 'connected', id, local: end, remote: end, hostSpeaksTls: false },
      new Uint8Array(0),
    );
    this.requests.length = 0;
  }
}
