import { defaultBounds, type GuestBounds } from '../../limit-book.ts';
import { Keys } from './keys.ts';
import type { CryptoState } from './operation.ts';
import { Streams } from './streams.ts';

export function createState(bounds: GuestBounds = defaultBounds): CryptoState {
  return { keys: new Keys(), streams: new Streams(bounds) };
}
