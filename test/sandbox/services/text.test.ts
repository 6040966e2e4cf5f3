import test from 'ava';
import { systemClock } from '../../../src/base/clock.ts';
import type { BridgeValue } from '../../../src/bridge/services.ts';
import { textFlags, textOperations } from '../../../src/bridge/text.ts';
import { limits } from '../../../src/model/limits.ts';
import { defaultBounds } from '../../../src/sandbox/limit-book.ts';
import { openText } from '../../../src/sandbox/services/text.ts';

const never = (): never => {
  throw new Error('text asks nobody');
};
const open = () =>
  openText({ clock: systemClock, bounds: defaultBounds, emit: never, request: never, answer: never, service: never });
const bytes = (...values: readonly number[]): ArrayBuffer => new Uint8Array(values).buffer;

test('a stream goes on where it was, by its id', (t) => {
  const service = open();
  const decode = (id: number, flags: number, ...values: number[]): unknown =>
    service.ask(textOperations.decode, [id, 'shift_jis', flags, bytes(...values)]);
  t.is(decode(1, textFlags.stream, 0x82), '');
  t.is(decode(2, textFlags.stream, 0x82), '');
  t.is(decode(1, textFlags.stream, 0xa0), 'あ');
  t.is(decode(1, 0), '');
  t.is(decode(2, 0), '\ufffd');
});

test('streams are bounded, and one that ends makes room', (t) => {
  const service = open();
  const begin = (id: number): unknown =>
    service.ask(textOperations.decode, [id, 'big5', textFlags.stream, bytes(0xa4)]);
  for (let id = 0; id < limits.textStreamsMax; id++) t.is(begin(id), '');
  t.deepEqual(begin(limits.textStreamsMax), [
    '!',
    `at most ${limits.textStreamsMax} texts may be decoded piece by piece at once`,
  ]);
  service.ask(textOperations.decode, [0, 'big5', 0, bytes()]);
  t.is(begin(limits.textStreamsMax), '');
});

test('what makes no sense is answered with nothing', (t) => {
  const service = open();
  const strange: BridgeValue[] = [
    undefined,
    '',
    'none',
    -1,
    0.5,
    Number.NaN,
    2 ** 40,
    bytes(),
    bytes(255),
    'gbk',
    'x'.repeat(5_000),
  ];
  for (const operation of [0, ...Object.values(textOperations), 200]) {
    for (const a of strange) for (const b of strange) t.notThrows(() => service.ask(operation, [a, b, a, b]));
  }
  t.is(service.ask(textOperations.knows, ['none']), 0);
  t.is(service.ask(textOperations.decode, [1, 'gbk', textFlags.fatal, 'text']), undefined);
  t.deepEqual(service.ask(textOperations.decode, [1, 'gbk', textFlags.fatal, bytes(0xff)]), ['!', '']);
});
