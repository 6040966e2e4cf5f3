/**
 * A stream of bytes as lib/net.js expects it from C++ (`StreamBase`, `LibuvStreamWrap`): what it reads and writes goes through
 * a `Transport`, which is a connection within the guest, one through the host, or TLS over either.
 */

import { Fifo } from '../../fifo.ts';
import { bytesOf } from '../encodings.ts';
import { createText, type Text } from '../text.ts';
import { AsyncWrap, core, PendingRequest, RequestWrap } from './async-wrap.ts';
import { viewOf } from './byte-queue.ts';
import { uv } from './errno.ts';
import { HandleWrap } from './handle-wrap.ts';

const {
  Int32Array,
  MathMin,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypedArrayPrototypeSet,
} = primordials;

/** Indexes of `streamBaseState`, by which the native side answers beside its results. */
const kReadBytesOrError = 0;
const kArrayBufferOffset = 1;
const kBytesWritten = 2;
const kLastWriteWasAsync = 3;
const kLastWriteErr = 4;
export const streamBaseState = new Int32Array(5);

/** As much as libuv reads at once. */
const readBytesMax = 65_536;

export class WriteWrap extends RequestWrap {
  /** Node's library reads it right after the write call; ours always end later. */
  writeStatus: number | null = null;
  error: string | undefined = undefined;
}

export class ShutdownWrap extends RequestWrap {}

/** Below a stream. Everything it tells the stream it tells in a later turn or in an event's slice, never within a call. */
export interface Transport {
  /** Takes what there is room for, and `StreamSink.writable` follows when there is more. Negative: libuv's error. */
  write(bytes: Uint8Array): number;
  /** Nothing more is written. `StreamSink.shutDown` follows. */
  shutdown(): void;
  /** Bytes with a buffer of their own, or libuv's error or end of file, or nothing yet. */
  take(bytesMax: number): Uint8Array | number | undefined;
  readonly isReadable: boolean;
  /** Whether `take` is asked for soon. */
  setReading(isReading: boolean): void;
  close(mode: 'orderly' | 'reset'): void;
}

/** What a transport tells the stream above it. */
export interface StreamSink {
  /** `take` has something. Within an event's slice the first piece is delivered at once. */
  readable(when: 'now' | 'soon'): void;
  writable(when: 'now' | 'soon'): void;
  shutDown(status: number): void;
}

/** Reads a stream in place of its user: what native code on top of another stream is in Node. */
export interface StreamListener {
  /** Bytes with a buffer of their own, or libuv's error or end of file. */
  onRead(read: Uint8Array | number): void;
}

interface PendingWrite {
  readonly request: WriteWrap;
  readonly pending: PendingRequest;
  readonly bytes: Uint8Array;
  written: number;
}

export class LibuvStreamWrap extends HandleWrap implements StreamSink {
  declare onread: unknown;
  bytesRead = 0;
  bytesWritten = 0;
  readonly isStreamBase = true;
  readonly fd = -1;

  #transport: Transport | undefined;
  #listener: StreamListener | undefined;
  #isReading = false;
  #isDeliveryDue = false;
  #isFlushDue = false;
  #userBuffer: Uint8Array | undefined;
  readonly #writes = new Fifo<PendingWrite>();
  /** The one that was begun, ahead of `#writes`. */
  #write: PendingWrite | undefined;
  #queuedBytes = 0;
  #shutdown: PendingRequest | undefined;
  #isShut = false;

  get writeQueueSize(): number {
    return this.#queuedBytes;
  }

  protected get transport(): Transport | undefined {
    return this.#transport;
  }

  /** @param stream by parameter: only a stream of ours has one */
  static transportOf(stream: LibuvStreamWrap): Transport | undefined {
    return stream.#transport;
  }

  get isReading(): boolean {
    return this.#isReading;
  }

  setListener(listener: StreamListener): void {
    this.#listener = listener;
  }

