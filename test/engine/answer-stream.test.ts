/** What is handed out when, and what is given back for it: chunks of a made-up guest, and a clock of the test's. */
import test from 'ava';
import { AnswerStream } from '../../src/engine/answer-stream.ts';
import { limits } from '../../src/model/limits.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

const { responseStreamWindowBytes: window } = limits;

function opened(options: { readonly perSecond?: number; readonly burst?: number } = {}) {
  const clock = createFakeClock();
  const { perSecond, burst = 10 } = options;
  const answer = new AnswerStream({ clock, rate: perSecond === undefined ? undefined : { perSecond, burst } });
  const credits: number[] = [];
  answer.open((bytes) => credits.push(bytes));
  const send = (text: string, contentType?: string) => answer.chunk(Buffer.from(text), contentType);
  const reader = answer.readable.getReader();
  const read = async () => {
    const { value, done } = await reader.read();
    return done ? undefined : Buffer.from(value).toString();
  };
  return { answer, clock, credits, send, reader, read };
}

/** What has settled by now. */
async function settledNow<Value>(promise: Promise<Value>): Promise<Value | 'pending'> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  return Promise.race([promise, Promise.resolve<'pending'>('pending')]);
}

test('a chunk is handed out as it comes, and given back when it is taken', async (t) => {
  const { answer, credits, send, read } = opened();
  const first = read();
  t.is(await settledNow(first), 'pending');
  t.false(answer.isBegun);
  send('one', 'text/plain');
  t.is(await first, 'one');
  await answer.begun;
  t.is(answer.contentType, 'text/plain');
  t.deepEqual(credits, [3]);
  send('two');
  send('three');
  t.deepEqual(credits, [3], 'nobody has taken them');
  t.is(await read(), 'two');
  t.deepEqual(credits, [3], 'little is given back with what follows');
  t.is(await read(), 'three');
  t.deepEqual(credits, [3, 8]);
  t.is(answer.size, 11);
});

test('much is given back before all is taken', async (t) => {
  const { answer, credits, read } = opened();
  for (let sent = 0; sent < 4; sent += 1) answer.chunk(new Uint8Array(window / 4), undefined);
  await read();
  t.deepEqual(credits, [window / 4]);
});

test('the end comes behind the last chunk: closed with the rest, or failed', async (t) => {
  const whole = opened();
  whole.send('one');
  whole.answer.close(Buffer.from('rest'));
  t.deepEqual([await whole.read(), await whole.read(), await whole.read()], ['one', 'rest', undefined]);
  const failed = opened();
  failed.send('one');
  failed.answer.fail(new Error('midway'));
  failed.answer.close(Buffer.from('never'));
  t.is(await failed.read(), 'one');
  await t.throwsAsync(failed.read(), { message: 'midway' });
});

test('who goes away keeps nothing: all is given back at once, and what comes later too', async (t) => {
  const { answer, credits, send, reader } = opened();
  send('one');
  send('two');
  await reader.cancel();
  t.deepEqual(credits, [6]);
  send('three');
  t.deepEqual(credits, [6, 5]);
  t.is(answer.size, 11);
  answer.close(Buffer.from('rest'));
  const aborted = opened();
  const reading = aborted.read();
  aborted.answer.abort(new Error('enough'));
  await t.throwsAsync(reading, { message: 'enough' });
  aborted.send('late');
  t.deepEqual(aborted.credits, [4]);
});

test('a chunk without bytes says only that it has begun', async (t) => {
  const { answer, credits, send, read } = opened();
  send('', 'text/html');
  await answer.begun;
  answer.close(new Uint8Array());
  t.is(await read(), undefined);
  t.deepEqual(credits, []);
});

test('nothing is given back once the invocation has ended', async (t) => {
  const { answer, credits, send, read } = opened();
  send('one');
  answer.close(new Uint8Array());
  t.is(await read(), 'one');
  t.deepEqual(credits, []);
});

test('a rate lets the burst through and then makes the reader wait; who leaves waits for nothing', async (t) => {
  const { clock, send, read, reader } = opened({ perSecond: 2, burst: 4 });
  send('12345678');
  send('next');
  t.is(await read(), '12345678', 'the burst is gone, and four bytes more');
  const next = read();
  t.is(await settledNow(next), 'pending');
  clock.advance(2_000);
  t.is(await settledNow(next), 'pending');
  clock.advance(500);
  t.is(await next, 'next');
  send('last');
  const last = read();
  t.is(await settledNow(last), 'pending');
  await reader.cancel();
  t.is(await last, undefined);
  t.is(clock.timersArmed, 0);
});
