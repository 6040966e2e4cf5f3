/**
 * What guests of one sandbox ask of the host, and what the host answers them: a gateway for each incarnation that asked for
 * anything, closed when its environment starts over, is destroyed or lost with the process.
 */
import { decodeGuestRequest } from '../protocol/decode.ts';
import type { Frame, GuestEventHead } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { EnvironmentSpec, GuestGateway } from './sandbox-port.ts';

interface Entry {
  readonly spec: Pick<EnvironmentSpec, 'environmentId' | 'openGateway'>;
  /** The latest that asked. */
  incarnation: number;
  /** How many there can have been: the environment's first, and one more for each invocation. */
  incarnationsMax: number;
  gateway: GuestGateway | undefined;
}

export class Gateways {
  readonly #send: (head: GuestEventHead, body: Uint8Array | undefined) => void;
  readonly #requestId: (environmentId: string) => string | undefined;
  readonly #entries = new Map<string, Entry>();

  constructor(
    send: (head: GuestEventHead, body: Uint8Array | undefined) => void,
    requestId: (environmentId: string) => string | undefined,
  ) {
    this.#send = send;
    this.#requestId = requestId;
  }

  add(spec: Entry['spec']): void {
    this.#entries.set(spec.environmentId, { spec, incarnation: 0, incarnationsMax: 1, gateway: undefined });
  }

  /** The environment may start over for it. */
  invoked(environmentId: string): void {
    const entry = this.#entries.get(environmentId);
    if (entry !== undefined) entry.incarnationsMax += 1;
  }

  /** @throws ProtocolError */
  request(frame: Frame): void {
    const { environmentId, incarnation, service, request } = decodeGuestRequest(frame.head);
    const entry = this.#entries.get(environmentId);
    if (entry === undefined) {
      throw new ProtocolError('guestRequest.environmentId', 'that of an environment', environmentId);
    }
    // Sent before it started over, read after.
    if (incarnation < entry.incarnation) return;
    // Each begins anew with what a guest may have at once and in a second.
    if (incarnation > entry.incarnationsMax) {
      throw new ProtocolError('guestRequest.incarnation', `at most ${entry.incarnationsMax}`, incarnation);
    }
    if (incarnation > entry.incarnation) {
      entry.gateway?.close();
      entry.gateway = undefined;
      entry.incarnation = incarnation;
    }
    entry.gateway ??= entry.spec.openGateway({
      requestId: () => this.#requestId(environmentId),
      send: (to, event, body) => {
        if (entry.incarnation === incarnation && this.#entries.get(environmentId) === entry) {
          this.#send({ environmentId, incarnation, service: to, event }, body);
        }
      },
    });
    entry.gateway.request(service, request, frame.body);
  }

  delete(environmentId: string): void {
    const entry = this.#entries.get(environmentId);
    this.#entries.delete(environmentId);
    entry?.gateway?.close();
  }

  close(): void {
    for (const environmentId of [...this.#entries.keys()]) this.delete(environmentId);
  }
}
