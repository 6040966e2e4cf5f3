/**
 * Connections whose both ends are in this guest, joined in memory. They behave as the kernel's over the loopback interface do:
 * bounded buffers, half-closed ends, resets for unread bytes. No host takes part.
 */
import { ByteQueue, copyOf } from './byte-queue.ts';
import { uv } from './errno.ts';
import type { StreamSink, Transport } from './stream-wrap.ts';

const { MathMin } = primordials;

/** Bytes one end holds for a reader before its writer has to wait, about what the kernel's two buffers take. */
const bufferBytes = 262_144;

export type LoopbackKind = 'tcp' | 'unix';

/** The two ends of a new connection. Each is attached to its stream by `sink`, the accepted one later. */
export function createLoopback(kind: LoopbackKind): readonly [LoopbackEnd, LoopbackEnd] {
  const one = new LoopbackEnd(kind);
  const other = new LoopbackEnd(kind);
  one.join(other);
  other.join(one);
  return [one, other];
}

export class LoopbackEnd implements Transport {
  sink: StreamSink | undefined;
  readonly #kind: LoopbackKind;
  #peer: LoopbackEnd | undefined;
  readonly #received = new ByteQueue();
  #isEndReceived = false;
  #isEndTaken = false;
  /** What the next read or write is told, once. */
  #error = 0;
  #isBroken = false;
  #isShut = false;
  #isClosed = false;

  constructor(kind: LoopbackKind) {
    this.#kind = kind;
  }

  join(peer: LoopbackEnd): void {
    this.#peer = peer;
  }

  get isReadable(): boolean {
    return this.#received.byteLength > 0 || (this.#isEndReceived ? !this.#isEndTaken : this.#error !== 0);
  }

  write(bytes: Uint8Array): number {
    if (this.#error !== 0) {
      const error = this.#error;
      this.#error = 0;
      return error;
    }
    const peer = this.#peer;
    if (this.#isShut || this.#isBroken || peer === undefined) return uv.UV_EPIPE;
    if (peer.#isClosed) {
      this.#isBroken = true;
      if (this.#kind === 'unix') return uv.UV_EPIPE;
      // The kernel takes the bytes; what comes back is a reset.
      this.#breakWith(this.#isEndReceived ? uv.UV_EPIPE : uv.UV_ECONNRESET);
      return bytes.length;
    }
    const count = MathMin(bytes.length, bufferBytes - peer.#received.byteLength);
    if (count > 0) {
      peer.#received.push(copyOf(bytes, 0, count));
      peer.sink?.readable('soon');
    }
    return count;
  }

  shutdown(): void {
    this.#isShut = true;
    this.#peer?.receiveEnd();
    this.sink?.shutDown(0);
  }

  setReading(): void {}

  take(bytesMax: number): Uint8Array | number | undefined {
    if (this.#received.byteLength > 0) {
      const wasFull = this.#received.byteLength >= bufferBytes;
      const bytes = this.#received.take(bytesMax);
      if (wasFull) this.#peer?.sink?.writable('soon');
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
    if (this.#isClosed) return;
    this.#isClosed = true;
    const hasUnread = this.#received.byteLength > 0;
    this.#received.clear();
    this.sink = undefined;
    if (mode === 'reset' || hasUnread) this.#peer?.receiveReset();
    else this.#peer?.receiveEnd();
  }

  /** By the peer only. */
  receiveEnd(): void {
    if (this.#isEndReceived || this.#isClosed) return;
    this.#isEndReceived = true;
    this.sink?.readable('soon');
    // Who waits for room learns with the next try that nobody will make any.
    this.sink?.writable('soon');
  }

  receiveReset(): void {
    if (this.#isClosed || this.#isBroken) return;
    this.#isBroken = true;
    this.#breakWith(this.#isEndReceived ? uv.UV_EPIPE : uv.UV_ECONNRESET);
  }

  #breakWith(error: number): void {
    this.#error = error;
    this.sink?.readable('soon');
    this.sink?.writable('soon');
  }
}
