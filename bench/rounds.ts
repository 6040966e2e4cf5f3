/** The order of a scenario: turns in which every peer comes once in each round, each round in an order of its own. */
import { shuffled } from './random.ts';

export interface Turn<Item> {
  readonly item: Item;
  /** 0 is the first one that is measured; those below warm up. */
  readonly round: number;
}

export interface Rounds {
  readonly rounds: number;
  readonly warmUpRounds: number;
}

/** What the machine does meanwhile meets all alike, and nobody always comes after the same other. */
export function turns<Item>(
  items: readonly Item[],
  { rounds, warmUpRounds }: Rounds,
  random: () => number,
): Turn<Item>[] {
  const all: Turn<Item>[] = [];
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const item of shuffled(items, random)) all.push({ item, round });
  }
  return all;
}
