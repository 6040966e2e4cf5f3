/**
 * What is fed in pieces: hashes, ciphers. A guest may drop one without a word, so only the latest are kept, and the one that was
 * not touched for longest is forgotten for a new one.
 */
import { limits } from '../../../model/limits.ts';
import type { Input } from './input.ts';
import { CryptoObjectGone } from './mistake.ts';
import type { Output } from './operation.ts';

export interface CryptoStream {
  update(bytes: Uint8Array): Uint8Array | undefined;
  copy?(input: Input): CryptoStream;
  set?(input: Input): Output;
  finish(input: Input): Output;
}

export class Streams {
  readonly #streams = new Map<number, CryptoStream>();
  #latestId = 0;

  add(stream: CryptoStream): number {
    this.#latestId += 1;
    this.#streams.set(this.#latestId, stream);
    if (this.#streams.size > limits.cryptoStreamsMax) {
      const [oldest] = this.#streams.keys();
      if (oldest !== undefined) this.#streams.delete(oldest);
    }
    return this.#latestId;
  }

  /** @throws CryptoObjectGone */
  find(id: unknown): CryptoStream {
    const stream = typeof id === 'number' ? this.#streams.get(id) : undefined;
    if (typeof id !== 'number' || stream === undefined) {
      throw new CryptoObjectGone('this hash or cipher', 'cryptoStreamsMax', limits.cryptoStreamsMax);
    }
    this.#streams.delete(id);
    this.#streams.set(id, stream);
    return stream;
  }

  remove(id: number): void {
    this.#streams.delete(id);
  }

  clear(): void {
    this.#streams.clear();
  }
}
