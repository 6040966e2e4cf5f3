/**
 * Which names gave which address to one guest, and until when that counts. Only lookups write here, with answers that passed the
 * policy; a connection to an address is judged by the names found here. Bounded: the oldest addresses go first.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';

export class Pins {
  readonly #clock: Clock;
  /** By address, the latest last; each with the time at which a name stops counting. */
  readonly #names = new Map<string, Map<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(address: string, name: string): void {
    const names = this.#names.get(address) ?? new Map<string, number>();
    names.delete(name);
    names.set(name, this.#clock.nowMs() + limits.networkPinMs);
    dropOldest(names, limits.networkPinNamesMax);
    this.#names.delete(address);
    this.#names.set(address, names);
    dropOldest(this.#names, limits.networkPinsMax);
  }

  /** The latest first. */
  names(address: string): readonly string[] {
    const names = this.#names.get(address);
    if (names === undefined) return [];
    const nowMs = this.#clock.nowMs();
    for (const [name, untilMs] of names) if (untilMs <= nowMs) names.delete(name);
    return [...names.keys()].reverse();
  }
}

function dropOldest<Key>(map: Map<Key, unknown>, countMax: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= countMax) return;
    map.delete(oldest);
  }
}
