import test from 'ava';
import { seededRandom } from '../../bench/random.ts';
import { turns } from '../../bench/rounds.ts';

const peers = ['a', 'b', 'c', 'd', 'e'];

test('every peer has one turn in each round, also in those that warm up', (t) => {
  const all = turns(peers, { rounds: 20, warmUpRounds: 2 }, seededRandom(1));
  t.is(all.length, 22 * peers.length);
  for (let round = -2; round < 20; round += 1) {
    const inRound = all.slice((round + 2) * peers.length, (round + 3) * peers.length);
    t.true(inRound.every((turn) => turn.round === round));
    t.deepEqual(inRound.map(({ item }) => item).sort(), peers);
  }
});

test('rounds have orders of their own, the same ones for the same seed', (t) => {
  const order = (seed: number) =>
    turns(peers, { rounds: 20, warmUpRounds: 0 }, seededRandom(seed))
      .map(({ item }) => item)
      .join('');
  t.is(order(7), order(7));
  t.not(order(7), order(8));
  const rounds = new Set(order(7).match(/.{5}/g));
  t.true(rounds.size > 10);
});

test('no peer has the first turn more often than chance explains', (t) => {
  const first = turns(peers, { rounds: 1_000, warmUpRounds: 0 }, seededRandom(3))
    .filter((_, i) => i % peers.length === 0)
    .map(({ item }) => item);
  for (const peer of peers) {
    const count = first.filter((each) => each === peer).length;
    // 200 are expected, with a standard deviation of 12.6.
    t.true(count > 140 && count < 260, `${peer} was first ${count} times`);
  }
});
