/** What a TLS session runs over: the encrypted side, as streams of Node. */
import { Duplex } from 'node:stream';
import { limits } from '../../model/limits.ts';
import { BytesToGuest } from './bytes-to-guest.ts';
import type { Connection, ConnectionEnd } from './connection.ts';

type Done = (error?: Error | null) => void;

/** How the encrypted side ended, other than in order: Node's code. */
type OnBroken = (code: string) => void;

/** A connection of the guest, from now on without the guest. */
export class ConnectionStream extends Duplex implements ConnectionEnd {
  readonly #connection: Connection;
  readonly #onBroken: OnBroken;
  /** Bytes that the guest was given before, and hands over: they come first. */
  #owedBytes: number;
  readonly #behindOwed: Uint8Array[] = [];
  #isEndBehindOwed = false;
  #untakenBytes = 0;
  #pending: { readonly bytes: Uint8Array; written: number; readonly done: Done } | undefined;
  #onShutdown: Done | undefined;

  constructor(connection: Connection, onBroken: OnBroken) {
    super();
    this.#connection = connection;
    this.#onBroken = onBroken;
    this.#owedBytes = connection.untakenBytes;
    connection.take(this);
    if (connection.isRemoteEnded) this.ended();
  }

  /** From the guest, of what it was given before. */
  feed(bytes: Uint8Array): boolean {
    if (this.#owedBytes === 0) {
      // Read by the guest's user before: counted as taken, so only bounded.
      if (this.readableLength + bytes.byteLength > limits.socketWindowBytes) return false;
      this.push(bytes);
      return true;
    }
    if (bytes.byteLength > this.#owedBytes) return false;
    this.#owedBytes -= bytes.byteLength;
    this.#receive(bytes);
    if (this.#owedBytes > 0) return true;
    for (const piece of this.#behindOwed.splice(0)) this.#receive(piece);
    if (this.#isEndBehindOwed) this.push(null);
    return true;
  }

  data(bytes: Uint8Array): void {
    if (this.#owedBytes > 0) this.#behindOwed.push(bytes);
    else this.#receive(bytes);
  }

  #receive(bytes: Uint8Array): void {
    this.#untakenBytes += bytes.byteLength;
    if (this.push(bytes)) this.#giveCredit();
  }

  override _read(): void {
    this.#giveCredit();
  }

  #giveCredit(): void {
    const bytes = this.#untakenBytes;
    this.#untakenBytes = 0;
    if (bytes > 0) this.#connection.took(bytes);
  }

  override _write(bytes: Uint8Array, _encoding: string, done: Done): void {
    this.#pending = { bytes, written: 0, done };
    this.#writePending();
  }

  #writePending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { bytes } = pending;
    while (pending.written < bytes.byteLength) {
      const room = Math.min(this.#connection.windowBytes, limits.socketChunkBytesMax);
      if (room <= 0) return;
      const part = bytes.subarray(pending.written, pending.written + room);
      pending.written += part.byteLength;
      this.#connection.write(part);
    }
    this.#pending = undefined;
    pending.done();
  }

  written(): void {
    this.#writePending();
  }

  override _final(done: Done): void {
    this.#onShutdown = done;
    this.#connection.end();
    if (!this.#connection.isOpen) this.shutdown();
  }

  shutdown(): void {
    const done = this.#onShutdown;
    this.#onShutdown = undefined;
    done?.();
  }

  ended(): void {
    if (this.#owedBytes > 0) this.#isEndBehindOwed = true;
    else this.push(null);
  }

  failed(code: string): void {
    this.#onBroken(code);
    this.destroy();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#connection.close('orderly');
    done(error);
  }

  release(): void {}

  took(): void {}

  connected(): void {}

  secured(): void {}
}

/** Bytes that the guest carries. */
export class CarriedStream extends Duplex {
  readonly #toGuest: BytesToGuest;
  readonly #onUsed: (bytes: number) => void;
  readonly #onEnd: () => void;
  #unusedBytes = 0;
  #untakenBytes = 0;
  #pending: { readonly bytes: Uint8Array; written: number; readonly done: Done } | undefined;

  constructor(handlers: {
    /** Encrypted bytes for the guest to send, and the end of them. */
    readonly send: (piece: ArrayBuffer) => void;
    readonly end: () => void;
    /** So many bytes of the guest were used. */
    readonly used: (bytes: number) => void;
  }) {
    super();
    this.#toGuest = new BytesToGuest(handlers.send);
    this.#onUsed = handlers.used;
    this.#onEnd = handlers.end;
  }

  /** False: more than the window. */
  feed(bytes: Uint8Array): boolean {
    this.#unusedBytes += bytes.byteLength;
    if (this.#unusedBytes > limits.socketWindowBytes) return false;
    this.#untakenBytes += bytes.byteLength;
    if (this.push(bytes)) this.#use();
    return true;
  }

  feedEnd(): void {
    this.push(null);
  }

  override _read(): void {
    this.#use();
  }

  #use(): void {
    const bytes = this.#untakenBytes;
    this.#untakenBytes = 0;
    this.#unusedBytes -= bytes;
    if (bytes > 0) this.#onUsed(bytes);
  }

  override _write(bytes: Uint8Array, _encoding: string, done: Done): void {
    this.#pending = { bytes, written: 0, done };
    this.#writePending();
  }

  #writePending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { bytes } = pending;
    while (pending.written < bytes.byteLength) {
      const room = Math.min(limits.socketWindowBytes - this.#toGuest.byteLength, limits.socketChunkBytesMax);
      if (room <= 0) return;
      const part = bytes.subarray(pending.written, pending.written + room);
      pending.written += part.byteLength;
      this.#toGuest.add(part);
    }
    this.#pending = undefined;
    pending.done();
  }

  /** The guest has sent on so many. */
  sent(bytes: number): void {
    if (this.#toGuest.took(bytes)) this.#writePending();
  }

  override _final(done: Done): void {
    this.#toGuest.afterLast(() => {
      this.#onEnd();
      done();
    });
  }
}
