/** What an operation of the crypto service is, and what one incarnation keeps between them. */
import type { Input } from './input.ts';
import type { Keys } from './keys.ts';
import type { Streams } from './streams.ts';

export interface Output {
  readonly head?: Readonly<Record<string, unknown>>;
  readonly parts?: readonly (Uint8Array | ArrayBuffer)[];
}

export interface CryptoState {
  readonly keys: Keys;
  readonly streams: Streams;
}

/** What an operation is expected to take. */
export interface Cost {
  /** More than a short slice of the main thread, which no operation that a guest waits for may take from its neighbours. */
  readonly isLong: boolean;
  readonly memoryBytes: number;
}

export interface CryptoOperation {
  /** On the calling thread. @throws whatever Node throws, which the guest gets */
  now(input: Input, state: CryptoState): Output;
  /** On the thread pool; absent when `now` is short. Throws at once what it finds out at once. */
  later?(input: Input, state: CryptoState): Promise<Output>;
  /** Absent: short, and little memory. @throws CryptoLimitExceeded */
  cost?(input: Input, state: CryptoState): Cost;
}
