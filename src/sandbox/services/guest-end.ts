/**
 * The guest's end of a connection: what comes in becomes events. A guest that does not read, or is frozen, has few of them
 * waiting: bytes that come in small pieces are put together here until it goes on.
 */
import { networkEvents } from '../../bridge/network.ts';
import { limits } from '../../model/limits.ts';
import type { ServiceLink } from '../service.ts';
import type { ConnectedEvent, ConnectionEnd, SecuredEvent } from './connection.ts';

export class GuestEnd implements ConnectionEnd {
  readonly #id: number;
  readonly #link: ServiceLink;
  /** Sizes of `data` events that the guest has not taken in full, the first less what it took of it. */
  readonly #untaken: number[] = [];
  readonly #gathered = new Gathering();
  #isEndWaiting = false;

  constructor(id: number, link: ServiceLink) {
    this.#id = id;
    this.#link = link;
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
    this.#gathered.add(bytes);
    this.#emitData();
  }

  /** The guest took so many bytes of what it was given. */
  took(bytes: number): void {
    let rest = bytes;
    while (rest > 0) {
      const first = this.#untaken[0];
      if (first === undefined) break;
      if (first > rest) {
        this.#untaken[0] = first - rest;
        break;
      }
      this.#untaken.shift();
      rest -= first;
    }
    this.#emitData();
  }

  #emitData(): void {
    while (this.#untaken.length < limits.socketEventsWaitingMax) {
      const piece = this.#gathered.take();
      if (piece === undefined) break;
      this.#untaken.push(piece.byteLength);
      this.#link.emit(this.#id, networkEvents.data, piece);
    }
    if (this.#isEndWaiting && this.#gathered.isEmpty) {
      this.#isEndWaiting = false;
      this.#link.emit(this.#id, networkEvents.ended);
    }
  }

  ended(): void {
    this.#isEndWaiting = true;
    this.#emitData();
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
    for (let piece = this.#gathered.take(); piece !== undefined; piece = this.#gathered.take()) {
      this.#link.emit(this.#id, networkEvents.data, piece);
    }
    if (this.#isEndWaiting) this.#link.emit(this.#id, networkEvents.ended);
    this.#link.emit(this.#id, networkEvents.failed, code, syscall, reason);
  }
}

/** Bytes in pieces of at most a chunk: what comes in small ones while others wait is put together. */
class Gathering {
  readonly #pieces: Uint8Array[] = [];
  /** Small pieces behind `#pieces`, in a buffer of our own. */
  #tail: Uint8Array | undefined;
  #tailLength = 0;

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#tailLength === 0;
  }

  add(bytes: Uint8Array): void {
    if (this.isEmpty) {
      this.#pieces.push(bytes);
      return;
    }
    if (this.#tailLength + bytes.byteLength > limits.socketChunkBytesMax) this.#endTail();
    this.#tail ??= new Uint8Array(limits.socketChunkBytesMax);
    this.#tail.set(bytes, this.#tailLength);
    this.#tailLength += bytes.byteLength;
  }

  #endTail(): void {
    if (this.#tail !== undefined && this.#tailLength > 0) this.#pieces.push(this.#tail.subarray(0, this.#tailLength));
    this.#tail = undefined;
    this.#tailLength = 0;
  }

  /** With a buffer of exactly its size. */
  take(): ArrayBuffer | undefined {
    if (this.#pieces.length === 0) this.#endTail();
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    const copy = new ArrayBuffer(piece.byteLength);
    new Uint8Array(copy).set(piece);
    return copy;
  }
}