  /** What came in for whoever reads. */
  protected emitRead(read: Uint8Array | number): void {
    if (this.#listener !== undefined) this.#listener.onRead(read);
    else if (typeof read === 'number') this.#emitRead(read, undefined);
    else this.#emitRead(read.length, TypedArrayPrototypeGetBuffer(read));
  }

  /** Whether reading may begin before there is a transport. */
  protected get awaitsTransport(): boolean {
    return false;
  }

  /** Once, when it is connected. */
  protected attach(transport: Transport): void {
    this.#transport = transport;
    if (this.#isReading) {
      transport.setReading(true);
      this.readable('soon');
    }
  }

  readStart(): number {
    if (this.hasClosed) return uv.UV_EINVAL;
    if (this.#transport === undefined && !this.awaitsTransport) return uv.UV_ENOTCONN;
    if (this.#isReading) return 0;
    this.#isReading = true;
    this.setActive(true);
    this.#transport?.setReading(true);
    this.readable('soon');
    return 0;
  }

  readStop(): number {
    if (!this.#isReading) return 0;
    this.#isReading = false;
    this.setActive(false);
    this.#transport?.setReading(false);
    return 0;
  }

  useUserBuffer(buffer: Uint8Array): void {
    this.#userBuffer = bytesOf(buffer);
  }

  setBlocking(): number {
    return 0;
  }

  readable(when: 'now' | 'soon'): void {
    if (!this.#isReading || this.hasClosed || this.#transport?.isReadable !== true) return;
    if (when === 'now' && !this.#isDeliveryDue) {
      this.#deliver();
      return;
    }
    if (this.#isDeliveryDue) return;
    this.#isDeliveryDue = true;
    core.loop.enqueueOperation(() => {
      this.#isDeliveryDue = false;
      this.#deliver();
    });
  }

  /** One piece: Node runs ticks and microtasks before the next. */
  #deliver(): void {
    if (!this.#isReading || this.hasClosed) return;
    const buffer = this.#listener === undefined ? this.#userBuffer : undefined;
    const taken = this.#transport?.take(buffer === undefined ? readBytesMax : MathMin(readBytesMax, buffer.length));
    if (taken === undefined) return;
    if (typeof taken === 'number') {
      this.readStop();
      this.emitRead(taken);
      return;
    }
    this.bytesRead += taken.length;
    // Before the callback, which may throw or stop the reading: then the turn finds nothing to do.
    this.readable('soon');
    if (buffer === undefined) this.emitRead(taken);
    else {
      TypedArrayPrototypeSet(buffer, taken);
      const next = this.#emitRead(taken.length, undefined);
      if (TypedArrayPrototypeGetSymbolToStringTag(next) === 'Uint8Array')
        this.#userBuffer = bytesOf(next as Uint8Array);
    }
  }

  #emitRead(status: number, buffer: ArrayBuffer | undefined): unknown {
    streamBaseState[kReadBytesOrError] = status;
    streamBaseState[kArrayBufferOffset] = 0;
    return AsyncWrap.call(this, this.onread, [buffer]);
  }

  writeBuffer(_request: unknown, bytes: Uint8Array): number | WriteWrap {
    return this.dispatch(bytesOf(bytes));
  }

  writeUtf8String(_request: unknown, text: string): number | WriteWrap {
    texts ??= createText(core);
    return this.dispatch(texts.encodeUtf8(text));
  }

  writeAsciiString(request: unknown, text: string): number | WriteWrap {
    return this.writeLatin1String(request, text);
  }

  writeLatin1String(_request: unknown, text: string): number | WriteWrap {
    return this.dispatch(encoded(text, 'latin1'));
  }

  writeUcs2String(_request: unknown, text: string): number | WriteWrap {
    return this.dispatch(encoded(text, 'utf16le'));
  }

  writev(_request: unknown, chunks: readonly unknown[], allBuffers?: boolean): number | WriteWrap {
    const step = allBuffers === true ? 1 : 2;
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let at = 0; at < chunks.length; at += step) {
      const chunk = chunks[at];
      const part = typeof chunk === 'string' ? encoded(chunk, chunks[at + 1] as string) : bytesOf(chunk as Uint8Array);
      parts[parts.length] = part;
      length += part.length;
    }
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] as Uint8Array;
      TypedArrayPrototypeSet(bytes, part, offset);
      offset += part.length;
    }
    return this.dispatch(bytes);
  }

  /** 0 when all went at once, a negative error, or the request that ends later. */
  dispatch(bytes: Uint8Array): number | WriteWrap {
    streamBaseState[kBytesWritten] = bytes.length;
    streamBaseState[kLastWriteWasAsync] = 0;
    streamBaseState[kLastWriteErr] = 0;
    if (this.#transport === undefined || this.hasClosed) return uv.UV_EBADF;
    if (this.#isShut) return uv.UV_EPIPE;
    let written = 0;
    if (this.#write === undefined) {
      written = this.#transport.write(bytes);
      if (written < 0) return written;
    }
    this.bytesWritten += bytes.length;
    if (written === bytes.length) return 0;
    streamBaseState[kLastWriteWasAsync] = 1;
    const request = new WriteWrap();
    const write: PendingWrite = { request, pending: new PendingRequest(request), bytes, written };
    if (this.#write === undefined) this.#write = write;
    else this.#writes.push(write);
    this.#queuedBytes += bytes.length - written;
    return request;
  }

  writable(when: 'now' | 'soon'): void {
    if (this.#write === undefined || this.hasClosed) return;
    if (when === 'now') {
      this.#flush();
      return;
    }
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    core.loop.enqueueOperation(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  /** Until the transport has no room, or one request ended: its callback gets a turn of its own. */
  #flush(): void {
    const write = this.#write;
    if (write === undefined || this.#transport === undefined || this.hasClosed) return;
    const rest = viewOf(write.bytes, write.written, write.bytes.length);
    const written = this.#transport.write(rest);
    if (written >= 0) {
      write.written += written;
      this.#queuedBytes -= written;
      if (write.written < write.bytes.length) return;
    } else {
      this.#queuedBytes -= rest.length;
    }
    this.#write = this.#writes.shift();
    if (this.#write !== undefined) this.writable('soon');
    else this.#shutdownIfDue();
    write.pending.complete([MathMin(written, 0)]);
  }

  shutdown(request: ShutdownWrap): number {
    if (this.#transport === undefined || this.hasClosed || this.#isShut) return uv.UV_ENOTCONN;
    this.#isShut = true;
    this.#shutdown = new PendingRequest(request);
    this.#shutdownIfDue();
    return 0;
  }

  protected get isShuttingDown(): boolean {
    return this.#shutdown !== undefined;
  }

  #shutdownIfDue(): void {
    if (this.#shutdown !== undefined && this.#write === undefined) this.#transport?.shutdown();
  }

  shutDown(status: number): void {
    this.#shutdown?.complete([status]);
    this.#shutdown = undefined;
  }

  protected override onClosing(): void {
    this.#closeTransport('orderly');
  }

  /** As libuv: pending requests end before the handle's own callback, in their order. */
  #closeTransport(mode: 'orderly' | 'reset'): void {
    this.#isReading = false;
    this.#transport?.close(mode);
    this.#transport = undefined;
    for (let write = this.#write; write !== undefined; write = this.#writes.shift()) {
      write.pending.completeSoon([uv.UV_ECANCELED]);
    }
    this.#write = undefined;
    this.#queuedBytes = 0;
    this.#shutdown?.completeSoon([uv.UV_ECANCELED]);
    this.#shutdown = undefined;
  }

  protected closeWithReset(callback: unknown): number {
    if (this.hasClosed) return 0;
    if (this.#shutdown !== undefined) return uv.UV_EINVAL;
    this.#closeTransport('reset');
    this.close(callback);
    return 0;
  }
}

interface BufferModule {
  readonly Buffer: { from(text: string, encoding: string): Uint8Array };
}

let texts: Text | undefined;

function encoded(text: string, encoding: string): Uint8Array {
  const { Buffer } = core.library.require<BufferModule>('buffer');
  return bytesOf(Buffer.from(text, encoding));
}
