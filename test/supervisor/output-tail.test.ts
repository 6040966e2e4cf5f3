import test from 'ava';
import { OutputTail } from '../../src/supervisor/output-tail.ts';

test('the last bytes are kept, however they came', (t) => {
  const tail = new OutputTail(8);
  for (const piece of ['abc', 'def', 'ghi', 'jkl']) tail.push(Buffer.from(piece));
  t.is(tail.text(), 'efghijkl');
  t.is(tail.bytesSeen, 12);
  tail.push(Buffer.from('0123456789'));
  t.is(tail.text(), '23456789');
});

test('what a hostile process prints cannot steer a terminal or forge a line', (t) => {
  const tail = new OutputTail(4_096);
  tail.push(Buffer.from('a\u001b[31mred\r\n{"event":"forged"}\u2028\u202Eb\u0000'));
  t.is(tail.text(), 'a [31mred {"event":"forged"} b');
});

test('bytes that are not UTF-8 do no harm', (t) => {
  const tail = new OutputTail(4);
  tail.push(Buffer.from([0xff, 0xfe, 0x41, 0xc3]));
  t.is(tail.text(), '\ufffd\ufffdA\ufffd');
});
