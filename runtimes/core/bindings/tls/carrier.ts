/** Carries the encrypted bytes of a session between the sandbox and the stream under it, which is one of this guest. */
import { tlsOperations } from '../../../../src/bridge/tls.ts';
import { limits } from '../../../../src/model/limits.ts';
import type { CoreContext } from '../../context.ts';
import { Fifo } from '../../fifo.ts';
import { copyOf } from '../net/byte-queue.ts';
import type { LibuvStreamWrap, ShutdownWrap } from '../net/stream-wrap.ts';
import type { NetParts } from '../net.ts';

const { MathMin, TypedArrayPrototypeGetBuffer, Uint8Array } = primordials;

export interface CarrierOptions {
  readonly core: CoreContext;
  readonly parts: NetParts;
  readonly parent: LibuvStreamWrap;
  readonly sessionId: number;
  /** libuv's error of the stream below. */
  readonly onBroken: (errno: number) => void;
  readonly eof: number;
  readonly createShutdown: () => ShutdownWrap;
}

export class Carrier {
  readonly #options: CarrierOptions;
  readonly #toSend = new Fifo<Uint8Array>();
  #isSending = false;
  #isEndDue = false;
  #unusedBytes = 0;
  #isStopped = false;
  #isOver = false;
  #hasEnded = false;

  constructor(options: CarrierOptions) {
    this.#options = options;
  }

  /** The stream below has. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  start(): void {
    this.#options.parent.readStart();
  }

  stop(): void {
    this.#isOver = true;
  }

  /** What the stream below read. */
  received(read: Uint8Array | number): void {
    if (this.#isOver) return;
    if (typeof read !== 'number') this.feed(read);
    else if (read === this.#options.eof) {
      this.#hasEnded = true;
      this.#start(tlsOperations.feedEnd);
    } else this.#options.onBroken(read);
  }

  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += limits.socketChunkBytesMax) {
      const chunk = copyOf(bytes, at, MathMin(bytes.length, at + limits.socketChunkBytesMax));
      this.#start(tlsOperations.feed, TypedArrayPrototypeGetBuffer(chunk));
    }
    this.#unusedBytes += bytes.length;
    // As much as may come at once has still to fit.
    if (this.#unusedBytes + limits.socketChunkBytesMax > limits.socketWindowBytes && !this.#isStopped) {
      this.#isStopped = true;
      this.#options.parent.readStop();
    }
  }

  fed(bytes: number): void {
    this.#unusedBytes -= bytes;
    if (
      this.#isStopped &&
      this.#unusedBytes + limits.socketChunkBytesMax <= limits.socketWindowBytes &&
      !this.#isOver
    ) {
      this.#isStopped = false;
      this.#options.parent.readStart();
    }
  }

  /** Encrypted bytes from the session. One write at a time: a stream of JavaScript takes no more. */
  send(bytes: ArrayBuffer): void {
    this.#toSend.push(new Uint8Array(bytes));
    this.#sendNext();
  }

  end(): void {
    this.#isEndDue = true;
    this.#sendNext();
  }

  #sendNext(): void {
    while (!this.#isSending && !this.#isOver) {
      const bytes = this.#toSend.shift();
      if (bytes === undefined) break;
      const outcome = this.#options.parent.dispatch(bytes);
      if (typeof outcome !== 'number') {
        this.#isSending = true;
        outcome.oncomplete = (status: number) => {
          this.#isSending = false;
          this.#sent(bytes, status);
          this.#sendNext();
        };
      } else {
        this.#sent(bytes, outcome);
      }
    }
    if (this.#isEndDue && !this.#isSending && !this.#isOver) {
      this.#isEndDue = false;
      this.#options.parent.shutdown(this.#options.createShutdown());
    }
  }

  #sent(bytes: Uint8Array, status: number): void {
    if (status < 0) this.#options.onBroken(status);
    else this.#start(tlsOperations.sent, bytes.length);
  }

  #start(operation: number, value?: ArrayBuffer | number): void {
    const { core, sessionId } = this.#options;
    if (!this.#isOver) core.services.start('tls', operation, sessionId, value);
  }
}
