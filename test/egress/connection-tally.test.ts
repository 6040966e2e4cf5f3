import test from 'ava';
import { ConnectionTally } from '../../src/egress/connection-tally.ts';
import { limits } from '../../src/model/limits.ts';

test('a function has its share in all environments together, and all functions have the whole', (t) => {
  const tally = new ConnectionTally();
  const functions = Array.from(
    { length: limits.networkConnectionsMax / limits.networkConnectionsPerFunctionMax },
    (_, index) => tally.of(`f${index}`),
  );
  for (const each of functions) {
    for (let count = 0; count < limits.networkConnectionsPerFunctionMax; count += 1) {
      t.is(each.fullness(), undefined);
      each.enter();
    }
    t.regex(each.fullness() ?? '', /networkConnectionsPerFunctionMax/);
  }
  const another = tally.of('another');
  t.regex(another.fullness() ?? '', /networkConnectionsMax/);
  functions[0]?.leave();
  t.is(another.fullness(), undefined);
  t.is(tally.of('f0').fullness(), undefined);
});
