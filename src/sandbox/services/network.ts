/**
 * The service `network`: what a guest asks goes to the host's egress gate, what comes of it goes to the guest. Here each value of
 * a guest is checked, so that the host can take a wrong one as a sign that the sandbox was taken over; and here is bounded what
 * waits for a guest that is frozen or does not read. What a guest begins faster than it may waits here, not in the host: one that connects
 * and closes as fast as it can costs the host nothing then (10 microseconds for each pair otherwise). Policy is the host's alone.
 */
import { isIP } from 'node:net';
import { Throttle } from '../../base/throttle.ts';
import { networkEvents, networkOperations } from '../../bridge/network.ts';
import type { BridgeReply, BridgeValue } from '../../bridge/services.ts';
import { limits } from '../../model/limits.ts';
import { decodeNetworkEvent } from '../../protocol/decode-network.ts';
import { type DnsType, dnsTypes, type NetworkEvent } from '../../protocol/network.ts';
import type { OpenService, Service, ServiceLink } from '../service.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { GuestEnd } from './guest-end.ts';

export const openNetwork: OpenService = (link) => new NetworkService(link);

const portMax = 65_535;

export class NetworkService implements Service, ConnectionOwner {
  readonly #link: ServiceLink;
  readonly #connections = new Map<number, Connection>();
  readonly #questions = new Set<number>();
  readonly #throttle: Throttle;
  /** Ids are never used twice: the guest counts them up. */
  #latestId = 0;
  #waitingBytes = 0;

  constructor(link: ServiceLink) {
    this.#link = link;
    this.#throttle = new Throttle(link.clock, {
      perSecond: limits.networkRequestsPerSecondMax,
      burst: limits.networkRequestsBurst,
    });
  }

  ask(): BridgeReply {
    return undefined;
  }

  start(operation: number, id: number, values: readonly BridgeValue[]): void {
    switch (operation) {
      case networkOperations.lookup:
      case networkOperations.resolve:
        this.#question(operation, id, values);
        return;
      case networkOperations.connect:
        this.#connect(id, values[0], values[1]);
        return;
      default:
        this.#onConnection(operation, id, values[0]);
    }
  }

  #question(operation: number, id: number, [name, detail]: readonly BridgeValue[]): void {
    if (!this.#isNew(id) || typeof name !== 'string') return;
    const isLookup = operation === networkOperations.lookup;
    const syscall = isLookup ? 'getaddrinfo' : 'query';
    if (this.#isFull) {
      this.#refuse(id, 'EMFILE', syscall, tooMany);
      return;
    }
    if (name.length === 0 || name.length > limits.hostnameCharsMax) {
      this.#refuse(id, 'ENOTFOUND', syscall);
      return;
    }
    if (isLookup) {
      if (detail !== 0 && detail !== 4 && detail !== 6) return;
      this.#questions.add(id);
      this.#throttle.run(() => this.#link.request({ kind: 'lookup', id, hostname: name, family: detail }));
    } else if (isDnsType(detail)) {
      this.#questions.add(id);
      this.#throttle.run(() => this.#link.request({ kind: 'resolve', id, name, type: detail }));
    }
  }

  #connect(id: number, address: BridgeValue, port: BridgeValue): void {
    if (!this.#isNew(id) || typeof address !== 'string' || !isPort(port)) return;
    if (this.#isFull) {
      this.#refuse(id, 'EMFILE', 'connect', tooMany);
      return;
    }
    if (address.length > limits.addressCharsMax || isIP(address) === 0 || address.includes('%')) {
      this.#refuse(id, 'EINVAL', 'connect');
      return;
    }
    const connection = new Connection(id, this, new GuestEnd(id, this.#link));
    this.#connections.set(id, connection);
    const turn = this.#throttle.run(() => {
      connection.sent();
      this.#link.request({ kind: 'connect', id, address, port });
    });
    if (turn !== undefined) connection.wait(turn);
  }

  #onConnection(operation: number, id: number, value: BridgeValue): void {
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.isTaken) {
      // What a guest says of a connection that it gave to TLS is not about bytes of the guest any more.
      return;
    }
    switch (operation) {
      case networkOperations.write:
        if (value instanceof ArrayBuffer) connection.write(new Uint8Array(value));
        return;
      case networkOperations.end:
        connection.end();
        return;
      case networkOperations.close:
        connection.close(value === 1 ? 'reset' : 'orderly');
        return;
      case networkOperations.credit:
        if (typeof value === 'number') connection.took(value);
        return;
      case networkOperations.secure:
        if (typeof value === 'string' && value.length <= limits.hostnameCharsMax) connection.secure(value);
        return;
    }
  }

  /** For TLS in this process: what the guest connected, from now on without the guest. */
  connection(id: number): Connection | undefined {
    return this.#connections.get(id);
  }

  receive(head: object, body: Uint8Array): void {
    const event = decodeNetworkEvent(head, body);
    if (this.#questions.has(event.id)) {
      this.#questions.delete(event.id);
      this.#answer(event);
    } else {
      // Late ones, for a connection that the guest has closed, find none.
      this.#connections.get(event.id)?.receive(event, body);
    }
  }

  #answer(event: NetworkEvent): void {
    switch (event.kind) {
      case 'lookedUp': {
        const pairs = event.addresses.map(({ address, family }) => [address, family]);
        this.#link.emit(event.id, networkEvents.lookedUp, JSON.stringify(pairs));
        return;
      }
      case 'resolved':
        this.#link.emit(event.id, networkEvents.resolved, event.records);
        return;
      case 'failed':
        this.#link.emit(event.id, networkEvents.failed, event.code, event.syscall, event.reason);
        return;
    }
  }

  /** By a connection only. */
  send(request: object, body?: Uint8Array): void {
    this.#link.request(request, body);
  }

  /** By a connection only: bytes that wait in this process, of all connections together. */
  addWaiting(bytes: number): boolean {
    this.#waitingBytes += bytes;
    return this.#waitingBytes <= limits.networkBytesWaitingMax;
  }

  /** By a connection only. */
  forget(connection: Connection): void {
    this.#connections.delete(connection.id);
  }

  /** What has not had its turn is begun for nobody who is frozen. */
  freeze(): void {
    this.#throttle.pause();
  }

  thaw(): void {
    this.#throttle.resume();
  }

  /** The host closes what is open when it learns that the incarnation is gone. */
  close(): void {
    this.#throttle.close();
    this.#connections.clear();
    this.#questions.clear();
  }

  get #isFull(): boolean {
    const { limits: most, note } = this.#link.bounds;
    const open = this.#connections.size + this.#questions.size;
    if (open < most.openConnections) return false;
    note('open-connections', most.openConnections, open + 1);
    return true;
  }

  #isNew(id: number): boolean {
    if (!Number.isSafeInteger(id) || id <= this.#latestId) return false;
    this.#latestId = id;
    return true;
  }

  #refuse(id: number, code: string, syscall: string, reason?: string): void {
    this.#link.emit(id, networkEvents.failed, code, syscall, reason);
  }
}

const tooMany = 'too many connections and lookups at once (openConnections)';

function isPort(value: BridgeValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= portMax;
}

function isDnsType(value: BridgeValue): value is DnsType {
  return typeof value === 'string' && (dnsTypes as readonly string[]).includes(value);
}
