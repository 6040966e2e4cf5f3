import test from 'ava';
import {
  contrast,
  darkColours,
  darkPhases,
  inkOn,
  lightColours,
  lightPhases,
  peerStyles,
} from '../../../bench/report/palette.ts';

test('every colour can be seen on its background', (t) => {
  for (const colour of lightColours) t.true(contrast(colour, '#ffffff') >= 3, colour);
  for (const colour of darkColours) t.true(contrast(colour, '#14171a') >= 3, colour);
});

test('contrast is that of WCAG', (t) => {
  t.is(contrast('#000000', '#ffffff'), 21);
  t.is(contrast('#777777', '#ffffff').toFixed(2), '4.48');
});

test('what is written on a phase can be read, and no two phases have one colour', (t) => {
  for (const colours of [lightPhases, darkPhases]) {
    t.is(new Set(colours).size, colours.length);
    for (const colour of colours) t.true(contrast(inkOn(colour), colour) >= 4.5, colour);
  }
});

test('a peer looks the same wherever it is asked for, and no two look the same', (t) => {
  const names = Array.from({ length: 25 }, (_, at) => `peer ${at}`);
  const styleOf = peerStyles(names);
  const looks = new Set(names.map((name) => JSON.stringify(styleOf(name))));
  t.is(looks.size, names.length);
  t.deepEqual(styleOf('peer 3'), styleOf('peer 3'));
  t.throws(() => styleOf('somebody else'), { instanceOf: RangeError });
});
