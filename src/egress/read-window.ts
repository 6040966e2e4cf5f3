/**
 * What one connection may have on its way to the guest: bytes up to the window. Bytes that do not fit wait here; there is at
 * most what one read gave, since its owner stops reading then.
 */
import { limits } from '../model/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';

export class ReadWindow {
  readonly #send: (bytes: Uint8Array) => void;
  #waiting: Uint8Array[] = [];
  #inFlightBytes = 0;

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  get isClear(): boolean {
    return this.#waiting.length === 0;
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#forward();
  }

  /** @throws ProtocolError */
  credit(bytes: number): void {
    if (bytes > this.#inFlightBytes) {
      throw new ProtocolError('network.bytes', `at most ${this.#inFlightBytes}, what was sent`, bytes);
    }
    this.#inFlightBytes -= bytes;
    this.#forward();
  }

  clear(): void {
    this.#waiting = [];
  }

  #forward(): void {
    for (;;) {
      const first = this.#waiting[0];
      const roomBytes = limits.socketWindowBytes - this.#inFlightBytes;
      if (first === undefined || roomBytes === 0) return;
      const part = first.subarray(0, Math.min(roomBytes, limits.socketChunkBytesMax));
      if (part.byteLength === first.byteLength) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(part.byteLength);
      this.#inFlightBytes += part.byteLength;
      this.#send(part);
    }
  }
}
