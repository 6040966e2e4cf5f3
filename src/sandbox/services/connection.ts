/**
 * One connection of a guest through the host, with the windows of both directions. Whoever holds its end reads and writes: the
 * guest, or TLS in this process (`take`).
 */
import { limits } from '../../model/limits.ts';
import type { NetworkEvent, SocketAddress } from '../../protocol/network.ts';

export interface ConnectionOwner {
  send(request: object, body?: Uint8Array): void;
  /** Counts bytes that wait here, and says whether they may. */
  addWaiting(bytes: number): boolean;
  forget(connection: Connection): void;
}

/** Who gets what comes in. Bytes are given away. */
export interface ConnectionEnd {
  /** Another one takes over: what waits is passed on. */
  release(): void;
  connected(connected: ConnectedEvent): void;
  data(bytes: Uint8Array): void;
  /** What it took of that was noted. */
  took(bytes: number): void;
  ended(): void;
  written(bytes: number): void;
  shutdown(): void;
  secured(event: SecuredEvent): void;
  failed(code: string, syscall: string, reason: string | undefined): void;
}

export interface ConnectedEvent {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly hostSpeaksTls: boolean;
}

export type SecuredEvent = Extract<NetworkEvent, { kind: 'secured' }>;

type Phase = 'connecting' | 'open' | 'closed';

export class Connection {
  readonly id: number;
  readonly #owner: ConnectionOwner;
  #end: ConnectionEnd;
  #isTaken = false;
  #phase: Phase = 'connecting';
  #isEnded = false;
  #isRemoteEnded = false;
  #hostSpeaksTls = false;
  #isSecuring = false;
  /** Written and not confirmed. */
  #inFlightBytes = 0;
  /** Confirmed by the host, not told yet. */
  #writtenBytes = 0;
  /** Received and not given back to the host as credit. */
  #receivedBytes = 0;
  /** Taken by the end, not told the host yet. */
  #creditBytes = 0;
  #turn: Disposable | undefined;

  constructor(id: number, owner: ConnectionOwner, end: ConnectionEnd) {
    this.id = id;
    this.#owner = owner;
    this.#end = end;
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** The other end has sent all it had. */
  get isRemoteEnded(): boolean {
    return this.#isRemoteEnded;
  }

  get hostSpeaksTls(): boolean {
    return this.#hostSpeaksTls;
  }

  /** Bytes that whoever held the end was given and has not taken. */
  get untakenBytes(): number {
    return this.#receivedBytes - this.#creditBytes;
  }

  /** Room for writes. */
  get windowBytes(): number {
    return this.#isEnded || this.#phase !== 'open' ? 0 : limits.socketWindowBytes - this.#inFlightBytes;
  }

  /** Its request has not been sent to the host: until `sent`, closing it takes that back, and the host never hears of it. */
  wait(turn: Disposable): void {
    this.#turn = turn;
  }

  sent(): void {
    this.#turn = undefined;
  }

  /** From now on `end` is the one that reads and writes. */
  take(end: ConnectionEnd): void {
    this.#isTaken = true;
    this.#end.release();
    this.#end = end;
  }

  /** More than the window, or after the end: nobody who follows the rules does it. */
  write(bytes: Uint8Array): void {
    if (this.#phase !== 'open') return;
    const { byteLength } = bytes;
    if (byteLength === 0) return;
    if (byteLength > limits.socketChunkBytesMax || byteLength > this.windowBytes) {
      this.#fail('ECONNRESET');
      return;
    }
    this.#inFlightBytes += byteLength;
    if (!this.#owner.addWaiting(byteLength)) {
      this.#fail('ENOBUFS');
      return;
    }
    this.#owner.send({ kind: 'write', id: this.id }, bytes);
  }

  end(): void {
    if (this.#phase !== 'open' || this.#isEnded) return;
    this.#isEnded = true;
    this.#owner.send({ kind: 'end', id: this.id });
  }

  /** Nothing is told the end any more. */
  close(mode: 'orderly' | 'reset'): void {
    if (this.#phase === 'closed') return;
    this.#finish();
    if (this.#turn !== undefined) {
      this.#turn[Symbol.dispose]();
      return;
    }
    this.#owner.send({ kind: 'close', id: this.id, reset: mode === 'reset' });
  }

  secure(servername: string): void {
    if (this.#phase !== 'open' || !this.#hostSpeaksTls || this.#isSecuring) return;
    this.#isSecuring = true;
    this.#owner.send({ kind: 'secure', id: this.id, servername });
  }

  /** The end has taken so many bytes: in portions, they may be sent again. */
  took(bytes: number): void {
    if (this.#phase !== 'open' || !Number.isInteger(bytes) || bytes <= 0 || bytes > this.untakenBytes) return;
    this.#creditBytes += bytes;
    this.#owner.addWaiting(-bytes);
    if (this.#creditBytes >= portionBytes) {
      this.#receivedBytes -= this.#creditBytes;
      this.#owner.send({ kind: 'credit', id: this.id, bytes: this.#creditBytes });
      this.#creditBytes = 0;
    }
    this.#end.took(bytes);
  }

  receive(event: NetworkEvent, body: Uint8Array): void {
    switch (event.kind) {
      case 'connected':
        if (this.#phase !== 'connecting') return;
        this.#phase = 'open';
        this.#hostSpeaksTls = event.hostSpeaksTls;
        this.#end.connected(event);
        return;
      case 'data':
        this.#receiveData(body);
        return;
      case 'ended':
        this.#isRemoteEnded = true;
        this.#end.ended();
        return;
      case 'written':
        this.#confirm(event.bytes);
        return;
      case 'shutdown':
        this.#end.shutdown();
        return;
      case 'secured':
        this.#end.secured(event);
        return;
      case 'failed':
        this.#finish();
        this.#end.failed(event.code, event.syscall, event.reason);
        return;
    }
  }

  #receiveData(bytes: Uint8Array): void {
    if (this.#phase !== 'open') return;
    this.#receivedBytes += bytes.byteLength;
    if (!this.#owner.addWaiting(bytes.byteLength)) {
      this.#fail('ENOBUFS');
      return;
    }
    this.#end.data(bytes);
  }

  /** Told in portions, and when all is written: a guest that is frozen behind many small writes gets few events. */
  #confirm(bytes: number): void {
    if (this.#phase !== 'open') return;
    const confirmed = Math.min(bytes, this.#inFlightBytes);
    this.#inFlightBytes -= confirmed;
    this.#writtenBytes += confirmed;
    this.#owner.addWaiting(-confirmed);
    if (this.#writtenBytes < portionBytes && this.#inFlightBytes > 0) return;
    const written = this.#writtenBytes;
    this.#writtenBytes = 0;
    if (written > 0) this.#end.written(written);
  }

  #fail(code: string): void {
    this.close('reset');
    this.#end.failed(code, 'read', undefined);
  }

  #finish(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#owner.addWaiting(-(this.#inFlightBytes + this.untakenBytes));
    this.#owner.forget(this);
  }
}

/** A window in four portions: enough to keep a stream going, and few messages. */
const portionBytes = limits.socketWindowBytes / 4;
