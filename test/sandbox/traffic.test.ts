import test from 'ava';
import { Traffic } from '../../src/sandbox/traffic.ts';

test('a version is alone as long as nothing of another is under way', (t) => {
  const traffic = new Traffic();
  const [mine, other] = [{}, {}];
  using _first = traffic.enter(mine);
  using _second = traffic.enter(mine);
  t.true(traffic.isAlone(mine));
  {
    using _stranger = traffic.enter(other);
    t.false(traffic.isAlone(mine));
    t.false(traffic.isAlone(other));
  }
  t.true(traffic.isAlone(mine));
});
