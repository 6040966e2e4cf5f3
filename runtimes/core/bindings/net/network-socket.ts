/** A connection through the host, as the stream above it sees it. */
import { networkEvents, networkOperations } from '../../../../src/bridge/network.ts';
import type { BridgeValue } from '../../../../src/bridge/services.ts';
import { limits } from '../../../../src/model/limits.ts';
import { parseAddress } from './address.ts';
import { core } from './async-wrap.ts';
import { ByteQueue, copyOf } from './byte-queue.ts';
import { errnoOf, uv } from './errno.ts';
import type { Endpoint } from './listeners.ts';
import type { StreamSink, Transport } from './stream-wrap.ts';

const { MathMin, TypedArrayPrototypeGetBuffer, Uint8Array } = primordials;

export type Connected =
  | { readonly kind: 'connected'; readonly local: Endpoint; readonly remote: Endpoint }
  | { readonly kind: 'failed'; readonly status: number; readonly refusal: string | undefined };

export class NetworkSocket implements Transport {
  #sink: StreamSink;
  readonly #id: number;
  #onConnected: ((connected: Connected) => void) | undefined;
  readonly #received = new ByteQueue();
  #inFlightBytes = 0;
  #isEndReceived = false;
  #isEndTaken = false;
  #error = 0;
  #isOver = false;
  /** TLS in the sandbox reads and writes now. */
  #onHandedOver: ((bytes: ArrayBuffer) => void) | undefined;
  #onSecured: ((alpnProtocol: string, protocol: string, cipher: string) => void) | undefined;
  #onSecureFailed: ((errno: number) => void) | undefined;
  /** The host speaks TLS on it, because it adds credentials. */
  hostSpeaksTls = false;

  constructor(sink: StreamSink) {
    this.#sink = sink;
    this.#id = core.services.listen('network', (kind, values) => this.#receive(kind, values));
  }

  /** For TLS, which the sandbox speaks over this connection. */
  get id(): number {
    return this.#id;
  }

  connect(address: string, port: number, onConnected: (connected: Connected) => void): void {
    this.#onConnected = onConnected;
    core.services.start('network', networkOperations.connect, this.#id, address, port);
  }

  /** The sandbox has it now. What came before goes on to `pass`, in order. */
  handOver(pass: (bytes: ArrayBuffer) => void): void {
    this.#onHandedOver = pass;
    while (this.#received.byteLength > 0) {
      pass(TypedArrayPrototypeGetBuffer(this.#received.take(limits.socketChunkBytesMax)));
    }
  }

  /** Another stream is above it now. */
  redirect(sink: StreamSink): void {
    this.#sink = sink;
  }

  /** The host makes the handshake. */
  secure(
    servername: string,
    onSecured: (alpnProtocol: string, protocol: string, cipher: string) => void,
    onFailed: (errno: number) => void,
  ): void {
    this.#onSecured = onSecured;
    this.#onSecureFailed = onFailed;
    core.services.start('network', networkOperations.secure, this.#id, servername);
  }

  get isReadable(): boolean {
    return this.#received.byteLength > 0 || (this.#isEndReceived ? !this.#isEndTaken : this.#error !== 0);
  }

  write(bytes: Uint8Array): number {
    if (this.#isOver) {
      const error = this.#error === 0 ? uv.UV_EPIPE : this.#error;
      this.#error = 0;
      return error;
    }
    const count = MathMin(bytes.length, limits.socketWindowBytes - this.#inFlightBytes);
    for (let at = 0; at < count; at += limits.socketChunkBytesMax) {
      const chunk = copyOf(bytes, at, MathMin(count, at + limits.socketChunkBytesMax));
      core.services.start('network', networkOperations.write, this.#id, TypedArrayPrototypeGetBuffer(chunk));
    }
    this.#inFlightBytes += count;
    return count;
  }

  shutdown(): void {
    if (this.#isOver) this.#sink.shutDown(uv.UV_ENOTCONN);
    else core.services.start('network', networkOperations.end, this.#id);
  }

  setReading(): void {}

  take(bytesMax: number): Uint8Array | number | undefined {
    if (this.#received.byteLength > 0) {
      const bytes = this.#received.take(bytesMax);
      if (!this.#isOver) core.services.start('network', networkOperations.credit, this.#id, bytes.length);
      return bytes;
    }
    if (this.#isEndReceived) {
      if (this.#isEndTaken) return undefined;
      this.#isEndTaken = true;
      return uv.UV_EOF;
    }
    if (this.#error === 0) return undefined;
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  close(mode: 'orderly' | 'reset'): void {
    core.services.forget('network', this.#id);
    this.#received.clear();
    if (!this.#isOver) {
      core.services.start('network', networkOperations.close, this.#id, mode === 'reset' ? 1 : 0);
    }
    this.#isOver = true;
  }

  #receive(kind: number, values: readonly BridgeValue[]): void {
    switch (kind) {
      case networkEvents.connected:
        this.hostSpeaksTls = values[4] === 1;
        this.#connected({
          kind: 'connected',
          local: endpoint(values[0], values[1]),
          remote: endpoint(values[2], values[3]),
        });
        return;
      case networkEvents.secured: {
        const onSecured = this.#onSecured;
        this.#onSecured = undefined;
        onSecured?.(`${values[0]}`, `${values[1]}`, `${values[2]}`);
        return;
      }
      case networkEvents.data:
        if (this.#onHandedOver !== undefined) {
          this.#onHandedOver(values[0] as ArrayBuffer);
          return;
        }
        this.#received.push(new Uint8Array(values[0] as ArrayBuffer));
        this.#sink.readable('now');
        return;
      case networkEvents.ended:
        this.#isEndReceived = true;
        this.#sink.readable('now');
        return;
      case networkEvents.written:
        this.#inFlightBytes -= values[0] as number;
        this.#sink.writable('now');
        return;
      case networkEvents.shutdown:
        this.#sink.shutDown(0);
        return;
      case networkEvents.failed:
        this.#fail(`${values[0]}`, `${values[2] ?? ''}`);
        return;
    }
  }

  #connected(connected: Connected): void {
    const onConnected = this.#onConnected;
    this.#onConnected = undefined;
    if (onConnected !== undefined) onConnected(connected);
  }

  #fail(code: string, reason: string): void {
    this.#isOver = true;
    core.services.forget('network', this.#id);
    if (this.#onHandedOver !== undefined) return;
    const errno = errnoOf(code);
    if (this.#onSecured !== undefined) {
      this.#onSecured = undefined;
      this.#onSecureFailed?.(errno);
      return;
    }
    if (this.#onConnected !== undefined) {
      this.#connected({ kind: 'failed', status: errno, refusal: reason === '' ? undefined : reason });
      return;
    }
    this.#error = errno;
    // As the kernel: what came in before the failure is still read, and a writer that waits learns of it too.
    this.#sink.readable('now');
    this.#sink.writable('soon');
    this.#sink.shutDown(errno);
  }
}

function endpoint(address: BridgeValue, port: BridgeValue): Endpoint {
  const text = `${address}`;
  return { address: text, family: parseAddress(text)?.family ?? 4, port: port as number };
}
