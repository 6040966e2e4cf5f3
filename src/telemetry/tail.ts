/**
 * The end of one invocation's log, as `LogType: Tail` returns it (LAMBDA.md E1.8): from START to REPORT, the last 4096
 * bytes, base64. It counts bytes, so a character at the cut may lose its first ones, as on AWS. Memory stays bounded by the
 * size of the tail and one line.
 */
import { limits } from '../model/limits.ts';

export class Tail {
  #chunks: Buffer[] = [];
  #bytes = 0;

  append(text: string): void {
    if (text === '') return;
    const chunk = lastBytes(Buffer.from(text, 'utf8'));
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    // Joined now and then, so that many short lines do not pile up.
    if (this.#bytes > 4 * limits.logTailBytesMax) this.#join();
  }

  base64(): string {
    return this.#join().toString('base64');
  }

  #join(): Buffer {
    const joined = Buffer.from(lastBytes(Buffer.concat(this.#chunks, this.#bytes)));
    this.#chunks = [joined];
    this.#bytes = joined.byteLength;
    return joined;
  }
}

function lastBytes(bytes: Buffer): Buffer {
  return bytes.subarray(Math.max(0, bytes.byteLength - limits.logTailBytesMax));
}
