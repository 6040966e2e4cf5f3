import test from 'ava';
import { shownValue } from '../../src/base/shown-value.ts';

const shown: readonly (readonly [unknown, string])[] = [
  ['a"b', '"a\\"b"'],
  ['x'.repeat(1_000), `"${'x'.repeat(200)}…"`],
  [5, '5'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'Symbol(s)'],
  [{ toString: () => 'mine' }, 'an object'],
  [() => 1, 'a function'],
];

for (const [value, text] of shown) {
  test(`${text.slice(0, 20)} is what is shown of a refused ${typeof value}`, (t) => {
    t.is(shownValue(value), text);
  });
}
