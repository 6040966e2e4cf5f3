import test from 'ava';
import { darkColours, lightColours, peerStyles } from '../../../bench/report/palette.ts';

/** WCAG 2.2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test('every colour can be seen on its background', (t) => {
  for (const colour of lightColours) t.true(contrast(colour, '#ffffff') >= 3, colour);
  for (const colour of darkColours) t.true(contrast(colour, '#14171a') >= 3, colour);
});

test('a peer looks the same wherever it is asked for, and no two look the same', (t) => {
  const names = Array.from({ length: 25 }, (_, at) => `peer ${at}`);
  const styleOf = peerStyles(names);
  const looks = new Set(names.map((name) => JSON.stringify(styleOf(name))));
  t.is(looks.size, names.length);
  t.deepEqual(styleOf('peer 3'), styleOf('peer 3'));
  t.throws(() => styleOf('somebody else'), { instanceOf: RangeError });
});
