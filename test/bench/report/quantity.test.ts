import test from 'ava';
import { axisValue, clockTime, digits, quantity, times } from '../../../bench/report/quantity.ts';

test('times, bytes, rates and shares have three digits and the unit people use', (t) => {
  t.deepEqual(
    [5.8123, 0.1837, 0.00002, 999.7, 1234, 12_345, 0.9999].map((ms) => quantity(ms, 'ms')),
    ['5.81 ms', '184 µs', '20.0 ns', '1.00 s', '1.23 s', '12.3 s', '1.00 ms'],
  );
  t.deepEqual(
    [2.1e6, 1_000, 999, 5e9].map((bytes) => quantity(bytes, 'bytes')),
    ['2.10 MB', '1 kB', '999 B', '5 GB'],
  );
  t.is(quantity(45_812.3, 'per second'), '45,812/s');
  t.is(quantity(1.25e8, 'bytes per second'), '125 MB/s');
  t.is(quantity(0.9314, 'share'), '93.1 %');
});

test('nothing is 0, and less than nothing keeps its sign', (t) => {
  t.is(quantity(0, 'ms'), '0 ms');
  t.is(quantity(0, 'bytes'), '0 B');
  t.is(quantity(-0.5, 'ms'), '-500 µs');
});

test('a point of an axis of bytes is read as bytes', (t) => {
  t.is(axisValue(100_000, 'payload, bytes'), '100 kB');
  t.deepEqual(
    [10_000, 20, 0.2].map((value) => axisValue(value, 'deployed functions')),
    ['10,000', '20', '0.2'],
  );
});

test('ratios and digits', (t) => {
  t.deepEqual([1.8231, 143.2, 0.04212, 2, 0.00001].map(times), ['1.82×', '143×', '0.0421×', '2×', '1.0e-5×']);
  t.is(digits(999.96), '1,000');
});

test('a clock counts minutes, and hours when it must', (t) => {
  t.deepEqual([0, 61.4, 3_725].map(clockTime), ['0:00', '1:01', '1:02:05']);
});
