/** Bytes of streaming handlers: kept whole, or sent on within the window of their reader. */
import test from 'ava';
import { answerClosed, answerEvents, answerOperations } from '../../src/bridge/answer.ts';
import { limits } from '../../src/model/limits.ts';
import { type AnswerWriter, StreamedAnswer, WholeAnswer } from '../../src/sandbox/answer-writer.ts';
import { ByteCollector } from '../../src/sandbox/byte-collector.ts';
import { defaultBounds } from '../../src/sandbox/limit-book.ts';
import type { ServiceLink } from '../../src/sandbox/service.ts';
import { openAnswer } from '../../src/sandbox/services/answer.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const { responseStreamWindowBytes: window, responseStreamChunkBytesMax: chunkMax } = limits;

function streamed(bytesMax: number = limits.responseStreamBytesMax) {
  const sent: { readonly text: string; readonly contentType?: string | undefined }[] = [];
  let tooLarge = 0;
  const writer = new StreamedAnswer({
    environmentId: 'e',
    requestId: 'r',
    bytesMax,
    send: ({ contentType }, body) => sent.push({ text: Buffer.from(body).toString(), contentType }),
    onTooLarge: () => {
      tooLarge += 1;
    },
  });
  const write = (text: string, contentType?: string) => writer.write(Buffer.from(text), contentType);
  return { writer, sent, write, tooLarge: () => tooLarge };
}

test('the first bytes leave at once, with their type; later ones together when those before have been taken', (t) => {
  const { writer, sent, write } = streamed();
  write('one', 'text/plain');
  write('two', 'text/html');
  write('three');
  t.deepEqual(sent, [{ text: 'one', contentType: 'text/plain' }]);
  writer.credit(3);
  t.deepEqual(sent.slice(1), [{ text: 'twothree', contentType: undefined }]);
  writer.credit(8);
  write('four');
  t.is(sent.at(-1)?.text, 'four', 'nothing is on its way');
  write('five');
  writer.end();
  t.is(sent.at(-1)?.text, 'five', 'the end of the invocation sends what is left');
});

test('a full chunk leaves whoever reads, and no chunk is longer', (t) => {
  const { writer, sent, write } = streamed();
  write('x');
  const piece = 'y'.repeat(chunkMax / 2 + 1);
  write(piece);
  write(piece);
  t.deepEqual(
    sent.map(({ text }) => text.length),
    [1, piece.length],
  );
  writer.end();
  t.true(sent.every(({ text }) => text.length <= chunkMax));
});

test('without room its writer waits, and is told when there is enough of it again', (t) => {
  const { writer, write } = streamed();
  const rooms: number[] = [];
  writer.onRoom = (room) => rooms.push(room);
  for (let bytes = 0; bytes < window; bytes += chunkMax) write('x'.repeat(chunkMax));
  t.is(writer.room, 0);
  writer.credit(chunkMax - 1);
  t.deepEqual(rooms, [], 'little room would make short pieces');
  writer.credit(1);
  t.deepEqual(rooms, [chunkMax]);
  writer.credit(chunkMax);
  t.deepEqual(rooms, [chunkMax], 'once');
});

test('one that waits when its invocation ends is told that it waits in vain', (t) => {
  const { writer, write } = streamed();
  const rooms: number[] = [];
  writer.onRoom = (room) => rooms.push(room);
  for (let bytes = 0; bytes < window; bytes += chunkMax) write('x'.repeat(chunkMax));
  writer.end();
  t.deepEqual(rooms, [answerClosed]);
});

test('an answer without bytes is begun by a chunk without any, and one that was not begun sends nothing', (t) => {
  const begun = streamed();
  begun.write('', 'text/plain');
  begun.write('');
  begun.writer.end();
  t.deepEqual(begun.sent, [{ text: '', contentType: 'text/plain' }]);
  const never = streamed();
  never.writer.end();
  t.deepEqual(never.sent, []);
  t.false(never.writer.isBegun);
});

