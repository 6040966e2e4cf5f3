/**
 * The service `tls`: Node's public TLS for guests, with sessions, contexts and trust of one incarnation each. Nothing of a
 * session is ever shared with another guest.
 */
import { type BridgeReply, type BridgeValue, failureMarker } from '../../bridge/services.ts';
import { tlsEvents, tlsOperations } from '../../bridge/tls.ts';
import { limits } from '../../model/limits.ts';
import type { OpenService, Service, ServiceLink } from '../service.ts';
import { NetworkService } from './network.ts';
import { nodeTls } from './node-tls.ts';
import { certificateJson } from './tls-certificate.ts';
import { checkContext, TlsContexts } from './tls-contexts.ts';
import { tlsErrorOf } from './tls-error.ts';
import { TlsSession } from './tls-session.ts';
import { type Fields, fieldsOf, parseFields } from './tls-settings.ts';
import { CarriedStream, ConnectionStream } from './tls-streams.ts';

export const openTls: OpenService = (link) => new TlsService(link);

class TlsService implements Service {
  readonly #link: ServiceLink;
  readonly #sessions = new Map<number, TlsSession>();
  /** Of sessions that the guest has closed and that still write. */
  readonly #ending = new Set<TlsSession>();
  readonly #contexts = new TlsContexts();
  #latestId = 0;

  constructor(link: ServiceLink) {
    this.#link = link;
  }

  ask(operation: number, values: readonly BridgeValue[]): BridgeReply {
    try {
      return this.#ask(operation, values);
    } catch (error) {
      return [failureMarker, JSON.stringify(tlsErrorOf(error))];
    }
  }

  #ask(operation: number, [first, second, third, fourth]: readonly BridgeValue[]): BridgeReply {
    switch (operation) {
      case tlsOperations.check:
        return checkContext(parseFields(first));
      case tlsOperations.ciphers:
        return nodeTls().getCiphers().join(':');
      case tlsOperations.rootCertificates:
        return nodeTls().rootCertificates.join('\n');
    }
    const socket = typeof first === 'number' ? this.#sessions.get(first)?.socket : undefined;
    if (socket === undefined) return undefined;
    switch (operation) {
      case tlsOperations.certificate:
        return certificateJson(socket, second);
      case tlsOperations.keyingMaterial: {
        if (typeof second !== 'number' || typeof third !== 'string' || second > limits.tlsKeyingMaterialBytesMax)
          return undefined;
        const context = fourth instanceof ArrayBuffer ? Buffer.from(fourth) : Buffer.alloc(0);
        return exactly(
          fourth === undefined
            ? (socket.exportKeyingMaterial as (length: number, label: string) => Buffer).call(socket, second, third)
            : socket.exportKeyingMaterial(second, third, context),
        );
      }
      case tlsOperations.session:
        return optional(socket.getSession());
      case tlsOperations.finished:
        return optional(second === 1 ? socket.getPeerFinished() : socket.getFinished());
    }
    return undefined;
  }

  start(operation: number, id: number, values: readonly BridgeValue[]): void {
    if (operation === tlsOperations.open) {
      this.#open(id, values);
      return;
    }
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    const [value] = values;
    switch (operation) {
      case tlsOperations.feed:
        if (value instanceof ArrayBuffer) this.#feed(session, value);
        return;
      case tlsOperations.feedEnd:
        if (session.stream instanceof CarriedStream) session.stream.feedEnd();
        return;
      case tlsOperations.sent:
        if (typeof value === 'number' && session.stream instanceof CarriedStream) session.stream.sent(value);
        return;
      case tlsOperations.write:
        if (value instanceof ArrayBuffer) session.write(value);
        return;
      case tlsOperations.end:
        session.end();
        return;
      case tlsOperations.credit:
        if (typeof value === 'number') session.took(value);
        return;
      case tlsOperations.close:
        this.#ending.add(session);
        this.#sessions.delete(id);
        session.close(value === 1 ? 'reset' : 'orderly');
        return;
    }
  }

  #feed(session: TlsSession, bytes: ArrayBuffer): void {
    if (bytes.byteLength > 0 && !session.stream.feed(new Uint8Array(bytes))) session.close('reset');
  }

  #open(id: number, [json, connectionId, resumed]: readonly BridgeValue[]): void {
    if (!Number.isSafeInteger(id) || id <= this.#latestId) return;
    this.#latestId = id;
    try {
      const { limits: asked, note } = this.#link.bounds;
      const most = Math.min(asked.openStreams, limits.tlsSessionsMax);
      const open = this.#sessions.size + this.#ending.size;
      if (open >= most) {
        note('open-streams', most, open + 1);
        throw new RangeError(`At most ${most} TLS sessions at once`);
      }
      const settings = parseFields(json);
      this.#openSession(id, settings, connectionId, resumed instanceof ArrayBuffer ? resumed : undefined);
    } catch (error) {
      this.#link.emit(id, tlsEvents.failed, JSON.stringify(tlsErrorOf(error)));
    }
  }

  #openSession(id: number, settings: Fields, connectionId: BridgeValue, resumed: ArrayBuffer | undefined): void {
    const context = this.#contexts.get(fieldsOf(settings.context));
    const stream = this.#stream(id, connectionId);
    if (stream === undefined) {
      this.#link.emit(id, tlsEvents.broken, 'ECONNRESET');
      return;
    }
    // Until the guest closes it, it can still be asked for its certificates.
    const onClose = (): void => void this.#ending.delete(session);
    const session: TlsSession = new TlsSession({ id, link: this.#link, settings, context, stream, resumed, onClose });
    this.#sessions.set(id, session);
  }

  #stream(id: number, connectionId: BridgeValue): ConnectionStream | CarriedStream | undefined {
    if (connectionId === 0) {
      return new CarriedStream({
        send: (piece) => this.#link.emit(id, tlsEvents.encrypted, piece),
        end: () => this.#link.emit(id, tlsEvents.encryptedEnd),
        used: (bytes) => this.#link.emit(id, tlsEvents.fed, bytes),
      });
    }
    const network = this.#link.service('network');
    if (typeof connectionId !== 'number' || !(network instanceof NetworkService)) return undefined;
    const connection = network.connection(connectionId);
    if (connection === undefined || connection.isTaken || !connection.isOpen || connection.hostSpeaksTls)
      return undefined;
    return new ConnectionStream(connection, (code) => this.#sessions.get(id)?.broken(code));
  }

  close(): void {
    for (const session of [...this.#sessions.values(), ...this.#ending]) session.close('reset');
    this.#sessions.clear();
    this.#contexts.clear();
  }
}

function optional(bytes: Uint8Array | undefined): ArrayBuffer | undefined {
  return bytes === undefined ? undefined : exactly(bytes);
}

function exactly(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
