/** `internalBinding('js_stream')`: a stream of JavaScript as if it were a handle, for TLS over it. */

import { bytesOf } from '../encodings.ts';
import type { ShutdownWrap, WriteWrap } from '../net/stream-wrap.ts';
import type { NetParts } from '../net.ts';

const { TypedArrayPrototypeSet, Uint8Array } = primordials;

/** What `internal/js_stream_socket` puts on it. */
interface Handlers {
  onreadstart?(): number;
  onreadstop?(): number;
  onshutdown?(request: ShutdownWrap): number;
  onwrite?(request: WriteWrap, buffers: readonly Uint8Array[]): number;
}

interface Ended {
  oncomplete: unknown;
}

export function createJSStream({ LibuvStreamWrap, AsyncWrap, WriteWrap }: NetParts, uvEof: number) {
  return class JSStream extends LibuvStreamWrap {
    get #handlers(): Handlers {
      return this as Handlers;
    }

    #isRead = false;

    override get isReading(): boolean {
      return this.#isRead;
    }

    override readStart(): number {
      this.#isRead = true;
      return this.#handlers.onreadstart?.() ?? 0;
    }

    override readStop(): number {
      this.#isRead = false;
      return this.#handlers.onreadstop?.() ?? 0;
    }

    override shutdown(request: ShutdownWrap): number {
      return this.#handlers.onshutdown?.(request) ?? 0;
    }

    /** Always ends later. */
    override dispatch(bytes: Uint8Array): number | WriteWrap {
      const request = new WriteWrap();
      this.bytesWritten += bytes.length;
      const failed = this.#handlers.onwrite?.(request, [bytes]) ?? 0;
      return failed === 0 ? request : failed;
    }

    readBuffer(bytes: ArrayBufferView): void {
      const view = bytesOf(bytes);
      const copy = new Uint8Array(view.length);
      TypedArrayPrototypeSet(copy, view);
      this.bytesRead += copy.length;
      this.emitRead(copy);
    }

    emitEOF(): void {
      this.emitRead(uvEof);
    }

    finishWrite(request: Ended & InstanceType<typeof AsyncWrap>, status: number): void {
      AsyncWrap.call(request, request.oncomplete, [status]);
    }

    finishShutdown(request: Ended & InstanceType<typeof AsyncWrap>, status: number): void {
      AsyncWrap.call(request, request.oncomplete, [status]);
    }
  };
}