test('too large: what fits has left, what does not is told once', (t) => {
  const { writer, sent, write, tooLarge } = streamed(10);
  write('12345');
  write('678');
  write('90a');
  write('more');
  t.is(sent.map(({ text }) => text).join(''), '12345678');
  t.true(writer.isTooLarge);
  t.is(writer.size, 11);
  t.is(tooLarge(), 1);
});

test('a whole answer is all its bytes, and past its limit only their number', (t) => {
  const fits = new WholeAnswer(10);
  fits.write(Buffer.from([0, 255]));
  fits.write(Buffer.from('x'));
  t.deepEqual([...fits.take()], [0, 255, 120]);
  const large = new WholeAnswer(10);
  large.write(Buffer.alloc(9));
  large.write(Buffer.alloc(9));
  t.true(large.isTooLarge);
  t.is(large.size, 18);
  t.is(large.take().byteLength, 0);
});

test('many short pieces are one run of bytes', (t) => {
  const collector = new ByteCollector();
  for (let at = 0; at < 100_000; at += 1) collector.append(Buffer.from([at & 0xff]));
  const bytes = collector.take();
  t.is(bytes.byteLength, 100_000);
  t.true(bytes.every((byte, at) => byte === (at & 0xff)));
  t.is(collector.byteLength, 0);
});

// The service: what a guest may ask, however it asks.

function serviceOf(current: { writer: AnswerWriter | undefined }) {
  const emitted: unknown[] = [];
  const never = (): never => {
    throw new Error('the service answer has no business to call this');
  };
  const link: ServiceLink = {
    clock: createFakeClock(),
    bounds: defaultBounds,
    emit: (...event) => emitted.push(event),
    request: never,
    service: never,
    answer: () => current.writer,
  };
  return { service: openAnswer(link), emitted };
}

test('the service: bytes go to the answer that was opened, and to no other', (t) => {
  const first = new WholeAnswer(1_000);
  const current: { writer: AnswerWriter | undefined } = { writer: first };
  const { service } = serviceOf(current);
  const { open, write } = answerOperations;
  const bytes = () => new Uint8Array([120]).buffer;
  t.is(service.ask(write, [1, bytes()]), answerClosed, 'not opened');
  t.is(service.ask(open, [7]), 1);
  t.is(service.ask(open, [7]), 0, 'opened already');
  t.is(service.ask(write, [1, bytes()]), window);
  current.writer = undefined;
  t.is(service.ask(write, [1, bytes()]), answerClosed, 'frozen');
  t.is(service.ask(open, [7]), 0);
  const second = new WholeAnswer(1_000);
  current.writer = second;
  t.is(service.ask(write, [1, bytes()]), answerClosed, 'an earlier invocation’s');
  t.is(service.ask(open, [7]), 2);
  t.is(service.ask(write, [1, bytes()]), answerClosed);
  t.is(service.ask(write, [2, bytes()]), window);
  t.deepEqual([first.size, second.size], [1, 1]);
});

test('the service: what keeps to no rule changes nothing', (t) => {
  const { writer, sent } = streamed();
  const { service, emitted } = serviceOf({ writer });
  const { open, write } = answerOperations;
  t.is(service.ask(open, ['7']), 0);
  t.is(service.ask(open, [7]), 1);
  for (const bytes of [undefined, 'text', 5, new ArrayBuffer(chunkMax + 1)]) {
    t.is(service.ask(write, [1, bytes]), answerClosed);
  }
  t.is(service.ask(99, [1]), undefined);
  t.is(service.ask(write, [1, new ArrayBuffer(1), 'text/plain\r\nset-cookie: a']), window - 1);
  t.is(sent[0]?.contentType, undefined, 'no value of a header');
  while (writer.room > 0) service.ask(write, [1, new ArrayBuffer(Math.min(writer.room, chunkMax))]);
  t.is(service.ask(write, [1, new ArrayBuffer(1)]), answerClosed, 'there was no room');
  writer.credit(window);
  t.deepEqual(emitted, [[7, answerEvents.room, 1, writer.room]]);
});
