/**
 * What is fed in pieces: hashes, ciphers. A guest may drop one without a word, so only the latest are kept, and the one that was
 * not touched for longest is forgotten for a new one.
 */
import { limits } from '../../../model/limits.ts';
import type { GuestBounds } from '../../limit-book.ts';
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
  readonly #bounds: GuestBounds;
  readonly #streams = new Map<number, CryptoStream>();
  #latestId = 0;

  constructor(bounds: GuestBounds) {
    this.#bounds = bounds;
  }

  add(stream: CryptoStream): number {
    this.#latestId += 1;
    this.#streams.set(this.#latestId, stream);
    const { limits: most, note } = this.#bounds;
    if (this.#streams.size > most.openStreams) {
      note('open-streams', most.openStreams, this.#streams.size, 'cut');
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
