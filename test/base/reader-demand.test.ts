import test from 'ava';
import { ReaderDemand } from '../../src/base/reader-demand.ts';

function open() {
  let there = 0;
  let delivered = 0;
  const demand = new ReaderDemand(() => {
    if (there === 0) return false;
    there -= 1;
    delivered += 1;
    return true;
  });
  const come = (): void => {
    there += 1;
    demand.wake();
  };
  return { demand, come, delivered: () => delivered };
}

test('who pulls gets what is there, or waits for what comes', async (t) => {
  const { demand, come, delivered } = open();
  come();
  t.is(delivered(), 0, 'nobody asked');
  t.is(demand.pull(), undefined);
  const waiting = demand.pull();
  t.is(delivered(), 1);
  come();
  await waiting;
  t.is(delivered(), 2);
  come();
  t.is(delivered(), 2, 'nobody asked again');
});

test('at the end whoever waits is let go', async (t) => {
  const { demand, delivered } = open();
  const waiting = demand.pull();
  demand.end();
  await waiting;
  t.is(delivered(), 0);
});
