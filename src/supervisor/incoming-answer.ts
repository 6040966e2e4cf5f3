/**
 * A streamed answer as its sandbox sends it. The sandbox keeps to the window and to the largest size before it sends anything, so a
 * breach is the work of one that was taken over.
 */
import { limits } from '../model/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { AnswerSink } from './sandbox-port.ts';

export class IncomingAnswer {
  readonly #sink: AnswerSink;
  /** Came and was not taken. */
  #waitingBytes = 0;
  /** Since nothing waited last. */
  #chunks = 0;
  #bytes = 0;
  #size = 0;
  #isBegun = false;

  /** @param sendCredit tells the sandbox that so many bytes more may come */
  constructor(sink: AnswerSink, sendCredit: (bytes: number) => void) {
    this.#sink = sink;
    sink.open((bytes) => {
      this.#waitingBytes -= bytes;
      if (this.#waitingBytes === 0) this.#chunks = this.#bytes = 0;
      sendCredit(bytes);
    });
  }

  /** @throws ProtocolError */
  chunk(body: Uint8Array, contentType: string | undefined): void {
    const { byteLength } = body;
    const { responseStreamChunkBytesMax, responseStreamWindowBytes, responseStreamBytesMax } = limits;
    if (byteLength > responseStreamChunkBytesMax) {
      throw new ProtocolError('answerChunk.body', `at most ${responseStreamChunkBytesMax} bytes`, byteLength);
    }
    if (this.#isBegun && (byteLength === 0 || contentType !== undefined)) {
      throw new ProtocolError('answerChunk', 'bytes, and only the first with a type', contentType ?? byteLength);
    }
    this.#isBegun = true;
    this.#waitingBytes += byteLength;
    if (this.#waitingBytes > responseStreamWindowBytes) {
      throw new ProtocolError('answerChunk.body', 'within the window of its answer', this.#waitingBytes);
    }
    this.#chunks += 1;
    this.#bytes += byteLength;
    // Each takes more memory than its bytes. A sandbox puts them together while any are under way: two in a row are more than one full one.
    const chunksMax = shortChunksMax + (2 * this.#bytes) / responseStreamChunkBytesMax;
    if (this.#chunks > chunksMax) throw new ProtocolError('answerChunk.body', 'put together', byteLength);
    this.#size += byteLength;
    if (this.#size > responseStreamBytesMax) {
      throw new ProtocolError('answerChunk.body', `at most ${responseStreamBytesMax} bytes in all`, this.#size);
    }
    // A copy: a few bytes must not keep what they came with alive, which is others'.
    this.#sink.chunk(new Uint8Array(body), contentType);
  }
}

/** The first of an answer, the last, and some to spare. */
const shortChunksMax = 8;
