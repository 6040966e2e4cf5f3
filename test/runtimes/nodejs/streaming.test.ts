import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import { answerClosed } from '../../../src/bridge/answer.ts';
import { limits } from '../../../src/model/limits.ts';
import { FakeGuest } from '../../fixtures/fake-guest.ts';

type ResponseStream = Writable & { setContentType(type: string): void };
type StreamingHandler = (event: unknown, stream: ResponseStream, context: unknown) => unknown;
const models = ['callback', 'promise'] as const;

async function streaming(
  handler: StreamingHandler,
  programmingModel: (typeof models)[number] = 'promise',
  options?: { highWaterMark?: number },
): Promise<FakeGuest> {
  const guest = new FakeGuest({ programmingModel });
  return guest.initWith(guest.awslambda?.streamifyResponse(handler, options));
}

test('A6.1 the global is there unless the environment says no', (t) => {
  t.is(typeof new FakeGuest().awslambda?.streamifyResponse, 'function');
  for (const value of ['1', 'true']) {
    t.is(new FakeGuest({ environment: { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: value } }).awslambda, undefined);
  }
  t.not(new FakeGuest({ environment: { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: '0' } }).awslambda, undefined);
});

test('A6.2 the marks on a handler', async (t) => {
  const handler = async (): Promise<void> => {};
  new FakeGuest().awslambda?.streamifyResponse(handler, { highWaterMark: 5 });
  t.is(Reflect.get(handler, Symbol.for('aws.lambda.runtime.handler.streaming')), 'response');
  t.is(Reflect.get(handler, Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')), 5);

  for (const programmingModel of models) {
    const other = Object.assign(async () => {}, { [Symbol.for('aws.lambda.runtime.handler.streaming')]: 'request' });
    const settled = await new FakeGuest({ programmingModel }).init((exports) => {
      exports.handler = other;
    });
    t.like(settled, { kind: 'initError', errorType: 'Runtime.MalformedStreamingHandler' });
    t.is(JSON.parse(settled?.text ?? '').errorMessage, 'Only response streaming is supported.');
  }
});

test('A6.9 what was written is the payload of a plain invoke', async (t) => {
  for (const programmingModel of models) {
    const guest = await streaming(async (event, stream, context) => {
      stream.write(`${typeof context} `);
      stream.write(Buffer.from('grüße '));
      stream.end(JSON.stringify(event));
    }, programmingModel);
    t.like(await guest.answer({ a: 1 }), { kind: 'answer', text: 'object grüße {"a":1}' });
    t.like(await guest.answer({ a: 2 }), { kind: 'answer', text: 'object grüße {"a":2}' });
    t.deepEqual(guest.records(), []);
  }
});

test('A6.9 a pipeline ends the stream', async (t) => {
  const guest = await streaming(
    async (_event, stream) => {
      await pipeline(Readable.from(['a', 'b', 'c']), stream);
    },
    'promise',
    { highWaterMark: 1 },
  );
  t.like(await guest.answer(), { text: 'abc' });
});

test('streams are loaded at the first streaming call only', async (t) => {
  const plain = await new FakeGuest().initWith(() => 1);
  await plain.answer();
  t.deepEqual(plain.loaded, []);
});

test('A6.3 a handler that returns no promise is refused', async (t) => {
  const expected = { callback: 'string', promise: 'Error' };
  for (const programmingModel of models) {
    const guest = await streaming((_event, stream) => stream.end('x'), programmingModel);
    const settled = await guest.answer();
    t.is(settled?.kind, 'error');
    t.like(JSON.parse(settled?.text ?? ''), {
      errorType: expected[programmingModel],
      errorMessage: 'Streaming does not support non-async handlers.',
    });
  }
});

test('A6.4 a resolved value is discarded with a warning', async (t) => {
  for (const programmingModel of models) {
    const guest = await streaming(async (_event, stream) => {
      stream.end('body');
      return 'value';
    }, programmingModel);
    t.like(await guest.answer(), { text: 'body' });
    t.deepEqual(guest.records(), ['request-1\tWARN\tStreaming handlers ignore return values.']);
  }
});

test('A6.5 a stream that was not ended is an error', async (t) => {
  for (const programmingModel of models) {
    const guest = await streaming(async (_event, stream) => {
      stream.write('begun');
    }, programmingModel);
    const settled = await guest.answer();
    t.is(settled?.kind, 'error');
    t.is(JSON.parse(settled?.text ?? '').errorMessage, 'Response stream is not finished.');
    t.regex(guest.records()[0] ?? '', /\tERROR\tInvoke Error \t/);
  }
});

test('a rejection, a throw and a broken stream are errors', async (t) => {
  for (const programmingModel of models) {
    const rejects = await streaming(async () => {
      throw new RangeError('rejected');
    }, programmingModel);
    t.like(await rejects.answer(), { kind: 'error', errorType: 'RangeError' });
    const throws = await streaming(() => {
      throw new RangeError('thrown');
    }, programmingModel);
    t.like(await throws.answer(), { kind: 'error', errorType: 'RangeError' });
    const breaks = await streaming(async (_event, stream) => {
      stream.write('a');
      stream.end();
      stream.destroy(new RangeError('broken'));
    }, programmingModel);
    t.like(await breaks.answer(), { kind: 'error', errorType: 'RangeError' });
  }
});

test('a stream that finished before the handler did', async (t) => {
  const guest = await streaming(async (_event, stream) => {
    await new Promise<void>((resolve) => stream.end('early', resolve));
  });
  t.like(await guest.answer(), { text: 'early' });
});

test('A6.7 chunks that are no text or bytes are sent as JSON', async (t) => {
  const guest = await streaming(async (_event, stream) => {
    stream.write({ a: 1 });
    stream.write(new Uint8Array([33]));
    stream.end([2]);
  });
  t.like(await guest.answer(), { text: '{"a":1}![2]' });
});

test('A6.7 the content type cannot be set after the first write', async (t) => {
  const guest = await streaming(async (_event, stream) => {
    stream.setContentType('text/html');
    stream.write('x');
    stream.setContentType('text/plain');
  });
  const settled = await guest.answer();
  t.like(settled, { kind: 'error', errorType: 'Runtime.InvalidStreamingOperation' });
  t.is(JSON.parse(settled?.text ?? '').errorMessage, 'Cannot set content-type, too late.');
});

test('A6.8 a prelude goes out before the first byte, with eight NULs behind it', async (t) => {
  const guest = await streaming(async (_event, stream) => {
    const http = guest.awslambda?.HttpResponseStream.from(stream, {
      statusCode: 201,
      headers: { a: 'b' },
      cookies: ['c'],
    });
    t.is(http, stream);
    http?.write('body');
    http?.write(' more');
    http?.end();
  });
  t.like(await guest.answer(), {
    text: `{"statusCode":201,"headers":{"a":"b"},"cookies":["c"]}${'\0'.repeat(8)}body more`,
  });
});

test('a streaming handler that never settles fails in Node 22 and ends the runtime in Node 24', async (t) => {
  const callback = await streaming(() => new Promise(() => {}), 'callback');
  callback.invoke();
  callback.loopEmpty();
  t.like(await callback.outcome(), { kind: 'error', errorType: 'Runtime.NodeJsExit' });
  const promise = await streaming(() => new Promise(() => {}));
  promise.invoke();
  promise.loopEmpty();
  t.is(promise.exitCode, 0);
});

test('bytes leave while the handler runs: the first at once and with the type, those of one tick together', async (t) => {
  const isRead = Promise.withResolvers<void>();
  const guest = await streaming(async (_event, stream) => {
    stream.setContentType('text/plain');
    stream.write('first');
    stream.write('second ');
    stream.write(Buffer.from([195, 188]));
    await isRead.promise;
    stream.end('last');
  });
  const answered = guest.answer();
  t.deepEqual(guest.answers.writes, [{ text: 'first', contentType: 'text/plain' }]);
  while (guest.answers.writes.length < 2) await new Promise(setImmediate);
  t.deepEqual(guest.answers.writes[1], { text: 'second ü', contentType: undefined });
  isRead.resolve();
  t.like(await answered, { kind: 'answer', text: 'firstsecond ülast' });
});

test('a full buffer says false, and drain comes when it has left', async (t) => {
  const results: boolean[] = [];
  const guest = await streaming(
    async (_event, stream) => {
      results.push(stream.write('012'), stream.write('3456789'));
      await new Promise((resolve) => stream.once('drain', resolve));
      results.push(stream.write('a'));
      stream.end();
    },
    'promise',
    { highWaterMark: 5 },
  );
  t.like(await guest.answer(), { kind: 'answer', text: '0123456789a' });
  t.deepEqual(results, [true, false, true]);
});

test('a long write leaves in pieces, as there is room', async (t) => {
  const { responseStreamChunkBytesMax: chunkMax, responseStreamWindowBytes: window } = limits;
  const guest = await streaming(async (_event, stream) => {
    await new Promise((resolve) => stream.write('x'.repeat(2 * window), resolve));
    stream.end();
  });
  guest.answers.room = window;
  const answered = guest.answer();
  const sizes = () => guest.answers.writes.map(({ text }) => text.length);
  t.deepEqual(sizes(), new Array(window / chunkMax).fill(chunkMax));
  t.is(guest.holds, 1);
  guest.answers.makeRoom(10);
  t.is(sizes().at(-1), 10);
  t.is(guest.holds, 1);
  guest.answers.makeRoom(2 * window);
  t.is((await answered)?.text.length, 2 * window);
  t.is(guest.holds, 0);
});

test('when nobody takes it any more, a writer waits for ever and keeps nothing alive', async (t) => {
  let written = 0;
  const guest = await streaming(async (_event, stream) => {
    stream.write('x'.repeat(limits.responseStreamWindowBytes + 1), () => {
      written += 1;
    });
    throw new RangeError('left');
  });
  guest.answers.room = limits.responseStreamWindowBytes;
  t.like(await guest.answer(), { kind: 'error', errorType: 'RangeError' });
  t.is(guest.holds, 1);
  guest.answers.makeRoom(answerClosed);
  t.is(guest.holds, 0);
  await new Promise(setImmediate);
  t.is(written, 0);
});

test('the next invocation ends what an earlier one waits for', async (t) => {
  const guest = await streaming(async (event, stream) => {
    if (event === 'leave') {
      stream.write('x'.repeat(limits.responseStreamWindowBytes + 1));
      throw new RangeError('left');
    }
    stream.end('next');
  });
  guest.answers.room = limits.responseStreamWindowBytes;
  t.like(await guest.answer('"leave"'), { kind: 'error' });
  guest.answers.room = limits.responseStreamWindowBytes;
  t.like(await guest.answer('"stay"'), { kind: 'answer', text: 'next' });
  t.is(guest.holds, 0);
});
