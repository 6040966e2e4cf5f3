import { Keys } from './keys.ts';
import type { CryptoState } from './operation.ts';
import { Streams } from './streams.ts';

export function createState(): CryptoState {
  return { keys: new Keys(), streams: new Streams() };
}
