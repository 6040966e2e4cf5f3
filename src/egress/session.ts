/**
 * The network of one guest: its requests in, events out. It keeps what is open by id and asks the policy before anything is
 * looked up or connected to. The sandbox in between may have been taken over: what an honest one never sends is a ProtocolError;
 * what a guest may well ask for and not have is `failed`, with the reason.
 */
import type { Clock } from '../base/clock.ts';
import { formatIpAddress, parseIpAddress, withoutMapping } from '../base/ip-address.ts';
import { Throttle } from '../base/throttle.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { limits } from '../model/limits.ts';
import type { NetworkPeer, Observe } from '../model/platform-event.ts';
import { decodeNetworkRequest } from '../protocol/decode-network.ts';
import type { DnsType, NetworkEvent, NetworkRequest } from '../protocol/network.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Audit, type AuditedGuest } from './audit.ts';
import { Connection, type Relay } from './connection.ts';
import type { FunctionTally } from './connection-tally.ts';
import { Names, type NotFound } from './names.ts';
import { type AllowedConnect, judgeConnect, type NetworkPolicy } from './policy.ts';
import { RefusedError } from './refused-error.ts';
import { openRelay } from './relay.ts';
import type { NameResolver } from './resolver.ts';

export interface SessionOptions {
  readonly clock: Clock;
  readonly observe: Observe | undefined;
  readonly guest: AuditedGuest;
  readonly policy: NetworkPolicy;
  readonly connectionsMax: number;
  readonly bytesPerSecondMax: number | undefined;
  readonly tally: FunctionTally;
  readonly resolver: NameResolver;
  readonly send: (event: NetworkEvent, body?: Uint8Array) => void;
}

type Entry =
  | { readonly kind: 'question' }
  | { readonly kind: 'connection'; readonly connection: Connection }
  /** A connection before its turn: nothing is made for it yet, because a guest may drop it again. */
  | { readonly kind: 'turn'; readonly turn: Disposable };

const question: Entry = { kind: 'question' };

