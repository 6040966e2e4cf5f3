/** The guest's end of a connection: what comes in becomes events. */
import { networkEvents } from '../../bridge/network.ts';
import type { ServiceLink } from '../service.ts';
import { BytesToGuest } from './bytes-to-guest.ts';
import type { ConnectedEvent, ConnectionEnd, SecuredEvent } from './connection.ts';

export class GuestEnd implements ConnectionEnd {
  readonly #id: number;
  readonly #link: ServiceLink;
  readonly #bytes: BytesToGuest;

  constructor(id: number, link: ServiceLink) {
    this.#id = id;
    this.#link = link;
    this.#bytes = new BytesToGuest((piece) => link.emit(id, networkEvents.data, piece));
  }

  release(): void {
    this.#bytes.flush();
  }

  connected({ local, remote, hostSpeaksTls }: ConnectedEvent): void {
    this.#link.emit(
      this.#id,
      networkEvents.connected,
      local.address,
      local.port,
      remote.address,
      remote.port,
      hostSpeaksTls ? 1 : 0,
    );
  }

  data(bytes: Uint8Array): void {
    this.#bytes.add(bytes);
  }

  took(bytes: number): void {
    this.#bytes.took(bytes);
  }

  ended(): void {
    this.#bytes.afterLast(() => this.#link.emit(this.#id, networkEvents.ended));
  }

  written(bytes: number): void {
    this.#link.emit(this.#id, networkEvents.written, bytes);
  }

  shutdown(): void {
    this.#link.emit(this.#id, networkEvents.shutdown);
  }

  secured({ alpnProtocol, protocol, cipher }: SecuredEvent): void {
    this.#link.emit(this.#id, networkEvents.secured, alpnProtocol, protocol, cipher);
  }

  /** What came in before is still read, as from the kernel. The windows bound it. */
  failed(code: string, syscall: string, reason: string | undefined): void {
    this.#bytes.flush();
    this.#link.emit(this.#id, networkEvents.failed, code, syscall, reason);
  }
}
