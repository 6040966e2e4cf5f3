/** The guest's end of a TLS session in the sandbox, as the transport of a TLSWrap. */
import type { BridgeValue } from '../../../../src/bridge/services.ts';
import { type SecuredInfo, type SessionSettings, tlsEvents, tlsOperations } from '../../../../src/bridge/tls.ts';
import { limits } from '../../../../src/model/limits.ts';
import type { CoreContext } from '../../context.ts';
import { ByteQueue, copyOf } from '../net/byte-queue.ts';
import type { StreamSink, Transport } from '../net/stream-wrap.ts';
import { tlsErrorOf } from './error.ts';
import { text } from './secure-context.ts';

const { JSONParse, MathMin, TypedArrayPrototypeGetBuffer, Uint8Array } = primordials;

/** What the TLSWrap above hears besides bytes. */
export interface SessionSink extends StreamSink {
  secured(info: SecuredInfo): void;
  /** After the last bytes were offered, or none will come. */
  ended(): void;
  failed(error: Error): void;
  session(bytes: ArrayBuffer): void;
  keylog(line: ArrayBuffer): void;
  ocsp(response: ArrayBuffer | undefined): void;
  encrypted(bytes: ArrayBuffer): void;
  encryptedEnd(): void;
  fed(bytes: number): void;
}

export interface SessionErrnos {
  readonly eof: number;
  readonly pipe: number;
  errnoOf(code: string): number;
}

export class Session implements Transport {
  readonly #core: CoreContext;
  readonly #sink: SessionSink;
  readonly #errnos: SessionErrnos;
  #id = 0;
  readonly #received = new ByteQueue();
  #inFlightBytes = 0;
  /**
   * Where this guest carries the bytes, a write has ended only when they are with the stream below: a user who then destroys the
   * socket loses nothing. These were sent ahead of that, and confirmed and not reported.
   */
  #isCarried = false;
  #aheadBytes = 0;
  #confirmedBytes = 0;
  #isEndReceived = false;
  #isEndTaken = false;
  #error = 0;
  #isOver = false;
  #isShutdownDue = false;

  constructor(core: CoreContext, sink: SessionSink, errnos: SessionErrnos) {
    this.#core = core;
    this.#sink = sink;
    this.#errnos = errnos;
  }

  /** 0 until it is open. */
  get id(): number {
    return this.#id;
  }

  /** Nothing more comes. */
  get isAtEnd(): boolean {
    return this.#isOver || this.#isEndReceived;
  }

  /** @param connectionId of the network, or 0 when the guest carries the bytes */
  open(settings: SessionSettings, connectionId: number, resumed: ArrayBuffer | undefined): void {
    if (this.#isOver) return;
    const { services } = this.#core;
    this.#isCarried = connectionId === 0;
    this.#id = services.listen('tls', (kind, values) => this.#receive(kind, values));
    services.start('tls', tlsOperations.open, this.#id, text(settings), connectionId, resumed);
    this.#sink.writable('soon');
    if (this.#isShutdownDue) this.#start(tlsOperations.end);
  }

  get isReadable(): boolean {
    return this.#received.byteLength > 0 || (this.#isEndReceived ? !this.#isEndTaken : this.#error !== 0);
  }

  write(bytes: Uint8Array): number {
    if (this.#isOver) {
      const error = this.#error === 0 ? this.#errnos.pipe : this.#error;
      this.#error = 0;
      return error;
    }
    if (this.#id === 0) return 0;
    const from = this.#aheadBytes;
    const to = MathMin(bytes.length, from + limits.socketWindowBytes - this.#inFlightBytes);
    for (let at = from; at < to; at += limits.socketChunkBytesMax) {
      const chunk = copyOf(bytes, at, MathMin(to, at + limits.socketChunkBytesMax));
      this.#start(tlsOperations.write, TypedArrayPrototypeGetBuffer(chunk));
    }
    this.#inFlightBytes += to - from;
    if (!this.#isCarried) return to;
    const done = MathMin(this.#confirmedBytes, bytes.length);
    this.#confirmedBytes -= done;
    this.#aheadBytes = to - done;
    return done;
  }

  shutdown(): void {
    if (this.#isOver) this.#sink.shutDown(0);
    else if (this.#id === 0) this.#isShutdownDue = true;
    else this.#start(tlsOperations.end);
  }

  setReading(): void {}

  take(bytesMax: number): Uint8Array | number | undefined {
    if (this.#received.byteLength > 0) {
      const bytes = this.#received.take(bytesMax);
      this.#start(tlsOperations.credit, bytes.length);
      return bytes;
    }
    if (this.#isEndReceived) {
      if (this.#isEndTaken) return undefined;
      this.#isEndTaken = true;
      return this.#errnos.eof;
    }
    if (this.#error === 0) return undefined;
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  close(mode: 'orderly' | 'reset'): void {
    this.#start(tlsOperations.close, mode === 'reset' ? 1 : 0);
    if (this.#id !== 0) this.#core.services.forget('tls', this.#id);
    this.#received.clear();
    this.#isOver = true;
    this.#id = 0;
  }

  ask(operation: number, a?: BridgeValue, b?: BridgeValue, c?: BridgeValue) {
    return this.#id === 0 ? undefined : this.#core.services.ask('tls', operation, this.#id, a, b, c);
  }

  #start(operation: number, value?: BridgeValue): void {
    if (this.#id !== 0) this.#core.services.start('tls', operation, this.#id, value);
  }

  #receive(kind: number, values: readonly BridgeValue[]): void {
    const value = values[0];
    switch (kind) {
      case tlsEvents.secured:
        this.#sink.secured(JSONParse(`${value}`) as SecuredInfo);
        return;
      case tlsEvents.data:
        this.#received.push(new Uint8Array(value as ArrayBuffer));
        this.#sink.readable('now');
        return;
      case tlsEvents.ended:
        this.#isEndReceived = true;
        this.#sink.readable('now');
        this.#sink.ended();
        return;
      case tlsEvents.written:
        this.#inFlightBytes -= value as number;
        if (this.#isCarried) this.#confirmedBytes += value as number;
        this.#sink.writable('now');
        return;
      case tlsEvents.shutdown:
        this.#sink.shutDown(0);
        return;
      case tlsEvents.encrypted:
        this.#sink.encrypted(value as ArrayBuffer);
        return;
      case tlsEvents.encryptedEnd:
        this.#sink.encryptedEnd();
        return;
      case tlsEvents.fed:
        this.#sink.fed(value as number);
        return;
      case tlsEvents.session:
        this.#sink.session(value as ArrayBuffer);
        return;
      case tlsEvents.keylog:
        this.#sink.keylog(value as ArrayBuffer);
        return;
      case tlsEvents.ocsp:
        this.#sink.ocsp(value as ArrayBuffer | undefined);
        return;
      case tlsEvents.failed:
        this.#isOver = true;
        this.#sink.failed(tlsErrorOf(`${value}`));
        this.#sink.ended();
        return;
      case tlsEvents.broken:
        this.broken(this.#errnos.errnoOf(`${value}`));
        return;
    }
  }

  /** The stream below failed: as on a plain connection, readers and writers are told. */
  broken(errno: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = errno;
    this.#sink.readable('soon');
    this.#sink.writable('soon');
    this.#sink.shutDown(errno);
    this.#sink.ended();
  }
}