export class NetworkSession {
  readonly #options: SessionOptions;
  readonly #audit: Audit;
  readonly #names: Names;
  readonly #throttle: Throttle;
  readonly #rate: TokenBucket | undefined;
  readonly #open = new Map<number, Entry>();
  /** Those that hold a descriptor: also what the guest has closed and what still leaves. */
  readonly #connections = new Set<Connection>();
  #latestId = 0;
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { clock, observe, guest, policy, resolver, bytesPerSecondMax } = options;
    this.#audit = new Audit(clock, observe, guest);
    this.#names = new Names({ clock, policy, resolver });
    this.#throttle = new Throttle(clock, {
      perSecond: limits.networkRequestsPerSecondMax,
      burst: limits.networkRequestsBurst,
    });
    this.#rate =
      bytesPerSecondMax === undefined
        ? undefined
        : new TokenBucket(clock, { perSecond: bytesPerSecondMax, burst: bytesPerSecondMax });
  }

  /** @throws ProtocolError */
  request(head: object, body: Uint8Array): void {
    const request = decodeNetworkRequest(head, body);
    switch (request.kind) {
      case 'lookup':
        this.#begin(request.id, question);
        this.#throttle.run(() => void this.#lookup(request));
        break;
      case 'resolve':
        this.#begin(request.id, question);
        this.#throttle.run(() => void this.#resolve(request.id, request.name, request.type));
        break;
      case 'connect':
        this.#connect(request);
        break;
      case 'write':
        this.#connection(request.id)?.write(body);
        break;
      case 'end':
        this.#connection(request.id)?.end();
        break;
      case 'credit':
        this.#connection(request.id)?.credit(request.bytes);
        break;
      case 'secure':
        this.#connection(request.id)?.secure(request.servername);
        break;
      case 'close':
        this.#drop(request.id, request.reset ? 'reset' : 'orderly');
        break;
      default:
        request satisfies never;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#throttle.close();
    this.#options.resolver.close();
    for (const entry of this.#open.values()) if (entry.kind === 'connection') entry.connection.destroy('orderly');
    for (const connection of this.#connections) connection.destroy('orderly');
    this.#open.clear();
  }

  #begin(id: number, entry: Entry): void {
    if (id <= this.#latestId) throw new ProtocolError('network.id', `more than ${this.#latestId}, the latest`, id);
    if (this.#open.size >= limits.networkIdsMax) {
      throw new ProtocolError('network.id', `one of at most ${limits.networkIdsMax} at once (networkIdsMax)`, id);
    }
    this.#latestId = id;
    this.#open.set(id, entry);
  }

  /** Undefined when it is over already. @throws ProtocolError when there never was one */
  #connection(id: number): Connection | undefined {
    const entry = this.#open.get(id);
    if (entry?.kind === 'connection') return entry.connection;
    if (entry !== undefined || id > this.#latestId) throw new ProtocolError('network.id', 'that of a connection', id);
    return undefined;
  }

  #drop(id: number, how: 'reset' | 'orderly'): void {
    const entry = this.#open.get(id);
    if (entry?.kind === 'turn') entry.turn[Symbol.dispose]();
    else this.#connection(id)?.close(how);
    this.#open.delete(id);
  }

  // Names.

  async #lookup({ id, hostname, family }: NetworkRequest & { kind: 'lookup' }): Promise<void> {
    const answer = await this.#names.addresses(hostname, family);
    if (answer.kind === 'found') this.#answer({ kind: 'lookedUp', id, addresses: answer.addresses });
    else this.#answerFailed(id, answer, 'getaddrinfo', { operation: 'lookup', name: hostname });
  }

  async #resolve(id: number, name: string, type: DnsType): Promise<void> {
    const answer = await this.#names.records(name, type);
    if (answer.kind === 'found') this.#answer({ kind: 'resolved', id, records: answer.records });
    else this.#answerFailed(id, answer, `query${type}`, { operation: 'resolve', name });
  }

  #answerFailed(
    id: number,
    { code, reason, address }: NotFound,
    syscall: string,
    asked: { readonly operation: 'lookup' | 'resolve'; readonly name: string },
  ): void {
    if (reason !== undefined && !this.#isClosed) {
      this.#audit.refused({ ...asked, reason, ...(address !== undefined && { address }) });
    }
    this.#answer({ kind: 'failed', id, code, syscall, ...(reason !== undefined && { reason }) });
  }

  /** Of a question: its id is over. */
  #answer(event: NetworkEvent): void {
    if (this.#open.delete(event.id)) this.#send(event);
  }

  #send(event: NetworkEvent, body?: Uint8Array): void {
    if (!this.#isClosed) this.#options.send(bounded(event), body);
  }

  // Connections.

  #connect({ id, address, port }: NetworkRequest & { kind: 'connect' }): void {
    this.#begin(id, question);
    const turn = this.#throttle.run(() => this.#takeTurn(id, address, port));
    if (turn !== undefined) this.#open.set(id, { kind: 'turn', turn });
  }

  /** Its turn has come. */
  #takeTurn(id: number, address: string, port: number): void {
    const { clock, tally } = this.#options;
    let peer: NetworkPeer | undefined;
    let isConnected = false;
    const connection = new Connection({
      id,
      clock,
      rate: this.#rate,
      send: (event, body) => this.#send(event, body),
      onConnected: () => {
        isConnected = true;
        if (peer !== undefined) this.#audit.connected(peer);
      },
      onRefused: (reason) =>
        this.#audit.refused({ operation: isConnected ? 'request' : 'connect', reason, address, port }),
      onFailed: () => void this.#open.delete(id),
      onReleased: () => {
        if (!this.#connections.delete(connection)) return;
        tally.leave();
        if (!isConnected || peer === undefined) return;
        const { bytesSent, bytesReceived, durationMs } = connection;
        this.#audit.closed(peer, { bytesSent, bytesReceived, durationMs });
      },
    });
    this.#open.set(id, { kind: 'connection', connection });
    peer = this.#start(connection, address, port);
  }

  #start(connection: Connection, text: string, port: number): NetworkPeer | undefined {
    const { policy, connectionsMax, tally } = this.#options;
    const parsed = parseIpAddress(text);
    if (parsed === undefined) {
      connection.refuse(`${JSON.stringify(text)} is no address that can be connected to`);
      return undefined;
    }
    const ip = withoutMapping(parsed);
    const address = formatIpAddress(ip);
    const verdict = judgeConnect(policy, ip, port, this.#names.of(address));
    if (verdict.kind === 'refused') {
      connection.refuse(verdict.reason);
      return undefined;
    }
    const relay = this.#relay(connection, verdict, port);
    if (relay === 'refused') return undefined;
    const full =
      this.#connections.size >= connectionsMax
        ? `this environment has ${connectionsMax} connections open, as many as it may (network.connectionsMax)`
        : tally.fullness();
    if (full !== undefined) {
      connection.refuse(full);
      return undefined;
    }
    this.#connections.add(connection);
    tally.enter();
    connection.start({ address, family: ip.family, port, relay });
    const { rule, name } = verdict;
    return { address, port, ...(name !== undefined && { name }), rule, withCredentials: relay !== undefined };
  }

  #relay(connection: Connection, verdict: AllowedConnect, port: number): Relay | undefined | 'refused' {
    try {
      return openRelay(verdict, port);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      connection.refuse(error.message);
      return 'refused';
    }
  }
}

/** A reason repeats what the guest gave, escaped. */
function bounded(event: NetworkEvent): NetworkEvent {
  if (event.kind !== 'failed' || event.reason === undefined) return event;
  return { ...event, reason: event.reason.slice(0, limits.networkReasonCharsMax) };
}
